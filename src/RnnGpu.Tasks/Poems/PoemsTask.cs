using System.Text.Json;
using System.Text.Json.Nodes;
using RnnGpu.Core;
using RnnGpu.Nn;
using RnnGpu.Nn.Checkpoints;
using RnnGpu.Nn.Data;
using RnnGpu.Tasks.Frame;
using RnnGpu.Tasks.Language;

namespace RnnGpu.Tasks.Poems;

/// <summary>Learns to write short poems character by character; measures how many of them keep the quatrain's form.</summary>
public sealed class PoemsTask : LearningTask
{
    /// <summary>Poems written to measure the form.</summary>
    public const int SampleCount = 200;

    /// <summary>How many poems to write.</summary>
    public static readonly Setting<int> Count = Setting.Int("count", 5, 1, 100_000, "Poems to write");

    /// <summary>How bold sampling is.</summary>
    public static readonly Setting<double> Temperature = Setting.Real("temperature", 0.8, 0, 100, "0 takes the likeliest character, 1 samples the model's own distribution");

    /// <summary>Characters that come less often are unknown.</summary>
    public static readonly Setting<int> MinCount = Setting.Int("min-count", 2, 1, int.MaxValue, "Characters that come less often are unknown, and never written");

    /// <summary>Temperature of the poems that an evaluation writes.</summary>
    public static readonly Setting<double> SampleTemperature = Setting.Real(
        "sample-temperature", 0.8, 0, 100, "Temperature of the poems whose form an evaluation measures");

    /// <inheritdoc/>
    public override string Name => "poems";

    /// <inheritdoc/>
    public override string Summary => "Write quatrains, character by character; part that keeps the form";

    /// <inheritdoc/>
    public override string DataFormat => "JSON Lines, a poem a line: {\"paragraphs\": [\"first line\", ..]}";

    /// <inheritdoc/>
    public override IReadOnlyList<Setting> OwnSettings => [.. LanguageConfig.Settings, MinCount, SampleTemperature];

    /// <inheritdoc/>
    public override IReadOnlyList<Setting> PredictSettings => [Count, Temperature, TrainingSettings.Seed];

    /// <inheritdoc/>
    public override bool PredictsFromInput => false;

    /// <inheritdoc/>
    public override IReadOnlyList<SettingValue> Defaults =>
    [
        .. new LanguageConfig(256, 2, InputDropout: 0.2f, LayerDropout: 0.2f, OutputDropout: 0.3f).Values(),
        TrainingSettings.Optimizer.Is("adamw"), TrainingSettings.LearningRate.Is(3e-3), TrainingSettings.WeightDecay.Is(0.01), TrainingSettings.Warmup.Is(200),
        TrainingSettings.Batch.Is(32), TrainingSettings.Epochs.Is(10),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<SettingValue> DemoSettings =>
    [
        .. new LanguageConfig(32, 1).Values(), TrainingSettings.LearningRate.Is(0.02), TrainingSettings.WeightDecay.Is(0), TrainingSettings.Warmup.Is(0),
        TrainingSettings.Batch.Is(8), TrainingSettings.Epochs.Is(30),
    ];

    /// <inheritdoc/>
    public override TaskData Read(IReadOnlyList<TextSource> sources, Settings settings)
    {
        var poems = new List<string>();
        foreach (TextLine line in TextLines.Read(sources))
        {
            if (line.Text.Length > 0) { poems.Add(Poem(line)); }
        }

        return poems.Count > 0 ? new PoemsData(poems) : throw new DataException($"{string.Join(", ", sources)}: there are no poems");
    }

    /// <summary>
    /// Poems of fourteen signs in the two forms, equally often: the n-th character of a line is one of the n-th pair of signs. So a
    /// character's place is seen from the character itself; whether a line ends after the fifth must be remembered from the first line.
    /// </summary>
    public override DataSplit Demo(Settings settings)
    {
        const string Signs = "山水風月花鳥雲雨春秋江海日夜";
        var random = new PhiloxStream(new RandomKey((ulong)settings.Get(TrainingSettings.Seed), 0, 0x504F454D));
        var poems = new List<string>();
        for (int i = 0; i < 400; i++)
        {
            int length = random.NextInt(2) == 0 ? 5 : 7;
            var poem = new System.Text.StringBuilder();
            for (int line = 0; line < 4; line++)
            {
                for (int place = 0; place < length; place++) { poem.Append(Signs[(2 * place) + random.NextInt(2)]); }
                poem.Append(line % 2 == 0 ? '，' : '。');
            }

            poems.Add(poem.ToString());
        }

        return Split(new PoemsData(poems), 0.1);
    }

    /// <inheritdoc/>
    public override JsonObject Describe(TaskData training, Settings settings) => new()
    {
        ["characters"] = WordVocabulary.Of(
            ((PoemsData)training).Poems.SelectMany(static poem => poem.EnumerateRunes().Select(static rune => rune.ToString()).Append(PoemsData.End)),
            settings.Get(MinCount)).ToJson(),
    };

    /// <inheritdoc/>
    public override TaskModel Create(Device device, Settings settings, CheckpointSection description)
    {
        WordVocabulary characters = WordVocabulary.Read(description, "characters");
        if (characters.Id(PoemsData.End) == WordVocabulary.UnknownId) { throw description.Bad("characters", "a list with the end of a poem"); }
        return new PoemsModel(device, LanguageConfig.Of(settings), characters, settings.Get(SampleTemperature), (ulong)settings.Get(TrainingSettings.Seed));
    }

    /// <summary>The characters of a poem.</summary>
    private static string Poem(TextLine line)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(line.Text);
            if (json.RootElement.ValueKind != JsonValueKind.Object || !json.RootElement.TryGetProperty("paragraphs", out JsonElement paragraphs))
            {
                throw line.Error(1, "not a poem: an object with the field \"paragraphs\" belongs here");
            }

            if (paragraphs.ValueKind != JsonValueKind.Array || paragraphs.EnumerateArray().Any(static part => part.ValueKind != JsonValueKind.String))
            {
                throw line.Error(Column(line, "\"paragraphs\""), "\"paragraphs\" must be a list of texts");
            }

            string poem = string.Concat(paragraphs.EnumerateArray().Select(static part => part.GetString()));
            return poem.Length > 0 ? poem : throw line.Error(Column(line, "\"paragraphs\""), "the poem is empty");
        }
        catch (JsonException e)
        {
            int column = System.Text.Encoding.UTF8.GetString(System.Text.Encoding.UTF8.GetBytes(line.Text).AsSpan(0, (int)(e.BytePositionInLine ?? 0))).Length + 1;
            throw line.Error(column, "not JSON: a poem is an object like {\"paragraphs\": [\"...\"]}");
        }
        catch (InvalidOperationException)
        {
            throw line.Error(Column(line, "\\u"), "half of a surrogate pair: write characters outside the basic plane whole");
        }
    }

    private static int Column(TextLine line, string mark) => Math.Max(0, line.Text.IndexOf(mark, StringComparison.Ordinal)) + 1;
}
