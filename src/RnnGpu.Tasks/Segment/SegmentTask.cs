using System.Text.Json.Nodes;
using RnnGpu.Core;
using RnnGpu.Nn;
using RnnGpu.Nn.Checkpoints;
using RnnGpu.Nn.Data;
using RnnGpu.Tasks.Frame;

namespace RnnGpu.Tasks.Segment;

/// <summary>Where words end in a text that does not show it: Chinese, for one.</summary>
public sealed class SegmentTask : LearningTask
{
    /// <summary>Size of vectors.</summary>
    public static readonly Setting<int> Embedding = Setting.Int("embedding", 128, 1, 4096, "Size of a character's and of a pair's vector");

    /// <summary>Units of each direction.</summary>
    public static readonly Setting<int> Hidden = Setting.Int("hidden", 200, 1, 4096, "Units of each direction of the LSTM");

    /// <summary>Layers.</summary>
    public static readonly Setting<int> Layers = Setting.Int("layers", 1, 1, 16, "Layers of the LSTM");

    /// <summary>Dropout.</summary>
    public static readonly Setting<double> Dropout = Setting.Real("dropout", 0.6, 0, 0.95, "Part of vectors and states that is dropped in training");

    /// <summary>Dropout of characters and pairs.</summary>
    public static readonly Setting<double> WordDropout = Setting.Real("word-dropout", 4, 0, 100, "A character or pair of count n becomes unknown in training with probability X / (X + n)");

    /// <summary>Rarest pair with a vector of its own.</summary>
    public static readonly Setting<int> MinPairs = Setting.Int("min-pairs", 1, 1, 1_000_000, "Pairs of characters that come less often in training have no vector of their own");

    private const uint DemoSite = 0x5345_4731;

    /// <inheritdoc/>
    public override string Name => "segment";

    /// <inheritdoc/>
    public override string Summary => "Cut text without spaces into words";

    /// <inheritdoc/>
    public override string DataFormat => SegmentedText.Form;

    /// <inheritdoc/>
    public override IReadOnlyList<Setting> OwnSettings => [Embedding, Hidden, Layers, Dropout, WordDropout, MinPairs];

    /// <inheritdoc/>
    public override IReadOnlyList<SettingValue> Defaults =>
        [TrainingSettings.Epochs.Is(8), TrainingSettings.Batch.Is(32), TrainingSettings.LearningRate.Is(2e-3), TrainingSettings.Clip.Is(5)];

    /// <inheritdoc/>
    public override IReadOnlyList<SettingValue> DemoSettings =>
    [
        TrainingSettings.Epochs.Is(6), TrainingSettings.Batch.Is(16), TrainingSettings.LearningRate.Is(1e-2), Embedding.Is(12), Hidden.Is(16),
        Dropout.Is(0.1), WordDropout.Is(0.25),
    ];

    /// <inheritdoc/>
    public override TaskData Read(IReadOnlyList<TextSource> sources, Settings settings) => SegmentedText.Read(sources);

    /// <summary>
    /// Words of one to three characters from a small lexicon, put together at random; characters that begin words do not stand inside them.
    /// Some characters lie beyond the first plane.
    /// </summary>
    /// <inheritdoc/>
    public override DataSplit Demo(Settings settings)
    {
        string[] first = ["天", "地", "人", "𠮷", "日"], rest = ["上", "下", "中", "𡈽"];
        string[] lexicon = [.. first, .. first.SelectMany(a => rest.Select(b => a + b)), .. first.SelectMany(a => rest.Select(b => a + b + rest[0]))];
        var random = new PhiloxStream(new RandomKey((ulong)settings.Get(TrainingSettings.Seed), 0, DemoSite));
        var sentences = new string[300][];
        for (int i = 0; i < sentences.Length; i++)
        {
            sentences[i] = new string[2 + random.NextInt(6)];
            for (int j = 0; j < sentences[i].Length; j++) { sentences[i][j] = lexicon[random.NextInt(lexicon.Length)]; }
        }

        return Split(new SegmentedText(sentences), 0.2);
    }

    /// <inheritdoc/>
    public override JsonObject Describe(TaskData training, Settings settings)
    {
        string[][] sentences = [.. ((SegmentedText)training).Sentences.Select(words => words.SelectMany(SegmentedText.Characters).ToArray())];
        return new JsonObject
        {
            ["characters"] = WordVocabulary.Of(sentences.SelectMany(static characters => characters).Select(SegmentedText.Normalised)).ToJson(),
            ["pairs"] = WordVocabulary.Of(sentences.SelectMany(Pairs), settings.Get(MinPairs)).ToJson(),
        };
    }

    /// <inheritdoc/>
    public override TaskModel Create(Device device, Settings settings, CheckpointSection description) =>
        new SegmentModel(device, WordVocabulary.Read(description, "characters"), WordVocabulary.Read(description, "pairs"), settings);

    /// <summary>The pairs of neighbours, one more than characters: the first and the last one with the sentence's edge, written as a space.</summary>
    internal static string[] Pairs(string[] characters)
    {
        var pairs = new string[characters.Length + 1];
        for (int i = 0; i < pairs.Length; i++)
        {
            string before = i == 0 ? " " : SegmentedText.Normalised(characters[i - 1]);
            string after = i == characters.Length ? " " : SegmentedText.Normalised(characters[i]);
            pairs[i] = before + after;
        }

        return pairs;
    }
}
