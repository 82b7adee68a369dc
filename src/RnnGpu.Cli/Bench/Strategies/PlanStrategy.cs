using RnnGpu.Core;
using RnnGpu.Cuda;

namespace RnnGpu.Cli.Bench;

/// <summary>The scheduler's own way: <see cref="RnnPlan"/>.</summary>
/// <param name="name">Name.</param>
/// <param name="description">For people.</param>
/// <param name="options">How a GPU runs loops; null: as it likes, and a CPU runs them too.</param>
/// <param name="whole">Whether all steps are one chunk.</param>
internal sealed class PlanStrategy(string name, string description, CudaOptions? options = null, bool whole = false) : BenchStrategy
{
    public override string Name => name;

    public override string Description => description;

    public override CudaOptions Options => options ?? base.Options;

    public override bool NeedsGpu => options is not null;

    public override string? Refusal(IBackend backend, BenchShape shape, bool training)
    {
        if (options?.Strategy != CudaStrategy.Persistent || backend is not CudaBackend cuda) { return null; }
        var problem = new RecurrentProblem(shape.Cell, shape.Hidden, shape.Batch, shape.Steps, training);
        return cuda.RunsPersistently(problem, backward: false) || (training && cuda.RunsPersistently(problem, backward: true)) ? null : "the weights do not fit on the chip";
    }

    public override BenchRun Prepare(IBackend backend, BenchData data, bool training, int sets) => new PlanRun(backend, data, training, sets, whole);
}

/// <summary>A plan with its memory. Training packs the weights, which an update has changed, and assigns all gradients.</summary>
internal sealed class PlanRun : BenchRun
{
    private readonly IBackend _backend;
    private readonly RnnPlan _plan;
    private readonly List<IDeviceBuffer> _buffers = [];
    private readonly RnnLayerTensors[] _weights;
    private readonly RnnLayerTensors[] _gradients;
    private readonly RnnForwardCall[] _forward;
    private readonly RnnBackwardCall[] _backward;
    private readonly MemoryRegion _packed;
    private readonly string _how;
    private long _bytes;

    public PlanRun(IBackend backend, BenchData data, bool training, int sets, bool whole)
    {
        _backend = backend;
        BenchShape shape = data.Shape;
        RnnSpec spec = shape.Spec;
        _plan = RnnPlan.Create(backend, spec, new RnnPlanOptions
        {
            Batch = shape.Batch,
            Steps = shape.Steps,
            Training = training,
            InputGradient = training,
            ChunkSteps = whole ? shape.Steps : null,
        });
        _how = backend.DescribeRecurrent(new RecurrentProblem(shape.Cell, shape.Hidden, shape.Batch, _plan.ChunkSteps, training));
        try
        {
            _weights = Layers(spec, (layer, kind) => Put(data.Parameters[(layer * BenchData.Kinds) + kind], BenchData.ShapeOf(spec, layer / spec.Directions, kind)));
            _gradients = training ? Layers(spec, (layer, kind) => Space(BenchData.ShapeOf(spec, layer / spec.Directions, kind))) : [];
            _packed = Region(_plan.PackedBytes);
            MemoryRegion reserve = Region(_plan.ReserveBytes), workspace = Region(_plan.WorkspaceBytes);
            TensorView lengths = data.Lengths is null ? default : Put(data.Lengths, new Shape(shape.Batch));
            TensorView resets = data.Resets is null ? default : Put(data.Resets, new Shape(shape.Steps, shape.Batch));
            Shape input = new(shape.Steps, shape.Batch, shape.Input), output = new(shape.Steps, shape.Batch, spec.OutputSize);
            _forward = new RnnForwardCall[sets];
            _backward = new RnnBackwardCall[training ? sets : 0];
            for (int set = 0; set < sets; set++)
            {
                _forward[set] = new RnnForwardCall
                {
                    X = Put(data.X, input),
                    Y = Space(output),
                    Lengths = lengths,
                    Resets = resets,
                    Reserve = reserve,
                    Workspace = workspace,
                };
                if (training) { _backward[set] = new RnnBackwardCall { Forward = _forward[set], DY = Put(data.DY, output), DX = Space(input) }; }
            }

            _bytes -= (sets - 1) * BenchStrategy.SetBytes(shape, training);
            _plan.Pack(_weights, _packed);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public override long PeakBytes => _bytes;

    public override string How => _how;

    public override void Iterate(int set)
    {
        if (_backward.Length == 0)
        {
            _plan.Forward(_forward[set]);
            return;
        }

        _plan.Pack(_weights, _packed);
        _plan.Forward(_forward[set]);
        foreach (RnnLayerTensors gradient in _gradients)
        {
            _backend.Fill(0f, gradient.WeightIh);
            _backend.Fill(0f, gradient.WeightHh);
            _backend.Fill(0f, gradient.BiasIh);
            _backend.Fill(0f, gradient.BiasHh);
        }

        _plan.Backward(_backward[set], _gradients);
    }

    public override BenchOutputs Read(int set) => _backward.Length == 0
        ? new BenchOutputs(Get(_forward[set].Y), null, null)
        : new BenchOutputs(
            Get(_forward[set].Y),
            Get(_backward[set].DX),
            [.. _gradients.SelectMany(gradient => new[] { Get(gradient.WeightIh), Get(gradient.WeightHh), Get(gradient.BiasIh), Get(gradient.BiasHh) })]);

    public override void Dispose()
    {
        foreach (IDeviceBuffer buffer in _buffers) { buffer.Dispose(); }
        _buffers.Clear();
    }

    private static RnnLayerTensors[] Layers(RnnSpec spec, Func<int, int, TensorView> make) =>
        [.. Enumerable.Range(0, spec.Layers * spec.Directions).Select(layer => new RnnLayerTensors(make(layer, 0), make(layer, 1), make(layer, 2), make(layer, 3)))];

    private TensorView Put<T>(T[] values, Shape shape)
        where T : unmanaged
    {
        var view = new TensorView(Buffer(shape.Length * 4), 0, shape, DTypes.Of<T>());
        _backend.Upload<T>(values, view);
        return view;
    }

    private TensorView Space(Shape shape)
    {
        var view = new TensorView(Buffer(shape.Length * 4), 0, shape);
        _backend.Fill(float.NaN, view);
        return view;
    }

    private MemoryRegion Region(long bytes) => bytes == 0 ? default : new MemoryRegion(Buffer(bytes));

    private IDeviceBuffer Buffer(long bytes)
    {
        IDeviceBuffer buffer = _backend.Allocate(bytes);
        _buffers.Add(buffer);
        _bytes += bytes;
        return buffer;
    }

    private float[] Get(in TensorView view)
    {
        var values = new float[view.Length];
        _backend.Download<float>(view, values);
        return values;
    }
}
