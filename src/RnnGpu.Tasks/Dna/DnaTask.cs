using System.Text.Json.Nodes;
using RnnGpu.Core;
using RnnGpu.Nn;
using RnnGpu.Nn.Checkpoints;
using RnnGpu.Nn.Data;
using RnnGpu.Tasks.Classification;
using RnnGpu.Tasks.Frame;

namespace RnnGpu.Tasks.Dna;

/// <summary>
/// <c>dna</c>: what a sequence of nucleotides is: a gene's family, a splice junction. Reads it as overlapping words of k letters. Validation and folds never
/// part sequences that are nearly equal (<see cref="Families"/>).
/// </summary>
public sealed class DnaTask : LearningTask
{
    /// <summary>Letters of a word.</summary>
    public static readonly Setting<int> K = Setting.Int("k", 3, 1, 8, "Letters of a word; words overlap by all but one");

    /// <summary>Longest sequence.</summary>
    public static readonly Setting<int> MaxLetters = Setting.Int("max-letters", 1000, 1, 1_000_000, "Letters of a sequence that are read, from its start");

    /// <summary>E.</summary>
    public static readonly Setting<int> Embedding = Setting.Int("embedding", 32, 1, 1 << 14, "Size of a word's vector");

    /// <summary>Whether a place in the sequence has a vector of its own.</summary>
    public static readonly Setting<bool> Places = Setting.Flag("places", false, "Whether each place has a vector of its own: for sequences of one length, cut around a site");

    /// <inheritdoc/>
    public override string Name => "dna";

    /// <inheritdoc/>
    public override string Summary => "Tell the class of a sequence of nucleotides";

    /// <inheritdoc/>
    public override string DataFormat => "columns between TABs with a header, sequence and class among them";

    /// <inheritdoc/>
    public override IReadOnlyList<Setting> OwnSettings { get; } = [K, MaxLetters, Embedding, Places, .. EncoderSettings.All];

    /// <inheritdoc/>
    public override IReadOnlyList<SettingValue> Defaults { get; } =
        [TrainingSettings.Epochs.Is(10), TrainingSettings.LearningRate.Is(2e-3), EncoderSettings.Dropout.Is(0.4)];

    /// <inheritdoc/>
    public override IReadOnlyList<TaskPreset> Presets { get; } =
    [
        new("genes", "whole genes, words of three letters", []),
        new("site", "short pieces cut around a site, such as splice junctions: single letters, each place by itself", [Places.Is(true), K.Is(1), TrainingSettings.Epochs.Is(15)]),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<SettingValue> DemoSettings { get; } =
        [EncoderSettings.Hidden.Is(24), EncoderSettings.Dropout.Is(0.1), Embedding.Is(16), TrainingSettings.LearningRate.Is(0.01)];

    /// <inheritdoc/>
    public override TaskData Read(IReadOnlyList<TextSource> sources, Settings settings)
    {
        var samples = new List<ClassSample<string>>();
        foreach (TextSource source in sources)
        {
            int before = samples.Count;
            samples.AddRange(SequenceTable.Read(TextLines.Read(source)));
            if (samples.Count == before) { throw new DataException($"{source.Name}: there are no sequences"); }
        }

        return Data(samples);
    }

    /// <summary>Random letters with the box TATAAT of a promoter somewhere, with the stop TGATGA, or with neither.</summary>
    public override DataSplit Demo(Settings settings)
    {
        var random = new PhiloxStream(new RandomKey((ulong)settings.Get(TrainingSettings.Seed), 0, 0x444E_4131));
        (string Name, string Motif)[] classes = [("none", ""), ("promoter", "TATAAT"), ("stop", "TGATGA")];
        var samples = new List<ClassSample<string>>();
        for (int i = 0; i < 600; i++)
        {
            (string name, string motif) = classes[i % 3];
            char[] letters = [.. Enumerable.Range(0, 30 + random.NextInt(20)).Select(_ => "ACGT"[random.NextInt(4)])];
            motif.CopyTo(letters.AsSpan(random.NextInt(letters.Length - 6)));
            samples.Add(new ClassSample<string>(name, new string(letters)));
        }

        return Split(Data(samples), 0.2);
    }

    /// <summary>Keeps whole families for validation, in an order that hangs on nothing but the data.</summary>
    public override DataSplit Split(TaskData data, double validation)
    {
        int parts = Math.Max(2, (int)Math.Round(1 / validation));
        int[] held = Folds(data, parts, seed: 0)[0];
        return new DataSplit(data.Subset(Frame.Folds.Others(data.Count, held)), data.Subset(held));
    }

    /// <summary>Deals whole families, the largest first, each to the fold that has the fewest sequences; equal ones in an order from the seed.</summary>
    public override IReadOnlyList<int[]> Folds(TaskData data, int folds, ulong seed)
    {
        IReadOnlyList<ClassSample<string>> samples = ((ClassData<string>)data).Samples;
        int[] family = Families.Of([.. samples.Select(sample => sample.Input)]);
        int count = family.Max() + 1;
        if (count < folds) { throw new DataException($"{samples.Count} sequences in {count} families of nearly equal ones are too few for {folds} parts"); }
        int[] shuffled = [.. Frame.Folds.Shuffled(count, folds, seed).SelectMany(fold => fold)];
        List<int>[] members = [.. Enumerable.Range(0, count).Select(_ => new List<int>())];
        for (int i = 0; i < family.Length; i++) { members[family[i]].Add(i); }
        List<int>[] dealt = [.. Enumerable.Range(0, folds).Select(_ => new List<int>())];
        foreach (int next in shuffled.OrderByDescending(i => members[i].Count)) { dealt.MinBy(fold => fold.Count)!.AddRange(members[next]); }
        return [.. dealt.Select(fold => fold.Order().ToArray())];
    }

    /// <inheritdoc/>
    public override JsonObject Describe(TaskData training, Settings settings) =>
        new() { ["classes"] = LabelSet.Of(((ClassData<string>)training).Samples.Select(sample => sample.Label)).ToJson() };

    /// <inheritdoc/>
    public override TaskModel Create(Device device, Settings settings, CheckpointSection description) =>
        new DnaModel(device, settings, LabelSet.Read(description, "classes"));

    private static ClassData<string> Data(IReadOnlyList<ClassSample<string>> samples) => new(samples, "sequences", "letters", static letters => letters.Length);
}
