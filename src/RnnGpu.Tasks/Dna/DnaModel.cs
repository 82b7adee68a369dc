using RnnGpu.Core;
using RnnGpu.Nn;
using RnnGpu.Nn.Data;
using RnnGpu.Tasks.Classification;
using RnnGpu.Tasks.Frame;

namespace RnnGpu.Tasks.Dna;

/// <summary>The network: <c>logits = output(dropout(encoder(dropout(embedding(words) + place))))</c>, the place's vector only where settings ask for it.</summary>
public sealed class DnaNetwork : Module
{
    private readonly Embedding _embedding;
    private readonly Embedding? _places;
    private readonly Dropout _inputDropout;
    private readonly PooledEncoder _encoder;
    private readonly Dropout _dropout;
    private readonly Dense _output;

    /// <summary>A new network.</summary>
    /// <param name="device">Where its parameters live.</param>
    /// <param name="settings">Sizes.</param>
    /// <param name="classes">C.</param>
    public DnaNetwork(Device device, Settings settings, int classes)
        : base(device)
    {
        int size = settings.Get(DnaTask.Embedding);
        float dropout = (float)settings.Get(EncoderSettings.Dropout);
        _embedding = AddModule("embedding", new Embedding(device, Letters.Words(settings.Get(DnaTask.K)), size));
        if (settings.Get(DnaTask.Places)) { _places = AddModule("places", new Embedding(device, settings.Get(DnaTask.MaxLetters), size)); }
        _inputDropout = AddModule("input_dropout", new Dropout(device, dropout / 2));
        _encoder = AddModule("encoder", new PooledEncoder(device, size, settings));
        _dropout = AddModule("dropout", new Dropout(device, dropout));
        _output = AddModule("output", new Dense(device, _encoder.Outputs, classes));
    }

    /// <summary>Scores of the classes <c>[B, C]</c>.</summary>
    /// <param name="words">Integers <c>[T, B]</c>.</param>
    /// <param name="places">Integers <c>[T]</c>: 0, 1, .. T - 1.</param>
    /// <param name="lengths">Integers <c>[B]</c>.</param>
    public Tensor Forward(Tensor words, Tensor places, Tensor lengths)
    {
        Tensor x = _embedding.Forward(words);
        if (_places is not null) { x += _places.Forward(places.Reshape(places.Shape[0], 1)); }
        return _output.Forward(_dropout.Forward(_encoder.Forward(_inputDropout.Forward(x), lengths)));
    }
}

/// <summary>A model of sequences with its classes.</summary>
public sealed class DnaModel(Device device, Settings settings, LabelSet labels) : ClassModel<string>(labels)
{
    private readonly DnaNetwork _network = new(device, settings, labels.Count);
    private readonly int _k = settings.Get(DnaTask.K);
    private readonly int _maxLetters = settings.Get(DnaTask.MaxLetters);
    private int[] _words = [];
    private int[] _places = [];

    /// <inheritdoc/>
    public override Module Network => _network;

    /// <inheritdoc/>
    protected override string Unit => "letters";

    /// <inheritdoc/>
    protected override int Features => 0;

    /// <inheritdoc/>
    protected override int Length(string input) => Letters.Count(Math.Min(input.Length, _maxLetters), _k);

    /// <inheritdoc/>
    protected override void Fill(ClassBatch batch, int row, string input, int label)
    {
        int count = Length(input);
        if (_words.Length < count) { _words = new int[count]; }
        Letters.Write(input.AsSpan(0, Math.Min(input.Length, _maxLetters)), _k, _words);
        batch.Set(row, _words.AsSpan(0, count), label);
    }

    /// <inheritdoc/>
    protected override Tensor Logits(ClassBatch batch)
    {
        // Padding beyond the last place there is takes that one's vector: it counts for nothing.
        if (_places.Length < batch.Steps) { _places = [.. Enumerable.Range(0, batch.Steps).Select(t => Math.Min(t, _maxLetters - 1))]; }
        return _network.Forward(batch.Symbols(device), device.Tensor(_places.AsSpan(0, batch.Steps), new Shape(batch.Steps)), batch.LengthTensor(device));
    }

    /// <inheritdoc/>
    protected override IEnumerable<string> Inputs(PredictionRequest request) => SequenceTable.ReadUnlabelled(request.Lines());
}
