using RnnGpu.Core;

namespace RnnGpu.Tests.Contract;

/// <summary>How a <see cref="PlanRun"/> uses its plan.</summary>
public sealed record PlanUse
{
    public int? Chunk { get; init; }

    public int? Span { get; init; }

    public long? Budget { get; init; }

    public bool Training { get; init; } = true;

    public bool? SideBySide { get; init; }

    public float Dropout { get; init; }

    public RandomKey DropoutKey { get; init; }

    /// <summary>Whether outputs, final states and their gradients take part.</summary>
    public bool WithOutputs { get; init; } = true;

    public bool WithLastStates { get; init; } = true;

    /// <summary>Whether gradients of the input, the initial states and the parameters are wanted.</summary>
    public bool WithInputGradient { get; init; } = true;

    public bool WithParameterGradients { get; init; } = true;

    /// <summary>Final states go where the initial ones came from.</summary>
    public bool StatesInPlace { get; init; }

    /// <inheritdoc/>
    public override string ToString() =>
        $"{(Training ? "training" : "inference")}, chunks of {Chunk?.ToString() ?? "any"}, spans of {Span?.ToString() ?? "all"}"
        + (Budget is null ? "" : $", budget {Budget}") + (SideBySide is { } beside ? (beside ? ", side by side" : ", in turn") : "") + (Dropout > 0 ? $", dropout {Dropout}" : "")
        + (WithOutputs ? "" : ", no outputs") + (WithLastStates ? "" : ", no last states") + (WithInputGradient ? "" : ", no input gradient")
        + (WithParameterGradients ? "" : ", no parameter gradients") + (StatesInPlace ? ", states in place" : "");
}

/// <summary>A <see cref="StackProblem"/> through <see cref="RnnPlan"/>: forward at once, backward on request. Every tensor and region is guarded.</summary>
public sealed class PlanRun : IDisposable
{
    private readonly GuardedTensors _tensors;
    private readonly StackProblem _problem;
    private readonly PlanUse _use;
    private readonly RnnForwardCall _call;
    private readonly RnnLayerTensors[] _gradients;
    private readonly GuardedTensor[] _gradientTensors = [];
    private readonly GuardedTensor? _y;
    private readonly GuardedTensor? _h;
    private readonly GuardedTensor? _c;
    private readonly string _context;

    public PlanRun(IBackend backend, StackProblem problem, PlanUse use, string context)
    {
        (_problem, _use, _context) = (problem, use, $"{context}, {use}");
        _tensors = new GuardedTensors(backend);
        StackReference s = problem.Stack;
        Spec = new RnnSpec
        {
            Cell = s.Cell,
            InputSize = s.Input,
            HiddenSize = s.Hidden,
            Layers = s.Layers,
            Bidirectional = s.Directions == 2,
            Dropout = use.Dropout,
        };
        Plan = RnnPlan.Create(backend, Spec, new RnnPlanOptions
        {
            Batch = s.Batch,
            Steps = s.Steps,
            Training = use.Training,
            InputGradient = use.Training && use.WithInputGradient,
            ChunkSteps = use.Chunk,
            SpanSteps = use.Span,
            MemoryBudget = use.Budget,
            SideBySide = use.SideBySide,
        });
        int count = s.Layers * s.Directions, gh = Spec.GateSize;
        int[] states = [count, s.Batch, s.Hidden];
        var weights = new RnnLayerTensors[count];
        _gradients = new RnnLayerTensors[count];
        if (use.Training) { _gradientTensors = new GuardedTensor[4 * count]; }
        for (int i = 0; i < count; i++)
        {
            int[][] shapes = [[gh, Spec.LayerInputSize(i / s.Directions)], [gh, s.Hidden], [gh], [gh]];
            TensorView Of(int p) => Source(s.Parameters[i].All[p].Kind, s.Parameters[i].All[p].Values, shapes[p]);
            weights[i] = new RnnLayerTensors(Of(0), Of(1), Of(2), Of(3));
            if (!use.Training || !use.WithParameterGradients) { continue; }
            for (int p = 0; p < 4; p++)
            {
                _gradientTensors[(4 * i) + p] = _tensors.Updated($"gradient {p} of {i}", OldGradient(i, p), shapes[p]);
            }

            TensorView GradientOf(int p) => _gradientTensors[(4 * i) + p].View;
            _gradients[i] = new RnnLayerTensors(GradientOf(0), GradientOf(1), GradientOf(2), GradientOf(3));
        }

        MemoryRegion packed = Region("packed weights", Plan.PackedBytes);
        Plan.Pack(weights, packed);
        _y = use.WithOutputs ? _tensors.Destination("y", s.Steps, s.Batch, Spec.OutputSize) : null;
        StackInput x = problem.Input;
        bool inPlace = use.StatesInPlace && x.H0 is not null;
        GuardedTensor? h0 = x.H0 is null ? null : State("h0", x.H0), c0 = x.C0 is null ? null : State("c0", x.C0);
        _h = !use.WithLastStates ? null : inPlace ? h0 : _tensors.Destination("hT", states);
        _c = !use.WithLastStates || !Layouts.HasCellState(s.Cell) ? null : inPlace ? c0 : _tensors.Destination("cT", states);
        _call = new RnnForwardCall
        {
            X = Source("x", x.X, s.Steps, s.Batch, s.Input),
            Lengths = x.Lengths is null ? default : _tensors.Source("lengths", x.Lengths, s.Batch).View,
            Resets = x.Resets is null ? default : _tensors.Source("resets", x.Resets, s.Steps, s.Batch).View,
            H0 = h0?.View ?? default,
            C0 = c0?.View ?? default,
            Y = _y?.View ?? default,
            HT = _h?.View ?? default,
            CT = _c?.View ?? default,
            Reserve = Region("reserve", Plan.ReserveBytes),
            Workspace = Region("workspace", Plan.WorkspaceBytes),
            DropoutKey = use.DropoutKey,
        };
        Plan.Forward(_call);
        (Y, LastH, LastC) = (_y?.Floats() ?? [], _h?.Floats() ?? [], _c?.Floats() ?? []);
        _tensors.Check($"{_context} forward");

        GuardedTensor State(string name, double[] values) => use.StatesInPlace
            ? _tensors.Updated(name, Narrow(values), states)
            : _tensors.Source(name, Narrow(values), states);
    }

    public RnnSpec Spec { get; }

    public RnnPlan Plan { get; }

    public float[] Y { get; }

    public float[] LastH { get; }

    public float[] LastC { get; }

    public float[] Dx { get; private set; } = [];

    public float[] Dh0 { get; private set; } = [];

    public float[] Dc0 { get; private set; } = [];

    /// <summary>Index: 4 * (layer * directions + direction) + parameter; with the old values that they were added to.</summary>
    public float[][] Gradients { get; private set; } = [];

    /// <summary>What a parameter's gradient held before: gradients accumulate.</summary>
    public float[] OldGradient(int index, int parameter) =>
        new TestData((ulong)((index * 4) + parameter)).Uniform(_problem.Stack.Parameters[index].All[parameter].Values.Length);

    public void Backward()
    {
        StackReference s = _problem.Stack;
        int[] states = [s.Layers * s.Directions, s.Batch, s.Hidden];
        bool cells = Layouts.HasCellState(s.Cell);
        GuardedTensor? dx = _use.WithInputGradient ? _tensors.Destination("dx", s.Steps, s.Batch, s.Input) : null;
        GuardedTensor? dh0 = _use.WithInputGradient ? _tensors.Destination("dh0", states) : null;
        GuardedTensor? dc0 = _use.WithInputGradient && cells ? _tensors.Destination("dc0", states) : null;
        var call = new RnnBackwardCall
        {
            Forward = _call,
            DY = _use.WithOutputs ? Source("dy", _problem.LossY, s.Steps, s.Batch, Spec.OutputSize) : default,
            DHT = _use.WithLastStates ? Source("dhT", _problem.LossH, states) : default,
            DCT = _use.WithLastStates && cells ? Source("dcT", _problem.LossC, states) : default,
            DX = dx?.View ?? default,
            DH0 = dh0?.View ?? default,
            DC0 = dc0?.View ?? default,
        };
        Plan.Backward(call, _gradients);
        _tensors.Check($"{_context} backward");
        (Dx, Dh0, Dc0) = (dx?.Floats() ?? [], dh0?.Floats() ?? [], dc0?.Floats() ?? []);
        if (_use.WithParameterGradients) { Gradients = Array.ConvertAll(_gradientTensors, tensor => tensor.Floats()); }
    }

    public void Dispose() => _tensors.Dispose();

    /// <inheritdoc/>
    public override string ToString() => _context;

    private TensorView Source(string name, double[] values, params ReadOnlySpan<int> shape) => _tensors.Source(name, Narrow(values), shape).View;

    private MemoryRegion Region(string name, long bytes)
    {
        TensorView view = _tensors.Scratch(name, bytes).View;
        return new MemoryRegion(view.Buffer, view.Offset, view.Length);
    }

    /// <summary>Data are floats to begin with, so nothing is lost.</summary>
    private static float[] Narrow(double[] values) => Array.ConvertAll(values, value => (float)value);
}
