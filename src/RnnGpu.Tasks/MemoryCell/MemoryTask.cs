using System.Text.Json.Nodes;
using RnnGpu.Core;
using RnnGpu.Nn;
using RnnGpu.Nn.Checkpoints;
using RnnGpu.Nn.Data;
using RnnGpu.Tasks.Frame;

namespace RnnGpu.Tasks.MemoryCell;

/// <summary>
/// The table with which lectures explain an LSTM's three gates, for a network to find out by itself: one input to store, one that says
/// whether to store or to forget, one that says whether to answer.
/// </summary>
public sealed class MemoryTask : LearningTask
{
    /// <summary>Units.</summary>
    public static readonly Setting<int> Hidden = Setting.Int("hidden", 64, 1, 4096, "Units of the LSTM");

    /// <summary>Sequences of the demo.</summary>
    public static readonly Setting<int> Sequences = Setting.Int("sequences", 4000, 10, 10_000_000, "Sequences that --demo makes");

    /// <summary>Steps of each.</summary>
    public static readonly Setting<int> Steps = Setting.Int("sequence-steps", 12, 1, 10_000, "Steps of each of them");

    /// <inheritdoc/>
    public override string Name => "memory-cell";

    /// <inheritdoc/>
    public override string Summary => "Learn a memory with gates: store, forget, put out";

    /// <inheritdoc/>
    public override string DataFormat => "x1 x2 x3 y, a step a line, a blank line between sequences";

    /// <inheritdoc/>
    public override IReadOnlyList<Setting> OwnSettings => [Hidden, Sequences, Steps];

    /// <inheritdoc/>
    public override IReadOnlyList<SettingValue> Defaults =>
        [TrainingSettings.Epochs.Is(200), TrainingSettings.Batch.Is(64), TrainingSettings.LearningRate.Is(0.005)];

    /// <inheritdoc/>
    public override TaskData Read(IReadOnlyList<TextSource> sources, Settings settings)
    {
        MemorySequence[] sequences = [.. sources.SelectMany(source => MemoryReader.Read(TextLines.Read(source), outputs: true))];
        return sequences.Length > 0 ? new MemoryData(sequences) : throw new DataException($"{sources[0].Name}: there are no sequences");
    }

    /// <inheritdoc/>
    public override DataSplit Demo(Settings settings)
    {
        var random = new PhiloxStream(new RandomKey((ulong)settings.Get(TrainingSettings.Seed), 0, 0x4D45_4D4F));
        var sequences = new MemorySequence[settings.Get(Sequences)];
        for (int i = 0; i < sequences.Length; i++) { sequences[i] = MemorySequence.Random(random, settings.Get(Steps)); }
        return Split(new MemoryData(sequences), settings.Get(TrainingSettings.Validation));
    }

    /// <summary>The largest output, which scales the network's.</summary>
    /// <inheritdoc/>
    public override JsonObject Describe(TaskData training, Settings settings) => new()
    {
        ["scale"] = CheckpointSection.Number(Math.Max(1.0, ((MemoryData)training).Sequences.Max(static sequence => sequence.Outputs.Max(static y => Math.Abs(y))))),
    };

    /// <inheritdoc/>
    public override TaskModel Create(Device device, Settings settings, CheckpointSection description) =>
        description.Double("scale") is >= 1 and double scale && double.IsFinite(scale)
            ? new MemoryModel(device, settings.Get(Hidden), (float)scale)
            : throw description.Bad("scale", "a number of 1 or more");
}
