using System.Text.Json.Nodes;
using RnnGpu.Core;
using RnnGpu.Nn;
using RnnGpu.Nn.Checkpoints;
using RnnGpu.Nn.Data;
using RnnGpu.Tasks.Classification;
using RnnGpu.Tasks.Frame;

namespace RnnGpu.Tasks.Intrusion;

/// <summary>
/// <c>intrusion</c>: whether a flow of network traffic is an attack, and of which kind. Attacks are rare, so classes weigh in the loss by how rare they are,
/// and the best checkpoint is that of the highest macro-F1. Reads NSL-KDD and CSV files of flows (CICIDS2017). A part of every class is kept for validation.
/// </summary>
public sealed class IntrusionTask : LearningTask
{
    /// <summary>Form of the files.</summary>
    public static readonly Setting<string> Format = Setting.Word("format", "csv", ["csv", "nsl-kdd"], "Form of the files: CSV with a header, or NSL-KDD's 41 features without");

    /// <summary>CSV column of the class.</summary>
    public static readonly Setting<string> Label = Setting.Text("label", "", "CSV: column of the class; empty: the last");

    /// <summary>Families or attacks.</summary>
    public static readonly Setting<string> Classes = Setting.Word("classes", "families", ["families", "attacks"], "NSL-KDD: tell families of attacks, or each attack");

    /// <summary>Features a step.</summary>
    public static readonly Setting<int> Group = Setting.Int("group", 8, 1, 4096, "Features that are read in one step");

    /// <summary>Weights of classes.</summary>
    public static readonly Setting<string> ClassWeights = Setting.Word(
        "class-weights", "root", ["none", "root", "balanced"], "How rare classes weigh in the loss: as others, by the root of how rare they are, or so that all classes weigh the same");

    /// <summary>Gamma of the focal loss.</summary>
    public static readonly Setting<double> Focal = Setting.Real("focal", 0, 0, 10, "Gamma of the focal loss, which holds back what is right already; 0: cross-entropy");

    /// <inheritdoc/>
    public override string Name => "intrusion";

    /// <inheritdoc/>
    public override string Summary => "Tell attacks, rare ones too, in flows of network traffic";

    /// <inheritdoc/>
    public override string DataFormat => "CSV of flows with a class, or NSL-KDD with --format nsl-kdd";

    /// <inheritdoc/>
    public override IReadOnlyList<Setting> OwnSettings { get; } = [Format, Label, Classes, Group, ClassWeights, Focal, .. EncoderSettings.All];

    /// <inheritdoc/>
    public override IReadOnlyList<SettingValue> Defaults { get; } =
    [
        TrainingSettings.Epochs.Is(12), TrainingSettings.Batch.Is(64), TrainingSettings.LearningRate.Is(3e-3), TrainingSettings.Validation.Is(0.2),
        EncoderSettings.Pool.Is("max-mean"), EncoderSettings.Dropout.Is(0.2),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<SettingValue> DemoSettings { get; } =
        [EncoderSettings.Hidden.Is(16), EncoderSettings.Dropout.Is(0.1), TrainingSettings.Epochs.Is(12), TrainingSettings.LearningRate.Is(0.02), Group.Is(4)];

    /// <inheritdoc/>
    public override TaskData Read(IReadOnlyList<TextSource> sources, Settings settings)
    {
        var samples = new List<ClassSample<Flow>>();
        foreach (TextSource source in sources)
        {
            int before = samples.Count;
            samples.AddRange(ReadFile(source, settings, classWanted: true));
            if (samples.Count == before) { throw new DataException($"{source.Name}: there are no flows"); }
            if (samples[before].Input.Numbers.Length != samples[0].Input.Numbers.Length)
            {
                throw new DataException($"{source.Name}: flows of {samples[before].Input.Numbers.Length} numbers, but {sources[0].Name} has {samples[0].Input.Numbers.Length}");
            }
        }

        return Data(samples);
    }

    /// <summary>Flows of eight numbers: many harmless, some scans (many ports, few bytes), few floods (many bytes, one port).</summary>
    public override DataSplit Demo(Settings settings)
    {
        var random = new PhiloxStream(new RandomKey((ulong)settings.Get(TrainingSettings.Seed), 0, 0x494E_5452));
        var samples = new List<ClassSample<Flow>>();
        for (int i = 0; i < 800; i++)
        {
            string name = i % 40 == 0 ? "flood" : i % 10 == 1 ? "scan" : "harmless";
            double ports = name == "scan" ? 200 + random.NextInt(800) : 1 + random.NextInt(20);
            double bytes = name == "flood" ? 1e6 * (1 + random.NextFloat()) : 40 + random.NextInt(5000);
            samples.Add(new ClassSample<Flow>(name, new Flow(
                [ports, random.NextFloat(), bytes, random.NextInt(100), random.NextNormal(), bytes / ports, random.NextFloat(), random.NextInt(10)], [])));
        }

        return Data(samples).Stratified(0.2, seed: 0);
    }

    /// <inheritdoc/>
    public override DataSplit Split(TaskData data, double validation) => ((ClassData<Flow>)data).Stratified(validation, seed: 0);

    /// <inheritdoc/>
    public override IReadOnlyList<int[]> Folds(TaskData data, int folds, ulong seed) => Frame.Folds.Stratified(((ClassData<Flow>)data).ClassIds(), folds, seed);

    /// <inheritdoc/>
    public override JsonObject Describe(TaskData training, Settings settings)
    {
        IReadOnlyList<ClassSample<Flow>> samples = ((ClassData<Flow>)training).Samples;
        return new JsonObject
        {
            ["classes"] = LabelSet.Of(samples.Select(sample => sample.Label)).ToJson(),
            ["coding"] = FlowCoding.Of([.. samples.Select(sample => sample.Input)]).ToJson(),
        };
    }

    /// <inheritdoc/>
    public override TaskModel Create(Device device, Settings settings, CheckpointSection description) =>
        new IntrusionModel(device, settings, LabelSet.Read(description, "classes"), FlowCoding.Read(description.Section("coding")));

    /// <summary>The flows of a file.</summary>
    internal static IEnumerable<ClassSample<Flow>> ReadFile(TextSource source, Settings settings, bool classWanted) => settings.Get(Format) == "csv"
        ? FlowTable.Read(TextLines.Read(source), settings.Get(Label), classWanted)
        : NslKdd.Read(TextLines.Read(source), settings.Get(Classes) == "families", classWanted);

    private static ClassData<Flow> Data(IReadOnlyList<ClassSample<Flow>> samples) => new(samples, "flows", "numbers", static flow => flow.Numbers.Length);
}
