using System.Text;
using System.Text.Json.Nodes;
using RnnGpu.Core;
using RnnGpu.Nn;
using RnnGpu.Nn.Data;
using RnnGpu.Tasks.Frame;
using RnnGpu.Tasks.Labelling;

namespace RnnGpu.Tasks.Segment;

/// <summary>A <see cref="SegmentNetwork"/> with its characters and pairs.</summary>
public sealed class SegmentModel : TaskModel
{
    private const int EvaluationRows = 64;

    private static readonly SpanTags Tags = new(["B", "M", "E", "S"]);

    private readonly Device _device;
    private readonly WordVocabulary _characters, _pairs;
    private readonly SegmentNetwork _network;
    private readonly SequenceBatch _batch = NewBatch();

    internal SegmentModel(Device device, WordVocabulary characters, WordVocabulary pairs, Settings settings)
    {
        (_device, _characters, _pairs) = (device, characters, pairs);
        _network = new SegmentNetwork(
            device, characters.Size, pairs.Size, Tags, settings.Get(SegmentTask.Embedding), settings.Get(SegmentTask.Hidden),
            settings.Get(SegmentTask.Layers), (float)settings.Get(SegmentTask.Dropout));
    }

    /// <inheritdoc/>
    public override Module Network => _network;

    /// <inheritdoc/>
    public override TaskTraining Train(TaskData data, Settings settings)
    {
        LabelledSequence[] sequences = Encode((SegmentedText)data);
        WordDropout characters = Dropout(_characters, feature: 0), pairs = Dropout(_pairs, feature: 1);
        var source = new BucketedBatches<SequenceBatch>(
            [.. sequences.Select(sequence => sequence.Length)], settings.Get(TrainingSettings.Batch), (batch, rows) => batch.Fill(sequences, rows),
            (ulong)settings.Get(TrainingSettings.Seed));
        return new TaskTraining<SequenceBatch>(
            new Trainable<SequenceBatch>(_network, batch =>
            {
                characters.Apply(batch.Feature(0));
                pairs.Apply(batch.Feature(1));
                pairs.Apply(batch.Feature(2));
                Tensor lengths = batch.LengthsOn(_device);
                return _network.Crf.Loss(Scores(batch, lengths), batch.TagsOn(_device), lengths);
            }),
            source, NewBatch(), source.BatchesPerEpoch, "characters", batch => batch.Units);

        WordDropout Dropout(WordVocabulary vocabulary, int feature) => WordDropout.ByFrequency(
            _device, vocabulary, sequences.SelectMany(sequence => sequence.Features[feature]).Select(vocabulary.Word), settings.Get(SegmentTask.WordDropout));
    }

    /// <inheritdoc/>
    public override Scores Evaluate(TaskData data, bool full, CancellationToken stop = default)
    {
        LabelledSequence[] sequences = Encode((SegmentedText)data);
        var words = new SpanF1(Tags);
        foreach (int[] rows in LengthOrder.Batches([.. sequences.Select(sequence => sequence.Length)], EvaluationRows))
        {
            stop.ThrowIfCancellationRequested();
            _batch.Fill(sequences, rows);
            int[][] found = Answer();
            for (int b = 0; b < rows.Length; b++) { words.Update(found[b], sequences[rows[b]].Tags); }
        }

        return new Scores(1 - words.Value, [
            new Score("word_f1", words.Value, "P2"), new Score("precision", words.Total.Precision, "P2"), new Score("recall", words.Total.Recall, "P2"),
            new Score("tag_accuracy", words.Accuracy, "P2"),
        ]);
    }

    /// <inheritdoc/>
    /// <remarks>Spaces in the input stay ends of words; a blank line gives a blank line.</remarks>
    public override void Predict(PredictionRequest request, Action<Prediction> answer, CancellationToken stop = default)
    {
        foreach (TextLine line in request.Lines())
        {
            stop.ThrowIfCancellationRequested();
            var words = new List<string>();
            foreach (string piece in line.Text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)) { Cut(piece, words); }
            answer(new Prediction(string.Join("  ", words), new JsonObject { ["words"] = new JsonArray([.. words.Select(word => (JsonNode)word)]) }));
        }
    }

    private static SequenceBatch NewBatch() => new(WordVocabulary.PaddingId, WordVocabulary.PaddingId, WordVocabulary.PaddingId);

    private void Cut(string text, List<string> words)
    {
        string[] characters = SegmentedText.Characters(text);
        _batch.Fill([Encode(characters, [])], [0]);
        int[] tags = Answer()[0];
        var word = new StringBuilder();
        for (int t = 0; t < characters.Length; t++)
        {
            if (t > 0 && Tags.StartsBetween(tags[t - 1], tags[t]))
            {
                words.Add(word.ToString());
                word.Clear();
            }

            word.Append(characters[t]);
        }

        words.Add(word.ToString());
    }

    private int[][] Answer()
    {
        using NoGradScope scope = _device.NoGrad();
        Tensor lengths = _batch.LengthsOn(_device);
        int[] tags = _network.Crf.Decode(Scores(_batch, lengths), lengths).Tags.ToIntArray();
        int rows = _batch.Rows;
        return [.. Enumerable.Range(0, rows).Select(b => Enumerable.Range(0, _batch.Lengths[b]).Select(t => tags[(t * rows) + b]).ToArray())];
    }

    private Tensor Scores(SequenceBatch batch, Tensor lengths) =>
        _network.Scores(batch.Feature(_device, 0), batch.Feature(_device, 1), batch.Feature(_device, 2), lengths);

    private LabelledSequence[] Encode(SegmentedText text) => [.. text.Sentences.Select(words =>
    {
        string[][] characters = Array.ConvertAll(words, SegmentedText.Characters);
        return Encode([.. characters.SelectMany(static word => word)], [.. characters.SelectMany(static word => TagsOf(word.Length))]);
    })];

    private LabelledSequence Encode(string[] characters, int[] tags)
    {
        string[] pairs = SegmentTask.Pairs(characters);
        int[] ids = Array.ConvertAll(pairs, pair => _pairs.Id(pair));
        return new LabelledSequence([Array.ConvertAll(characters, c => _characters.Id(SegmentedText.Normalised(c))), ids[..^1], ids[1..]], tags);
    }

    private static IEnumerable<int> TagsOf(int length)
    {
        const int B = 0, M = 1, E = 2, S = 3;
        return length == 1 ? [S] : Enumerable.Range(0, length).Select(i => i == 0 ? B : i == length - 1 ? E : M);
    }
}
