using RnnGpu.Core;

namespace RnnGpu.Tests.Contract;

/// <summary>How outputs and their gradients are given to a recurrent operation.</summary>
public enum OutputKind
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>Dense rows.</summary>
    Dense,

    /// <summary>As one half of a bidirectional output: rows 2H + 3 apart.</summary>
    Strided,
}

/// <summary>Runs a <see cref="RecurrentCase"/> forward and back on a backend, whole or cut into chunks, and holds what it left.</summary>
public sealed class RecurrentRun : IDisposable
{
    private readonly IBackend _backend;
    private readonly RecurrentCase _case;
    private readonly int[] _cuts;
    private readonly GuardedTensors _tensors;
    private readonly List<Part> _parts = [];
    private readonly TensorView _packed;
    private readonly TensorView _bias;
    private readonly TensorView _lengths;
    private readonly GuardedTensor _workspace;
    private readonly OutputKind _output;
    private readonly GuardedTensor _dh;
    private readonly GuardedTensor? _dc;
    private readonly GuardedTensor? _y;
    private readonly GuardedTensor? _dy;

    private sealed record Part(int Start, int Steps, GuardedTensor Gates, GuardedTensor? Extra, GuardedTensor H, GuardedTensor? C, RecurrentChunk Chunk);

    /// <param name="cuts">Steps of each chunk; their sum is the case's.</param>
    public RecurrentRun(IBackend backend, RecurrentCase x, int[] cuts, OutputKind output = OutputKind.Dense, bool training = true)
    {
        (_backend, _case, _cuts, _output) = (backend, x, cuts, output);
        _tensors = new GuardedTensors(backend);
        int longest = cuts.Max(), hidden = x.Hidden;
        var problem = new RecurrentProblem(x.Cell, hidden, x.Batch, longest, training);
        Xunit.Assert.True(backend.Supports(problem), $"{backend.Name} does not support {problem}");
        TensorView weights = _tensors.Source("weight_hh", x.Weights, x.Gates * hidden, hidden).View;
        _packed = _tensors.Scratch("packed weights", backend.PackedRecurrentBytes(problem)).View;
        backend.PackRecurrent(weights, problem, _packed);
        _workspace = _tensors.Scratch("workspace", backend.RecurrentWorkspaceBytes(problem));
        _bias = x.RecurrentBias.Length == 0 ? default : _tensors.Source("b_hn", x.RecurrentBias, hidden).View;
        _lengths = x.Lengths is null ? default : _tensors.Source("lengths", x.Lengths, x.Batch).View;
        int rows = x.Steps * x.Batch, stride = output == OutputKind.Strided ? (2 * hidden) + 3 : hidden;
        if (output != OutputKind.None)
        {
            _y = _tensors.Matrix("y", Access.Destination, [], rows, hidden, stride);
            _dy = _tensors.Matrix("dy", Access.Source, x.Dy, rows, hidden, stride);
        }

        _dh = _tensors.Updated("dh", x.DhLast, x.Batch, hidden);
        _dc = x.HasCellState ? _tensors.Updated("dc", x.DcLast, x.Batch, hidden) : null;
        int start = 0;
        foreach (int steps in cuts)
        {
            _parts.Add(MakePart(start, steps));
            start += steps;
        }

        if (x.Reverse) { _parts.Reverse(); }
    }

    private Part MakePart(int start, int steps)
    {
        RecurrentCase x = _case;
        int wide = x.Gates * x.Hidden, batch = x.Batch, hidden = x.Hidden;
        ReadOnlySpan<float> pre = x.Pre.AsSpan(start * batch * wide, steps * batch * wide);
        GuardedTensor gates = _tensors.Updated($"gates from {start}", pre, steps, batch, wide);
        GuardedTensor? extra = x.HasExtra ? _tensors.Destination($"extra from {start}", steps, batch, hidden) : null;
        GuardedTensor h = _tensors.Destination($"h from {start}", steps + 1, batch, hidden);
        GuardedTensor? c = x.HasCellState ? _tensors.Destination($"c from {start}", steps + 1, batch, hidden) : null;
        TensorView resets = x.Resets is null
            ? default
            : _tensors.Source($"resets from {start}", x.Resets.AsSpan(start * batch, steps * batch), steps, batch).View;
        var chunk = new RecurrentChunk
        {
            Cell = x.Cell,
            Hidden = hidden,
            Batch = batch,
            Steps = steps,
            StepOffset = start,
            Reverse = x.Reverse,
            Gates = gates.View,
            Extra = extra?.View ?? default,
            H = h.View,
            C = c?.View ?? default,
            Lengths = _lengths,
            Resets = resets,
        };
        return new Part(start, steps, gates, extra, h, c, chunk);
    }

    /// <summary>All chunks in the order of processing; each one's entering slot is what left the one before.</summary>
    public void Forward()
    {
        RecurrentCase x = _case;
        float[] h = x.H0, c = x.C0;
        foreach (Part part in _parts)
        {
            int entry = x.Reverse ? part.Steps : 0, exit = part.Steps - entry;
            Enter(part.H, entry, h);
            if (part.C is not null) { Enter(part.C, entry, c); }
            int rows = part.Steps * x.Batch;
            _backend.RecurrentForward(
                part.Chunk, _packed, _bias, _workspace.View, _y is null ? default : _y.Matrix.RowRange(part.Start * x.Batch, rows));
            h = Slot(part.H.Floats(), exit);
            c = part.C is null ? [] : Slot(part.C.Floats(), exit);
            _tensors.Check($"{x} forward");
        }

        (LastH, LastC) = (h, c);
        Gates = Join(part => part.Gates);
        Extra = x.HasExtra ? Join(part => part.Extra!) : [];
        Y = _y?.Floats() ?? [];
        H = JoinSlots(part => part.H);
        C = x.HasCellState ? JoinSlots(part => part.C!) : [];
    }

    /// <summary>All chunks back, after <see cref="Forward"/>.</summary>
    public void Backward(bool withDy = true)
    {
        RecurrentCase x = _case;
        for (int i = _parts.Count - 1; i >= 0; i--)
        {
            Part part = _parts[i];
            MatrixView dy = _dy is null || !withDy ? default : _dy.Matrix.RowRange(part.Start * x.Batch, part.Steps * x.Batch);
            float[] h = part.H.Floats(), c = part.C?.Floats() ?? [];
            _backend.RecurrentBackward(part.Chunk, _packed, dy, _workspace.View, _dh.View, _dc?.View ?? default);
            _tensors.Check($"{x} backward");
            Compare.Bits($"{x}: h after backward", h, part.H.Floats());
            if (part.C is not null) { Compare.Bits($"{x}: c after backward", c, part.C.Floats()); }
        }

        DGates = Join(part => part.Gates);
        DExtra = x.HasExtra ? Join(part => part.Extra!) : [];
        Dh = _dh.Floats();
        Dc = _dc?.Floats() ?? [];
    }

    /// <summary>What it runs.</summary>
    public RecurrentCase Case => _case;

    public float[] Gates { get; private set; } = [];

    public float[] Extra { get; private set; } = [];

    /// <summary><c>[T+1, B, H]</c>, as one run over the whole leaves it.</summary>
    public float[] H { get; private set; } = [];

    public float[] C { get; private set; } = [];

    public float[] Y { get; private set; } = [];

    public float[] LastH { get; private set; } = [];

    public float[] LastC { get; private set; } = [];

    public float[] DGates { get; private set; } = [];

    public float[] DExtra { get; private set; } = [];

    public float[] Dh { get; private set; } = [];

    public float[] Dc { get; private set; } = [];

    public void Dispose() => _tensors.Dispose();

    /// <inheritdoc/>
    public override string ToString() => $"{_case} in chunks of {string.Join(", ", _cuts)}, output {_output}";

    private void Enter(GuardedTensor slots, int entry, float[] state)
    {
        float[] all = slots.Floats();
        Array.Copy(state, 0, all, entry * state.Length, state.Length);
        slots.Set(all);
    }

    private float[] Slot(float[] slots, int index)
    {
        int state = _case.Batch * _case.Hidden;
        return slots[(index * state)..((index + 1) * state)];
    }

    private float[] Join(Func<Part, GuardedTensor> of) => [.. _parts.OrderBy(part => part.Start).SelectMany(part => of(part).Floats())];

    /// <summary>Where two chunks meet, the slot of the one that ran later counts: it knows its first step's resets.</summary>
    private float[] JoinSlots(Func<Part, GuardedTensor> of)
    {
        int state = _case.Batch * _case.Hidden;
        var all = new float[(_case.Steps + 1) * state];
        foreach (Part part in _parts) { of(part).Floats().CopyTo(all, part.Start * state); }
        return all;
    }
}
