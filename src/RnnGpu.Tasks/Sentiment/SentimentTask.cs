using System.Text.Json.Nodes;
using RnnGpu.Core;
using RnnGpu.Nn;
using RnnGpu.Nn.Checkpoints;
using RnnGpu.Nn.Data;
using RnnGpu.Tasks.Classification;
using RnnGpu.Tasks.Frame;

namespace RnnGpu.Tasks.Sentiment;

/// <summary>
/// <c>sentiment</c>: whether a review praises or pans, or any other class of a text. Reads lines of a class, a TAB and the text. The last part is kept for
/// validation as a block: neighbours are often reviews of the same film.
/// </summary>
public sealed class SentimentTask : LearningTask
{
    /// <summary>V.</summary>
    public static readonly Setting<int> Vocabulary = Setting.Int("vocabulary", 20_000, 3, 10_000_000, "Words that the model knows: the most frequent ones");

    /// <summary>Longest text.</summary>
    public static readonly Setting<int> MaxWords = Setting.Int("max-words", 400, 1, 1_000_000, "Words of a text that are read: its last ones, where the verdict stands");

    /// <summary>E.</summary>
    public static readonly Setting<int> Embedding = Setting.Int("embedding", 64, 1, 1 << 14, "Size of a word's vector");

    /// <summary>Part of the words that a training step does without.</summary>
    public static readonly Setting<double> WordDropout = Setting.Real("word-dropout", 0.3, 0, 0.95, "Part of the vocabulary that a training step does without");

    /// <inheritdoc/>
    public override string Name => "sentiment";

    /// <inheritdoc/>
    public override string Summary => "Tell the class of a text: praise or blame";

    /// <inheritdoc/>
    public override string DataFormat => "class TAB text, a line a text";

    /// <inheritdoc/>
    public override IReadOnlyList<Setting> OwnSettings { get; } = [Vocabulary, MaxWords, Embedding, WordDropout, .. EncoderSettings.All];

    /// <inheritdoc/>
    public override IReadOnlyList<SettingValue> Defaults { get; } =
        [TrainingSettings.Epochs.Is(4), TrainingSettings.LearningRate.Is(2e-3), TrainingSettings.Warmup.Is(50), EncoderSettings.Dropout.Is(0.5)];

    /// <inheritdoc/>
    public override IReadOnlyList<TaskPreset> Presets { get; } =
    [
        new("best", "bidirectional GRU, largest values and means over the text", []),
        new("attention", "bidirectional GRU, a learned average over the words, to be looked at", [EncoderSettings.Pool.Is("attention")]),
        new("simple-rnn", "simple recurrent layer of 32 units, final state", Plain("rnn", 10_000, 100, TrainingSettings.LearningRate.Is(1e-3))),
        new("lstm", "LSTM of 32 units, final state", Plain("lstm", 10_000, 200)),
        new("gru", "GRU of 32 units, final state", Plain("gru", 10_000, 200)),
        new("lstm-gru", "LSTM of 32 units under a GRU of 32, final state", Plain("lstm-gru", 20_000, 400, TrainingSettings.Epochs.Is(4))),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<SettingValue> DemoSettings { get; } =
    [
        Embedding.Is(16), WordDropout.Is(0), EncoderSettings.Hidden.Is(16), EncoderSettings.Dropout.Is(0.1), TrainingSettings.Epochs.Is(12),
        TrainingSettings.LearningRate.Is(0.02), TrainingSettings.Warmup.Is(0),
    ];

    /// <inheritdoc/>
    public override TaskData Read(IReadOnlyList<TextSource> sources, Settings settings)
    {
        var pool = new Dictionary<string, string>(StringComparer.Ordinal);
        var samples = new List<ClassSample<string[]>>();
        foreach (TextLine line in TextLines.Read(sources))
        {
            int tab = line.Text.IndexOf('\t');
            if (tab < 0) { throw line.Error($"no TAB between class and text ({DataFormat})"); }
            if (tab == 0) { throw line.Error(1, $"the class is missing ({DataFormat})"); }
            samples.Add(new ClassSample<string[]>(line.Text[..tab], Words.Of(line.Text[(tab + 1)..], pool)));
        }

        return samples.Count > 0 ? Data(samples) : throw new DataException($"{sources[0].Name}: there are no texts");
    }

    /// <summary>Short verdicts with one word that counts; <c>not</c> before it turns it round.</summary>
    public override DataSplit Demo(Settings settings)
    {
        string[] good = ["good", "great", "fine", "lovely"], bad = ["bad", "awful", "poor", "dull"], rest = ["the", "film", "was", "and", "a", "plot", "with", "actors", "very"];
        var random = new PhiloxStream(new RandomKey((ulong)settings.Get(TrainingSettings.Seed), 0, 0x5345_4E54));
        var samples = new List<ClassSample<string[]>>();
        for (int i = 0; i < 600; i++)
        {
            bool praise = random.NextInt(2) == 1, turned = random.NextInt(3) == 0;
            string[] words = [.. Enumerable.Range(0, 2 + random.NextInt(10)).Select(_ => rest[random.NextInt(rest.Length)])];
            int at = random.NextInt(words.Length + 1);
            string verdict = (praise != turned ? good : bad)[random.NextInt(4)];
            string[] said = turned ? ["not", verdict] : [verdict];
            samples.Add(new ClassSample<string[]>(praise ? "1" : "0", [.. words[..at], .. said, .. words[at..]]));
        }

        return Split(Data(samples), 0.2);
    }

    /// <inheritdoc/>
    public override JsonObject Describe(TaskData training, Settings settings)
    {
        IReadOnlyList<ClassSample<string[]>> samples = ((ClassData<string[]>)training).Samples;
        return new JsonObject
        {
            ["classes"] = LabelSet.Of(samples.Select(sample => sample.Label)).ToJson(),
            ["words"] = WordVocabulary.Of(samples.SelectMany(sample => sample.Input), maxSize: settings.Get(Vocabulary)).ToJson(),
        };
    }

    /// <inheritdoc/>
    public override TaskModel Create(Device device, Settings settings, CheckpointSection description) =>
        new SentimentModel(device, settings, LabelSet.Read(description, "classes"), WordVocabulary.Read(description, "words"));

    private static ClassData<string[]> Data(IReadOnlyList<ClassSample<string[]>> samples) => new(samples, "texts", "words", static words => words.Length);

    /// <summary>The settings of a course's models: 32 units, 32 numbers a word, the final state.</summary>
    private static SettingValue[] Plain(string cell, int vocabulary, int words, params SettingValue[] more) =>
    [
        EncoderSettings.Cell.Is(cell), EncoderSettings.Hidden.Is(32), EncoderSettings.Bidirectional.Is(false), EncoderSettings.Pool.Is("last"),
        EncoderSettings.Dropout.Is(0.3), Vocabulary.Is(vocabulary), MaxWords.Is(words), Embedding.Is(32), WordDropout.Is(0.2),
        TrainingSettings.Epochs.Is(3), TrainingSettings.LearningRate.Is(3e-3), .. more,
    ];
}
