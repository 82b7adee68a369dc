using RnnGpu.Core;
using RnnGpu.Nn;
using RnnGpu.Nn.Data;
using RnnGpu.Tasks.Classification;
using RnnGpu.Tasks.Frame;

namespace RnnGpu.Tasks.Sentiment;

/// <summary>The network: <c>logits = output(dropout(encoder(embedding(words))))</c>.</summary>
public sealed class SentimentNetwork : Module
{
    // Small, so that a word's vector is soon what was learned and not where it started.
    private const float FirstVectors = 0.1f;

    private readonly Embedding _embedding;
    private readonly PooledEncoder _encoder;
    private readonly Dropout _dropout;
    private readonly Dense _output;

    /// <summary>A new network.</summary>
    /// <param name="device">Where its parameters live.</param>
    /// <param name="settings">Sizes.</param>
    /// <param name="words">V.</param>
    /// <param name="classes">C.</param>
    public SentimentNetwork(Device device, Settings settings, int words, int classes)
        : base(device)
    {
        int size = settings.Get(SentimentTask.Embedding);
        _embedding = AddModule("embedding", new Embedding(device, words, size, (float)settings.Get(SentimentTask.WordDropout)));
        new NormalInit(FirstVectors).Apply(_embedding.Weight);
        _encoder = AddModule("encoder", new PooledEncoder(device, size, settings));
        _dropout = AddModule("dropout", new Dropout(device, (float)settings.Get(EncoderSettings.Dropout)));
        _output = AddModule("output", new Dense(device, _encoder.Outputs, classes));
    }

    /// <summary>Scores of the classes <c>[B, C]</c>.</summary>
    /// <param name="words">Integers <c>[T, B]</c>.</param>
    /// <param name="lengths">Integers <c>[B]</c>.</param>
    public Tensor Forward(Tensor words, Tensor lengths) => _output.Forward(_dropout.Forward(_encoder.Forward(_embedding.Forward(words), lengths)));

    /// <summary>How much each word counts, <c>[B, T]</c>; for <c>--pool attention</c>.</summary>
    /// <inheritdoc cref="Forward(Tensor, Tensor)"/>
    public Tensor Attention(Tensor words, Tensor lengths) => _encoder.Attend(_embedding.Forward(words), lengths).Weights;
}

/// <summary>A model of texts with its words and classes.</summary>
public sealed class SentimentModel(Device device, Settings settings, LabelSet labels, WordVocabulary words) : ClassModel<string[]>(labels)
{
    private const int PicturedTexts = 6, PicturedWords = 120;

    private readonly SentimentNetwork _network = new(device, settings, words.Size, labels.Count);
    private readonly int _maxWords = settings.Get(SentimentTask.MaxWords);
    private int[] _ids = [];

    /// <inheritdoc/>
    public override Module Network => _network;

    /// <inheritdoc/>
    protected override string Unit => "words";

    /// <inheritdoc/>
    protected override int Features => 0;

    /// <inheritdoc/>
    protected override int Length(string[] input) => Math.Min(input.Length, _maxWords);

    /// <inheritdoc/>
    protected override void Fill(ClassBatch batch, int row, string[] input, int label)
    {
        int length = Length(input);
        if (_ids.Length < length) { _ids = new int[_maxWords]; }
        for (int i = 0; i < length; i++) { _ids[i] = words.Id(input[input.Length - length + i]); }
        batch.Set(row, _ids.AsSpan(0, length), label);
    }

    /// <inheritdoc/>
    protected override Tensor Logits(ClassBatch batch) => _network.Forward(batch.Symbols(device), batch.LengthTensor(device));

    /// <inheritdoc/>
    protected override IEnumerable<string[]> Inputs(PredictionRequest request) => request.Lines().Select(line => Words.Of(line.Text));

    /// <inheritdoc/>
    public override IReadOnlyList<TaskPicture> Pictures(TaskData data)
    {
        if (settings.Get(EncoderSettings.Pool) != "attention") { return base.Pictures(data); }
        ClassSample<string[]>[] samples = [.. ((ClassData<string[]>)data).Samples.Where(sample => sample.Input.Length is > 0 and <= PicturedWords).Take(PicturedTexts)];
        return samples.Length == 0
            ? base.Pictures(data)
            : [.. base.Pictures(data), new AttentionPicture("attention", "What the verdict rests on", [.. samples.Select(Look)])];
    }

    private AttentionText Look(ClassSample<string[]> sample)
    {
        float[] probabilities = Probabilities(sample.Input);
        int best = Array.IndexOf(probabilities, probabilities.Max()), length = Length(sample.Input);
        var batch = new ClassBatch();
        batch.Resize(1, length, 0);
        Fill(batch, 0, sample.Input, -1);
        using NoGradScope scope = device.NoGrad();
        float[] weights = _network.Attention(batch.Symbols(device), batch.LengthTensor(device)).ToArray();
        return new AttentionText(
            $"true {sample.Label}, said {Labels.Names[best]} with {probabilities[best]:P0}", sample.Input[^length..], [.. weights.Take(length).Select(w => (double)w)]);
    }
}
