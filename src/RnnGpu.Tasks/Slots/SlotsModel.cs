using System.Text.Json.Nodes;
using RnnGpu.Core;
using RnnGpu.Nn;
using RnnGpu.Nn.Data;
using RnnGpu.Tasks.Frame;
using RnnGpu.Tasks.Labelling;

namespace RnnGpu.Tasks.Slots;

/// <summary>A <see cref="SlotsNetwork"/> with its words, tags and intents.</summary>
public sealed class SlotsModel : TaskModel
{
    private const int EvaluationRows = 64;

    private readonly Device _device;
    private readonly WordVocabulary _words;
    private readonly LabelSet _tags, _intents;
    private readonly SlotsNetwork _network;
    private readonly SequenceBatch _batch = new(WordVocabulary.PaddingId);
    private float[] _inverseLengths = [];

    internal SlotsModel(Device device, WordVocabulary words, LabelSet tags, LabelSet intents, Settings settings)
    {
        (_device, _words, _tags, _intents) = (device, words, tags, intents);
        _network = new SlotsNetwork(
            device, words.Size, new SpanTags(tags.Names), intents.Count, settings.Get(SlotsTask.Embedding), settings.Get(SlotsTask.Hidden),
            (float)settings.Get(SlotsTask.Dropout));
    }

    /// <inheritdoc/>
    public override Module Network => _network;

    /// <inheritdoc/>
    public override TaskTraining Train(TaskData data, Settings settings)
    {
        var sentences = (TaggedData)data;
        LabelledSequence[] sequences = Encode(sentences, new TagNames(_tags, sentences.Tags));
        if (settings.Get(SlotsTask.Vectors) is { Length: > 0 } vectors) { WordVectors.Load(TextSource.File(vectors), _words, Spelling.Normalised, _network.Words); }
        var dropout = WordDropout.ByFrequency(
            _device, _words, sentences.Words.Select(Spelling.Normalised), settings.Get(SlotsTask.WordDropout));
        var source = new BucketedBatches<SequenceBatch>(
            [.. sequences.Select(sequence => sequence.Length)], settings.Get(TrainingSettings.Batch), (batch, rows) => batch.Fill(sequences, rows),
            (ulong)settings.Get(TrainingSettings.Seed));
        return new TaskTraining<SequenceBatch>(
            new Trainable<SequenceBatch>(_network, batch =>
            {
                dropout.Apply(batch.Feature(0));
                Tensor lengths = batch.LengthsOn(_device);
                return _network.Loss(Scores(batch, lengths), batch.TagsOn(_device), batch.LabelsOn(_device), lengths);
            }),
            source, new SequenceBatch(WordVocabulary.PaddingId), source.BatchesPerEpoch, "words", batch => batch.Units);
    }

    /// <inheritdoc/>
    public override Scores Evaluate(TaskData data, bool full, CancellationToken stop = default)
    {
        var sentences = (TaggedData)data;
        var names = new TagNames(_tags, sentences.Tags);
        LabelledSequence[] sequences = Encode(sentences, names);
        var tags = new SpanTags(names.All);
        var spans = new SpanF1(tags);
        int rightIntents = 0, rightSentences = 0;
        foreach (int[] rows in LengthOrder.Batches([.. sequences.Select(sequence => sequence.Length)], EvaluationRows))
        {
            stop.ThrowIfCancellationRequested();
            _batch.Fill(sequences, rows);
            (int[][] found, int[] intents) = Answer();
            for (int b = 0; b < rows.Length; b++)
            {
                spans.Update(found[b], sequences[rows[b]].Tags);
                bool right = intents[b] == sequences[rows[b]].Label;
                if (right) { rightIntents++; }
                if (right && found[b].AsSpan().SequenceEqual(sequences[rows[b]].Tags)) { rightSentences++; }
            }
        }

        double intent = (double)rightIntents / data.Count;
        return new Scores(
            1 - ((spans.Value + intent) / 2),
            [
                new Score("slot_f1", spans.Value, "P2"), new Score("intent_accuracy", intent, "P2"),
                new Score("sentence_accuracy", (double)rightSentences / data.Count, "P2"),
                new Score("slot_precision", spans.Total.Precision, "P2"), new Score("slot_recall", spans.Total.Recall, "P2"),
            ])
        {
            Tables = full ? [TagNames.Table(spans, tags)] : [],
        };
    }

    /// <inheritdoc/>
    public override void Predict(PredictionRequest request, Action<Prediction> answer, CancellationToken stop = default)
    {
        foreach (TextLine line in request.Lines())
        {
            stop.ThrowIfCancellationRequested();
            string[] words = line.Text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words.Length == 0) { throw line.Error("there are no words: a request a line, words separated by spaces"); }
            _batch.Fill([new LabelledSequence([WordIds(words)], [])], [0]);
            (int[][] found, int[] intents) = Answer();
            string intent = _intents.Names[intents[0]];
            string[] tags = Array.ConvertAll(found[0], tag => _tags.Names[tag]);
            answer(new Prediction($"{intent}\t{string.Join(' ', tags)}", new JsonObject
            {
                ["intent"] = intent,
                ["words"] = new JsonArray([.. words.Select(word => (JsonNode)word)]),
                ["tags"] = new JsonArray([.. tags.Select(tag => (JsonNode)tag)]),
            }));
        }
    }

    private (int[][] Tags, int[] Intents) Answer()
    {
        using NoGradScope scope = _device.NoGrad();
        Tensor lengths = _batch.LengthsOn(_device);
        (Tensor slots, Tensor intents) = Scores(_batch, lengths);
        int[] tags = _network.Crf.Decode(slots, lengths).Tags.ToIntArray();
        int rows = _batch.Rows;
        int[][] found = [.. Enumerable.Range(0, rows).Select(b => Enumerable.Range(0, _batch.Lengths[b]).Select(t => tags[(t * rows) + b]).ToArray())];
        return (found, intents.ArgMax().ToIntArray());
    }

    private (Tensor Slots, Tensor Intents) Scores(SequenceBatch batch, Tensor lengths)
    {
        if (_inverseLengths.Length < batch.Rows) { _inverseLengths = new float[batch.Rows]; }
        for (int b = 0; b < batch.Rows; b++) { _inverseLengths[b] = 1f / batch.Lengths[b]; }
        return _network.Scores(batch.Feature(_device, 0), lengths, _device.Tensor(_inverseLengths.AsSpan(0, batch.Rows), new Shape(batch.Rows, 1)));
    }

    private LabelledSequence[] Encode(TaggedData data, TagNames names) =>
        [.. data.Sentences.Select(sentence => new LabelledSequence([WordIds(sentence.Words)], names.Ids(sentence.Tags), _intents.Find(sentence.Label)))];

    private int[] WordIds(string[] words) => Array.ConvertAll(words, word => _words.Id(Spelling.Normalised(word)));
}
