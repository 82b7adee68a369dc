using System.Text.Json.Nodes;
using RnnGpu.Core;
using RnnGpu.Nn;
using RnnGpu.Nn.Data;
using RnnGpu.Tasks.Frame;
using RnnGpu.Tasks.Labelling;

namespace RnnGpu.Tasks.Tag;

/// <summary>A <see cref="TagNetwork"/> with its words, characters and tags. Tags that all mark spans are measured as spans, others by accuracy.</summary>
public sealed class TagModel : TaskModel
{
    private const int EvaluationRows = 64, WordFeature = 0, TypeFeature = 1;

    private readonly Device _device;
    private readonly WordVocabulary _words, _characters;
    private readonly LabelSet _tags;
    private readonly bool _spans;
    private readonly TagNetwork _network;
    private readonly SequenceBatch _batch = NewBatch();

    internal TagModel(Device device, WordVocabulary words, WordVocabulary characters, LabelSet tags, Settings settings)
    {
        (_device, _words, _characters, _tags) = (device, words, characters, tags);
        _spans = TagNames.MarkSpans(tags.Names);
        var sizes = new TagSizes(
            words.Size, characters.Size, tags.Count, settings.Get(TagTask.Embedding), settings.Get(TagTask.CharacterEmbedding),
            settings.Get(TagTask.CharacterHidden), settings.Get(TagTask.Hidden), settings.Get(TagTask.Layers), (float)settings.Get(TagTask.Dropout));
        _network = new TagNetwork(device, sizes, _spans ? TagConstraints.Of(new SpanTags(tags.Names)) : null);
    }

    /// <inheritdoc/>
    public override Module Network => _network;

    /// <inheritdoc/>
    public override TaskTraining Train(TaskData data, Settings settings)
    {
        var sentences = (TaggedData)data;
        var encoded = new Encoded(this, sentences.Sentences, new TagNames(_tags, sentences.Tags));
        if (settings.Get(TagTask.Vectors) is { Length: > 0 } vectors) { WordVectors.Load(TextSource.File(vectors), _words, Spelling.Normalised, _network.Words); }
        var dropout = WordDropout.ByFrequency(_device, _words, sentences.Words.Select(Spelling.Normalised), settings.Get(TagTask.WordDropout));
        var source = new BucketedBatches<SequenceBatch>(
            [.. encoded.Sequences.Select(sequence => sequence.Length)], settings.Get(TrainingSettings.Batch),
            (batch, rows) => batch.Fill(encoded.Sequences, rows), (ulong)settings.Get(TrainingSettings.Seed));
        return new TaskTraining<SequenceBatch>(
            new Trainable<SequenceBatch>(_network, batch =>
            {
                dropout.Apply(batch.Feature(WordFeature));
                Tensor lengths = batch.LengthsOn(_device);
                return _network.Crf.Loss(Scores(batch, encoded, lengths), batch.TagsOn(_device), lengths);
            }),
            source, NewBatch(), source.BatchesPerEpoch, "words", batch => batch.Units);
    }

    /// <inheritdoc/>
    public override Scores Evaluate(TaskData data, bool full, CancellationToken stop = default)
    {
        var sentences = (TaggedData)data;
        var names = new TagNames(_tags, sentences.Tags);
        var encoded = new Encoded(this, sentences.Sentences, names);
        bool spans = _spans && TagNames.MarkSpans(names.All);
        var tags = new SpanTags(spans ? names.All : ["O"]);
        var spanF1 = new SpanF1(tags);
        var accuracy = new TagAccuracy();
        long unknown = 0, unknownRight = 0;
        foreach (int[] rows in LengthOrder.Batches([.. encoded.Sequences.Select(sequence => sequence.Length)], EvaluationRows))
        {
            stop.ThrowIfCancellationRequested();
            _batch.Fill(encoded.Sequences, rows);
            int[][] found = Answer(encoded);
            for (int b = 0; b < rows.Length; b++)
            {
                LabelledSequence sequence = encoded.Sequences[rows[b]];
                accuracy.Update(found[b], sequence.Tags);
                if (spans) { spanF1.Update(found[b], sequence.Tags); }
                for (int t = 0; t < sequence.Length; t++)
                {
                    if (sequence.Features[WordFeature][t] != WordVocabulary.UnknownId) { continue; }
                    unknown++;
                    if (found[b][t] == sequence.Tags[t]) { unknownRight++; }
                }
            }
        }

        Score[] all =
        [
            new Score("accuracy", accuracy.Value, "P2"),
            new Score("accuracy_of_unknown_words", unknown == 0 ? 1 : (double)unknownRight / unknown, "P2"),
            new Score("unknown_words", unknown, "N0"),
        ];
        return spans
            ? new Scores(1 - spanF1.Value, [
                new Score("span_f1", spanF1.Value, "P2"), new Score("precision", spanF1.Total.Precision, "P2"), new Score("recall", spanF1.Total.Recall, "P2"), .. all])
            {
                Tables = full ? [TagNames.Table(spanF1, tags)] : [],
            }
            : new Scores(1 - accuracy.Value, all);
    }

    /// <summary>Which part of speech was taken for which; nothing for spans and for large sets of tags.</summary>
    /// <inheritdoc/>
    public override IReadOnlyList<TaskPicture> Pictures(TaskData data)
    {
        const int MostTags = 24;
        var sentences = (TaggedData)data;
        var names = new TagNames(_tags, sentences.Tags);
        if (_spans || names.All.Count > MostTags) { return []; }
        var encoded = new Encoded(this, sentences.Sentences, names);
        long[,] counts = new long[names.All.Count, names.All.Count];
        foreach (int[] rows in LengthOrder.Batches([.. encoded.Sequences.Select(sequence => sequence.Length)], EvaluationRows))
        {
            _batch.Fill(encoded.Sequences, rows);
            int[][] found = Answer(encoded);
            for (int b = 0; b < rows.Length; b++)
            {
                int[] gold = encoded.Sequences[rows[b]].Tags;
                for (int t = 0; t < gold.Length; t++) { counts[gold[t], found[b][t]]++; }
            }
        }

        return [new ConfusionPicture("confusion", "Tags: true (rows) and predicted (columns)", names.All, counts)];
    }

    /// <inheritdoc/>
    public override void Predict(PredictionRequest request, Action<Prediction> answer, CancellationToken stop = default)
    {
        foreach (TextLine line in request.Lines())
        {
            stop.ThrowIfCancellationRequested();
            string[] words = line.Text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words.Length == 0) { throw line.Error("there are no words: a sentence a line, words separated by spaces"); }
            var encoded = new Encoded(this, [new TaggedSentence(words, [])], null);
            _batch.Fill(encoded.Sequences, [0]);
            string[] tags = Array.ConvertAll(Answer(encoded)[0], tag => _tags.Names[tag]);
            answer(new Prediction(string.Concat(words.Zip(tags, (word, tag) => $"{word}\t{tag}\n")), new JsonObject
            {
                ["words"] = new JsonArray([.. words.Select(word => (JsonNode)word)]),
                ["tags"] = new JsonArray([.. tags.Select(tag => (JsonNode)tag)]),
            }));
        }
    }

    private static SequenceBatch NewBatch() => new(WordVocabulary.PaddingId, -1);

    private int[][] Answer(Encoded encoded)
    {
        using NoGradScope scope = _device.NoGrad();
        Tensor lengths = _batch.LengthsOn(_device);
        int[] tags = _network.Crf.Decode(Scores(_batch, encoded, lengths), lengths).Tags.ToIntArray();
        int rows = _batch.Rows;
        return [.. Enumerable.Range(0, rows).Select(b => Enumerable.Range(0, _batch.Lengths[b]).Select(t => tags[(t * rows) + b]).ToArray())];
    }

    private Tensor Scores(SequenceBatch batch, Encoded encoded, Tensor lengths)
    {
        DistinctWords distinct = encoded.Distinct;
        distinct.Fill(batch.Feature(TypeFeature), encoded.Spellings);
        return _network.Scores(
            batch.Feature(_device, WordFeature), _device.Tensor(distinct.Ids, new Shape(distinct.Characters, distinct.Words)),
            _device.Tensor(distinct.Lengths, new Shape(distinct.Words)), batch.Feature(_device, TypeFeature), lengths);
    }

    /// <summary>Sentences as ids; and the different words among them (word types), each with its spelling.</summary>
    private sealed class Encoded
    {
        private readonly Dictionary<string, int> _types = new(StringComparer.Ordinal);
        private readonly List<int[]> _spellings = [];

        public Encoded(TagModel model, IReadOnlyList<TaggedSentence> sentences, TagNames? names)
        {
            Sequences = [.. sentences.Select(sentence => new LabelledSequence(
                [
                    Array.ConvertAll(sentence.Words, word => model._words.Id(Spelling.Normalised(word))),
                    Array.ConvertAll(sentence.Words, word => Type(word, model._characters)),
                ],
                names is null ? [] : names.Ids(sentence.Tags)))];
            Distinct = new DistinctWords(_spellings.Count);
        }

        public LabelledSequence[] Sequences { get; }

        public IReadOnlyList<int[]> Spellings => _spellings;

        public DistinctWords Distinct { get; }

        private int Type(string word, WordVocabulary characters)
        {
            if (_types.TryGetValue(word, out int type)) { return type; }
            type = _spellings.Count;
            _types.Add(word, type);
            _spellings.Add(Array.ConvertAll(Spelling.Characters(word), character => characters.Id(character)));
            return type;
        }
    }
}
