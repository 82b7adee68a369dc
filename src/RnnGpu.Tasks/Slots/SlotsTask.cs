using System.Text.Json.Nodes;
using RnnGpu.Core;
using RnnGpu.Nn;
using RnnGpu.Nn.Checkpoints;
using RnnGpu.Nn.Data;
using RnnGpu.Tasks.Frame;
using RnnGpu.Tasks.Labelling;

namespace RnnGpu.Tasks.Slots;

/// <summary>What a request asks for: its intent, and which words fill which slots.</summary>
public sealed class SlotsTask : LearningTask
{
    /// <summary>Size of a word's vector.</summary>
    public static readonly Setting<int> Embedding = Setting.Int("embedding", 100, 1, 4096, "Size of a word's vector");

    /// <summary>Units of each direction.</summary>
    public static readonly Setting<int> Hidden = Setting.Int("hidden", 100, 1, 4096, "Units of each direction of the LSTM");

    /// <summary>Dropout.</summary>
    public static readonly Setting<double> Dropout = Setting.Real("dropout", 0.4, 0, 0.95, "Part of vectors and states that is dropped in training");

    /// <summary>Word dropout.</summary>
    public static readonly Setting<double> WordDropout = Setting.Real("word-dropout", 0.25, 0, 100, "A word of count n becomes unknown in training with probability X / (X + n)");

    /// <summary>File of word vectors.</summary>
    public static readonly Setting<string> Vectors = Setting.Text("vectors", "", "File of word vectors to start from: a word a line, then its --embedding numbers, between spaces");

    private const uint DemoSite = 0x534C_4F54;

    private static readonly string[] Cities = ["boston", "denver", "dallas", "oakland", "new york", "san jose", "fort worth"];
    private static readonly string[] Days = ["monday", "friday", "sunday morning"];

    /// <inheritdoc/>
    public override string Name => "slots";

    /// <inheritdoc/>
    public override string Summary => "Find the intent of a request and the words that fill its slots";

    /// <inheritdoc/>
    public override string DataFormat => SlotsReader.Form;

    /// <inheritdoc/>
    public override IReadOnlyList<Setting> OwnSettings => [Embedding, Hidden, Dropout, WordDropout, Vectors];

    /// <inheritdoc/>
    public override IReadOnlyList<SettingValue> Defaults =>
        [TrainingSettings.Epochs.Is(25), TrainingSettings.Batch.Is(16), TrainingSettings.LearningRate.Is(2e-3), TrainingSettings.Clip.Is(5)];

    /// <inheritdoc/>
    public override IReadOnlyList<SettingValue> DemoSettings =>
        [TrainingSettings.Epochs.Is(6), TrainingSettings.LearningRate.Is(1e-2), Embedding.Is(24), Hidden.Is(24), Dropout.Is(0.1)];

    /// <inheritdoc/>
    public override TaskData Read(IReadOnlyList<TextSource> sources, Settings settings) => SlotsReader.Read(sources);

    /// <summary>Flights and fares between cities: which city is left and which is reached hangs on the word before, the intent on the first word.</summary>
    /// <inheritdoc/>
    public override DataSplit Demo(Settings settings)
    {
        var random = new PhiloxStream(new RandomKey((ulong)settings.Get(TrainingSettings.Seed), 0, DemoSite));
        var sentences = new List<TaggedSentence>();
        for (int i = 0; i < 500; i++)
        {
            bool fare = random.NextInt(2) == 0;
            var words = new List<string>();
            var tags = new List<string>();
            Add(fare ? "price of a flight" : "show me flights", "");
            (string[] first, string[] second) = random.NextInt(2) == 0 ? (["from", "fromloc"], ["to", "toloc"]) : ((string[])["to", "toloc"], (string[])["from", "fromloc"]);
            Add(first[0], "");
            Add(Cities[random.NextInt(Cities.Length)], first[1]);
            Add(second[0], "");
            Add(Cities[random.NextInt(Cities.Length)], second[1]);
            if (random.NextInt(2) == 0)
            {
                Add("on", "");
                Add(Days[random.NextInt(Days.Length)], "day");
            }

            sentences.Add(new TaggedSentence([.. words], [.. tags], fare ? "airfare" : "flight"));

            void Add(string text, string type)
            {
                foreach (string word in text.Split(' '))
                {
                    tags.Add(type.Length == 0 ? "O" : tags.Count > 0 && tags[^1].EndsWith($"-{type}", StringComparison.Ordinal) ? $"I-{type}" : $"B-{type}");
                    words.Add(word);
                }
            }
        }

        return Split(new TaggedData(sentences), 0.2);
    }

    /// <inheritdoc/>
    public override JsonObject Describe(TaskData training, Settings settings)
    {
        var data = (TaggedData)training;
        return new JsonObject
        {
            ["words"] = WordVocabulary.Of(data.Words.Select(Spelling.Normalised)).ToJson(),
            ["tags"] = LabelSet.Of(data.Tags).ToJson(),
            ["intents"] = LabelSet.Of(data.Sentences.Select(sentence => sentence.Label)).ToJson(),
        };
    }

    /// <inheritdoc/>
    public override TaskModel Create(Device device, Settings settings, CheckpointSection description)
    {
        LabelSet tags = LabelSet.Read(description, "tags");
        return TagNames.MarkSpans(tags.Names)
            ? new SlotsModel(device, WordVocabulary.Read(description, "words"), tags, LabelSet.Read(description, "intents"), settings)
            : throw description.Bad("tags", "a list of slot tags");
    }
}
