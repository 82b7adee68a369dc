using RnnGpu.Core;
using RnnGpu.Nn;
using RnnGpu.Nn.Data;
using RnnGpu.Tasks.Classification;
using RnnGpu.Tasks.Frame;

namespace RnnGpu.Tasks.ClassifySeries;

/// <summary>The network of tasks over numbers: <c>logits = output(dropout(encoder(x)))</c>.</summary>
public sealed class SeriesNetwork : Module
{
    private readonly PooledEncoder _encoder;
    private readonly Dropout _dropout;
    private readonly Dense _output;

    /// <summary>A new network.</summary>
    /// <param name="device">Where its parameters live.</param>
    /// <param name="settings">Sizes.</param>
    /// <param name="features">F.</param>
    /// <param name="classes">C.</param>
    public SeriesNetwork(Device device, Settings settings, int features, int classes)
        : base(device)
    {
        _encoder = AddModule("encoder", new PooledEncoder(device, features, settings));
        _dropout = AddModule("dropout", new Dropout(device, (float)settings.Get(EncoderSettings.Dropout)));
        _output = AddModule("output", new Dense(device, _encoder.Outputs, classes));
    }

    /// <summary>Scores of the classes <c>[B, C]</c>.</summary>
    /// <param name="input"><c>[T, B, F]</c>.</param>
    /// <param name="lengths">Integers <c>[B]</c>.</param>
    public Tensor Forward(Tensor input, Tensor lengths) => _output.Forward(_dropout.Forward(_encoder.Forward(input, lengths)));
}

/// <summary>A model of series with its scaling and classes.</summary>
public sealed class SeriesModel(Device device, Settings settings, LabelSet labels, Scaling scaling) : ClassModel<Series>(labels)
{
    private readonly SeriesNetwork _network = new(device, settings, scaling.Features, labels.Count);
    private float[] _values = [];

    /// <inheritdoc/>
    public override Module Network => _network;

    /// <inheritdoc/>
    protected override string Unit => "steps";

    /// <inheritdoc/>
    protected override int Features => scaling.Features;

    /// <inheritdoc/>
    protected override int Length(Series input) => input.Features == scaling.Features
        ? input.Steps
        : throw new DataException($"a series of {input.Features} measurements a step, but the model was trained on {scaling.Features}");

    /// <inheritdoc/>
    protected override void Fill(ClassBatch batch, int row, Series input, int label)
    {
        if (_values.Length < input.Values.Length) { _values = new float[input.Values.Length]; }
        for (int i = 0; i < input.Values.Length; i++) { _values[i] = scaling.Apply(i % scaling.Features, input.Values[i]); }
        batch.Set(row, _values.AsSpan(0, input.Values.Length), label);
    }

    /// <inheritdoc/>
    protected override Tensor Logits(ClassBatch batch) => _network.Forward(batch.Values(device), batch.LengthTensor(device));

    /// <inheritdoc/>
    protected override IEnumerable<Series> Inputs(PredictionRequest request) =>
        request.Inputs.SelectMany(source => SeriesTask.ReadFile(source, settings, classWanted: false)).Select(sample => sample.Input);
}
