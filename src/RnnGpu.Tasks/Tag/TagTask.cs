using System.Text.Json.Nodes;
using RnnGpu.Core;
using RnnGpu.Nn;
using RnnGpu.Nn.Checkpoints;
using RnnGpu.Nn.Data;
using RnnGpu.Tasks.Frame;
using RnnGpu.Tasks.Labelling;

namespace RnnGpu.Tasks.Tag;

/// <summary>A tag for every word of a sentence: parts of speech, or the names of persons and places.</summary>
public sealed class TagTask : LearningTask
{
    /// <summary>Which tags of CoNLL-U files.</summary>
    public static readonly Setting<string> Column = Setting.Word("column", "upos", ["upos", "xpos"], "Which tags of CoNLL-U files to learn");

    /// <summary>Size of a word's vector.</summary>
    public static readonly Setting<int> Embedding = Setting.Int("embedding", 100, 1, 4096, "Size of a word's vector");

    /// <summary>Size of a character's vector.</summary>
    public static readonly Setting<int> CharacterEmbedding = Setting.Int("char-embedding", 30, 1, 1024, "Size of a character's vector");

    /// <summary>Units over characters.</summary>
    public static readonly Setting<int> CharacterHidden = Setting.Int("char-hidden", 40, 1, 1024, "Units of each direction of the LSTM over characters");

    /// <summary>Units over words.</summary>
    public static readonly Setting<int> Hidden = Setting.Int("hidden", 100, 1, 4096, "Units of each direction of the LSTM over words");

    /// <summary>Layers over words.</summary>
    public static readonly Setting<int> Layers = Setting.Int("layers", 1, 1, 16, "Layers of the LSTM over words");

    /// <summary>Dropout.</summary>
    public static readonly Setting<double> Dropout = Setting.Real("dropout", 0.4, 0, 0.95, "Part of vectors and states that is dropped in training");

    /// <summary>Word dropout.</summary>
    public static readonly Setting<double> WordDropout = Setting.Real("word-dropout", 0.25, 0, 100, "A word of count n becomes unknown in training with probability X / (X + n)");

    /// <summary>Rarest word with a vector of its own.</summary>
    public static readonly Setting<int> MinCount = Setting.Int("min-count", 2, 1, 1_000_000, "Words that come less often in training have no vector of their own");

    /// <summary>File of word vectors.</summary>
    public static readonly Setting<string> Vectors = Setting.Text("vectors", "", "File of word vectors to start from: a word a line, then its --embedding numbers, between spaces");

    private const uint DemoSite = 0x5441_4731;

    /// <inheritdoc/>
    public override string Name => "tag";

    /// <inheritdoc/>
    public override string Summary => "Tag every word of a sentence: parts of speech, names";

    /// <inheritdoc/>
    public override string DataFormat => TagReader.Form;

    /// <inheritdoc/>
    public override IReadOnlyList<Setting> OwnSettings =>
        [Column, Embedding, CharacterEmbedding, CharacterHidden, Hidden, Layers, Dropout, WordDropout, MinCount, Vectors];

    /// <inheritdoc/>
    public override IReadOnlyList<SettingValue> Defaults =>
        [TrainingSettings.Epochs.Is(10), TrainingSettings.Batch.Is(32), TrainingSettings.LearningRate.Is(3e-3), TrainingSettings.Clip.Is(5)];

    /// <inheritdoc/>
    public override IReadOnlyList<SettingValue> DemoSettings =>
    [
        TrainingSettings.Epochs.Is(8), TrainingSettings.Batch.Is(16), TrainingSettings.LearningRate.Is(1e-2), Embedding.Is(8), CharacterEmbedding.Is(8),
        CharacterHidden.Is(12), Hidden.Is(16), Dropout.Is(0.1),
    ];

    /// <inheritdoc/>
    public override TaskData Read(IReadOnlyList<TextSource> sources, Settings settings) => TagReader.Read(sources, settings.Get(Column) == "xpos");

    /// <summary>Sentences of made-up stems, each word's part of speech told by its ending; most words of the validation part are new.</summary>
    /// <inheritdoc/>
    public override DataSplit Demo(Settings settings)
    {
        const string Consonants = "bdfgklmnprst", Vowels = "aeiou";
        (string Ending, string Tag)[] kinds = [("ly", "ADV"), ("ing", "VERB"), ("ness", "NOUN"), ("ous", "ADJ")];
        var random = new PhiloxStream(new RandomKey((ulong)settings.Get(TrainingSettings.Seed), 0, DemoSite));
        var sentences = new List<TaggedSentence>();
        for (int i = 0; i < 400; i++)
        {
            var words = new string[2 + random.NextInt(6)];
            var tags = new string[words.Length];
            for (int t = 0; t < words.Length; t++)
            {
                (string ending, string tag) = kinds[random.NextInt(kinds.Length)];
                var stem = new System.Text.StringBuilder();
                for (int syllable = 0; syllable <= random.NextInt(2); syllable++)
                {
                    stem.Append(Consonants[random.NextInt(Consonants.Length)]).Append(Vowels[random.NextInt(Vowels.Length)]);
                }

                (words[t], tags[t]) = (stem + ending, tag);
            }

            sentences.Add(new TaggedSentence(words, tags));
        }

        return Split(new TaggedData(sentences), 0.2);
    }

    /// <inheritdoc/>
    public override JsonObject Describe(TaskData training, Settings settings)
    {
        var data = (TaggedData)training;
        return new JsonObject
        {
            ["words"] = WordVocabulary.Of(data.Words.Select(Spelling.Normalised), settings.Get(MinCount)).ToJson(),
            ["characters"] = WordVocabulary.Of(data.Words.SelectMany(Spelling.Characters)).ToJson(),
            ["tags"] = LabelSet.Of(data.Tags).ToJson(),
        };
    }

    /// <inheritdoc/>
    public override TaskModel Create(Device device, Settings settings, CheckpointSection description) => new TagModel(
        device, WordVocabulary.Read(description, "words"), WordVocabulary.Read(description, "characters"), LabelSet.Read(description, "tags"), settings);
}
