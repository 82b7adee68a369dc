using System.Text.Json.Nodes;
using RnnGpu.Core;
using RnnGpu.Nn;
using RnnGpu.Nn.Checkpoints;
using RnnGpu.Nn.Data;
using RnnGpu.Tasks.Frame;
using RnnGpu.Tasks.Language;

namespace RnnGpu.Tasks.WordLm;

/// <summary>Learns which word comes next, sentence after sentence, as in the language model of the Penn Treebank.</summary>
public sealed class WordLmTask : LearningTask
{
    /// <summary>Ends every line.</summary>
    public const string EndOfLine = "<eos>";

    /// <summary>Stands for rare words in texts that are prepared so; it is the vocabulary's own unknown word.</summary>
    public const string Unknown = "<unk>";

    /// <summary>T: words of a training window.</summary>
    public static readonly Setting<int> SeqLength = Setting.Int("seq-length", 35, 1, 1 << 20, "Words of a training window (truncated BPTT)");

    /// <summary>Words that come less often are unknown.</summary>
    public static readonly Setting<int> MinCount = Setting.Int("min-count", 1, 1, int.MaxValue, "Words that come less often are <unk>");

    /// <summary>Whether the text stays in its file.</summary>
    public static readonly Setting<bool> Stream = Setting.Flag("stream", false, "Read the text from its file in every epoch instead of holding it: for files larger than memory");

    /// <summary>How bold sampling is.</summary>
    public static readonly Setting<double> Temperature = Setting.Real("temperature", 0.8, 0, 100, "0 takes the likeliest word, 1 samples the model's own distribution");

    /// <summary>Most words of a continuation.</summary>
    public static readonly Setting<int> Words = Setting.Int("words", 30, 0, 100_000, "Most words to continue a line with");

    /// <inheritdoc/>
    public override string Name => "wordlm";

    /// <inheritdoc/>
    public override string Summary => "Predict the next word of a text; perplexity";

    /// <inheritdoc/>
    public override string DataFormat => "text, a sentence a line, words between spaces; <eos> is added to each line";

    /// <inheritdoc/>
    public override IReadOnlyList<Setting> OwnSettings => [.. LanguageConfig.Settings, SeqLength, MinCount, Stream, TrainingSettings.Averaging];

    /// <inheritdoc/>
    public override IReadOnlyList<Setting> PredictSettings => [Temperature, Words, TrainingSettings.Seed];

    /// <inheritdoc/>
    public override IReadOnlyList<SettingValue> Defaults =>
    [
        TrainingSettings.Optimizer.Is("adamw"), TrainingSettings.Batch.Is(20), TrainingSettings.Warmup.Is(1000), TrainingSettings.Clip.Is(1),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<TaskPreset> Presets =>
    [
        new("medium", "2 layers of 384 units, for a million words", [
            .. new LanguageConfig(384, 2, 0.05f, 0.3f, 0.2f, 0.4f).Values(),
            TrainingSettings.LearningRate.Is(2e-3), TrainingSettings.WeightDecay.Is(0.02), TrainingSettings.Epochs.Is(24)]),
        new("small", "2 layers of 200 units without dropout, quick", [
            .. new LanguageConfig(200).Values(), TrainingSettings.LearningRate.Is(2e-3), TrainingSettings.Epochs.Is(4)]),
        new("awd", "2 layers of 400 units, weight drop, averaged gradient descent", [
            .. new LanguageConfig(400, 2, 0.1f, 0.4f, 0.25f, 0.4f, 0.5f).Values(),
            TrainingSettings.Optimizer.Is("sgd"), TrainingSettings.Momentum.Is(0), TrainingSettings.LearningRate.Is(20), TrainingSettings.Schedule.Is("constant"),
            TrainingSettings.Warmup.Is(0), TrainingSettings.Clip.Is(0.25), TrainingSettings.WeightDecay.Is(1.2e-6), TrainingSettings.Averaging.Is("nt-asgd"),
            TrainingSettings.Epochs.Is(40)]),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<SettingValue> DemoSettings =>
    [
        .. new LanguageConfig(24, 1).Values(), SeqLength.Is(16), TrainingSettings.Batch.Is(16), TrainingSettings.LearningRate.Is(0.02), TrainingSettings.Epochs.Is(20),
        TrainingSettings.WeightDecay.Is(0), TrainingSettings.Warmup.Is(0),
    ];

    /// <inheritdoc/>
    public override TaskData Read(IReadOnlyList<TextSource> sources, Settings settings)
    {
        IEnumerable<string[]> lines = TextLines.Read(sources).Select(Split).Where(static words => words.Length > 0).Select(static words => (string[])[.. words, EndOfLine]);
        WordLmData data = !settings.Get(Stream) ? new WordLmData([.. lines])
            : sources is [{ Path: { } path }] ? new WordLmData(path, lines)
            : throw new DataException($"{string.Join(", ", sources)}: --stream takes one file");
        return data.Count > 0 ? data : throw new DataException($"{string.Join(", ", sources)}: there are no words");
    }

    /// <inheritdoc/>
    public override DataSplit Demo(Settings settings) => Split(new WordLmData(WordDemo.Lines(1500, (ulong)settings.Get(TrainingSettings.Seed))), 0.2);

    /// <inheritdoc/>
    public override JsonObject Describe(TaskData training, Settings settings) => new()
    {
        ["words"] = WordVocabulary.Of(
            ((WordLmData)training).Lines.SelectMany(static line => line).Where(static word => word != Unknown), settings.Get(MinCount)).ToJson(),
    };

    /// <inheritdoc/>
    public override TaskModel Create(Device device, Settings settings, CheckpointSection description)
    {
        WordVocabulary words = WordVocabulary.Read(description, "words");
        if (words.Id(EndOfLine) == WordVocabulary.UnknownId) { throw description.Bad("words", $"a list with {EndOfLine}"); }
        return new WordLmModel(device, LanguageConfig.Of(settings), words);
    }

    /// <summary>The words of a line.</summary>
    /// <exception cref="DataException">The line's end mark stands inside it.</exception>
    internal static string[] Split(TextLine line)
    {
        string[] words = line.Text.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        int mark = Array.IndexOf(words, EndOfLine);
        if (mark >= 0)
        {
            int column = line.Text.IndexOf(EndOfLine, StringComparison.Ordinal) + 1;
            throw line.Error(column, $"{EndOfLine} ends every line by itself: leave it out of the text");
        }

        return words;
    }
}
