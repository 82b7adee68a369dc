using RnnGpu.Core;
using RnnGpu.Nn;

namespace RnnGpu.Cli.Bench;

/// <summary>The equations written in single operations of <see cref="Tensor"/>, run back by the tape: what a fused loop replaces.</summary>
/// <param name="name">Name.</param>
/// <param name="description">For people.</param>
/// <param name="perGate">A product for each gate, at each step; else the input projections of all steps are one, and the gates of a step.</param>
internal sealed class TapeStrategy(string name, string description, bool perGate) : BenchStrategy
{
    public override string Name => name;

    public override string Description => description;

    public override BenchRun Prepare(IBackend backend, BenchData data, bool training, int sets) => new TapeRun(backend, data, training, sets, perGate);
}

/// <summary>A stack of <see cref="TapeLayer"/>s with its memory.</summary>
internal sealed class TapeRun : BenchRun
{
    private readonly Device _device;
    private readonly BenchShape _shape;
    private readonly bool _training;
    private readonly TapeLayer[] _layers;
    private readonly Tensor[] _x;
    private readonly Tensor[] _dy;
    private readonly long _extraBytes;
    private Tensor _y;

    public TapeRun(IBackend backend, BenchData data, bool training, int sets, bool perGate)
    {
        _shape = data.Shape;
        _training = training;
        _device = new Device(backend, ownsBackend: false);
        try
        {
            RnnSpec spec = _shape.Spec;
            var masks = new TapeMasks(_device, data);
            _layers = [.. Enumerable.Range(0, spec.Layers * spec.Directions).Select(i => new TapeLayer(_device, data, i, perGate, masks))];
            Shape input = new(_shape.Steps, _shape.Batch, _shape.Input), output = new(_shape.Steps, _shape.Batch, spec.OutputSize);
            _x = [.. Enumerable.Range(0, sets).Select(_ => _device.Tensor(data.X, input, requiresGrad: training).Keep())];
            _dy = training ? [.. Enumerable.Range(0, sets).Select(_ => _device.Tensor(data.DY, output).Keep())] : [];

            // An iteration leaves gradients of its own set only; the others' inputs are what a program without rotation would not have.
            _extraBytes = (sets - 1) * (((long)data.X.Length * (training ? 2 : 1)) + (training ? data.DY.Length : 0)) * sizeof(float);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public override long PeakBytes => _device.PeakBytes - _extraBytes;

    public override void Iterate(int set)
    {
        if (!_y.IsEmpty) { _y.Release(); }
        _y = default;
        if (!_training)
        {
            using (_device.NoGrad()) { _y = Forward(_x[set]).Keep(); }
            return;
        }

        foreach (TapeLayer layer in _layers) { layer.ZeroGrad(); }
        _x[set].ZeroGrad();
        _y = Forward(_x[set]).Keep();
        _y.Backward(_dy[set]);
    }

    public override BenchOutputs Read(int set) => _training
        ? new BenchOutputs(_y.ToArray(), _x[set].Grad.ToArray(), [.. _layers.SelectMany(layer => layer.Gradients())])
        : new BenchOutputs(_y.ToArray(), null, null);

    public override void Dispose() => _device.Dispose();

    private Tensor Forward(Tensor x)
    {
        int directions = _shape.Spec.Directions;
        for (int layer = 0; layer < _shape.Layers; layer++)
        {
            Tensor y = _layers[layer * directions].Forward(x, reverse: false);
            x = directions == 1 ? y : Tensor.Concat(2, y, _layers[(layer * directions) + 1].Forward(x, reverse: true));
        }

        return x;
    }
}
