using RnnGpu.Core;
using RnnGpu.Nn;
using RnnGpu.Nn.Data;
using RnnGpu.Tasks.Classification;
using RnnGpu.Tasks.Frame;

namespace RnnGpu.Tasks.Intrusion;

/// <summary>
/// The network: a flow is read as a sequence of groups of features, <c>logits = output(dropout(encoder(x + place)))</c>; what a group means depends on its
/// place, so each has a learned vector added.
/// </summary>
public sealed class IntrusionNetwork : Module
{
    private readonly Dense _input;
    private readonly Parameter _places;
    private readonly PooledEncoder _encoder;
    private readonly Dropout _dropout;
    private readonly Dense _output;

    /// <summary>A new network.</summary>
    /// <param name="device">Where its parameters live.</param>
    /// <param name="settings">Sizes.</param>
    /// <param name="steps">T: padded steps.</param>
    /// <param name="group">Features a step.</param>
    /// <param name="classes">C.</param>
    public IntrusionNetwork(Device device, Settings settings, int steps, int group, int classes)
        : base(device)
    {
        int size = settings.Get(EncoderSettings.Hidden);
        _input = AddModule("input", new Dense(device, group, size));
        _places = AddParameter("places", new Shape(steps, 1, size));
        new NormalInit(0.5f).Apply(_places);
        _encoder = AddModule("encoder", new PooledEncoder(device, size, settings));
        _dropout = AddModule("dropout", new Dropout(device, (float)settings.Get(EncoderSettings.Dropout)));
        _output = AddModule("output", new Dense(device, _encoder.Outputs, classes));
    }

    /// <summary>Scores of the classes <c>[B, C]</c>.</summary>
    /// <param name="input"><c>[T, B, group]</c>.</param>
    /// <param name="lengths">Integers <c>[B]</c>.</param>
    public Tensor Forward(Tensor input, Tensor lengths)
    {
        Tensor x = (_input.Forward(input) + _places).Tanh();
        return _output.Forward(_dropout.Forward(_encoder.Forward(x, lengths)));
    }
}

/// <summary>A model of flows with their coding and classes.</summary>
public sealed class IntrusionModel : ClassModel<Flow>
{
    private readonly Device _device;
    private readonly Settings _settings;
    private readonly FlowCoding _coding;
    private readonly IntrusionNetwork _network;
    private readonly int _group;
    private readonly int _steps;
    private readonly float[] _values;

    /// <summary>A new model.</summary>
    public IntrusionModel(Device device, Settings settings, LabelSet labels, FlowCoding coding)
        : base(labels)
    {
        _device = device;
        _settings = settings;
        _coding = coding;
        _group = settings.Get(IntrusionTask.Group);
        _steps = (coding.Size + _group - 1) / _group;
        _values = new float[_steps * _group];
        _network = new IntrusionNetwork(device, settings, ClassBatch.Padded(_steps), _group, labels.Count);
    }

    /// <inheritdoc/>
    public override Module Network => _network;

    /// <inheritdoc/>
    protected override string Unit => "steps";

    /// <inheritdoc/>
    protected override int Features => _group;

    /// <inheritdoc/>
    protected override int Length(Flow input) => _steps;

    /// <inheritdoc/>
    protected override void Fill(ClassBatch batch, int row, Flow input, int label)
    {
        _coding.Write(input, _values.AsSpan(0, _coding.Size));
        batch.Set(row, _values, label);
    }

    /// <inheritdoc/>
    protected override Tensor Logits(ClassBatch batch) => _network.Forward(batch.Values(_device), batch.LengthTensor(_device));

    /// <inheritdoc/>
    protected override IEnumerable<Flow> Inputs(PredictionRequest request) =>
        request.Inputs.SelectMany(source => IntrusionTask.ReadFile(source, _settings, classWanted: false)).Select(sample => sample.Input);

    /// <inheritdoc/>
    protected override Loss MakeLoss(long[] counts, Settings settings)
    {
        float[] weights = settings.Get(IntrusionTask.ClassWeights) switch
        {
            "balanced" => ClassBalance.Weights(counts),
            "root" => ClassBalance.Weights(counts, power: 0.5),
            _ => [],
        };
        double gamma = settings.Get(IntrusionTask.Focal);
        return gamma > 0 ? new FocalLoss((float)gamma, classWeights: weights) : new SoftmaxCrossEntropy(classWeights: weights);
    }

    /// <inheritdoc/>
    protected override double Objective(ConfusionMatrix matrix, double nats) => 1 - matrix.MacroF1;
}
