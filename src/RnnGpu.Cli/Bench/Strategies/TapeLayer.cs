using RnnGpu.Core;
using RnnGpu.Nn;

namespace RnnGpu.Cli.Bench;

/// <summary>Rows that are active, and states that are kept, at each step: <c>[B, 1]</c> of ones and zeros, or nothing where all are.</summary>
internal sealed class TapeMasks
{
    public TapeMasks(Device device, BenchData data)
    {
        BenchShape shape = data.Shape;
        Tensor[] Make(Func<int, int, bool> one) => [.. Enumerable.Range(0, shape.Steps).Select(t => device.Tensor(
            [.. Enumerable.Range(0, shape.Batch).Select(b => one(t, b) ? 1f : 0f)], new Shape(shape.Batch, 1)).Keep())];
        if (data.Lengths is { } lengths) { Active = Make((t, b) => t < lengths[b]); }
        if (data.Resets is { } resets) { Kept = Make((t, b) => resets[(t * shape.Batch) + b] == 0); }
    }

    public Tensor[]? Active { get; }

    public Tensor[]? Kept { get; }
}

/// <summary>One direction of one layer, an operation at a time. Parameters lie in parts of whole gates, each with a product of its own.</summary>
internal sealed class TapeLayer
{
    private readonly Device _device;
    private readonly BenchShape _shape;
    private readonly TapeMasks _masks;
    private readonly bool _perGate;
    private readonly int[] _parts;
    private readonly Parameter[][] _parameters;
    private readonly Tensor[] _gates;
    private readonly Tensor[] _outputs;

    /// <param name="device">Where.</param>
    /// <param name="data">Parameters.</param>
    /// <param name="index">Layer and direction.</param>
    /// <param name="perGate">Whether every gate has products of its own.</param>
    /// <param name="masks">Lengths and resets.</param>
    public TapeLayer(Device device, BenchData data, int index, bool perGate, TapeMasks masks)
    {
        _device = device;
        _shape = data.Shape;
        _masks = masks;
        _perGate = perGate;
        RnnSpec spec = _shape.Spec;
        int gates = Layouts.Gates(spec.Cell);

        // The candidate of a GRU needs its recurrent product apart from its input's.
        int[] recurrent = perGate ? [.. Enumerable.Repeat(1, gates)] : Layouts.HasExtra(spec.Cell) ? [2, 1] : [gates];
        int[] input = perGate ? recurrent : [gates];
        _parts = recurrent;
        _gates = new Tensor[gates];
        _outputs = new Tensor[_shape.Steps];
        _parameters = [.. Enumerable.Range(0, BenchData.Kinds).Select(kind => Load(
            data.Parameters[(index * BenchData.Kinds) + kind], BenchData.ShapeOf(spec, index / spec.Directions, kind), kind % 2 == 0 ? input : recurrent))];
    }

    /// <summary><c>[T, B, F] -> [T, B, H]</c>.</summary>
    public Tensor Forward(Tensor x, bool reverse)
    {
        Tensor projected = _perGate ? default : x.Linear(_parameters[0][0].Value, _parameters[2][0].Value);
        Shape state = new(_shape.Batch, _shape.Hidden);
        Tensor h = _device.Zeros(state), c = Layouts.HasCellState(_shape.Cell) ? _device.Zeros(state) : default;
        for (int s = 0; s < _shape.Steps; s++)
        {
            int t = reverse ? _shape.Steps - 1 - s : s;
            Tensor entering = h, enteringC = c;
            if (_masks.Kept is { } kept)
            {
                entering *= kept[t];
                if (!c.IsEmpty) { enteringC *= kept[t]; }
            }

            (Tensor next, Tensor nextC) = Step(_perGate ? x[t] : projected[t], entering, enteringC);
            Tensor output = next;
            if (_masks.Active is { } active)
            {
                next = h + (active[t] * (next - h));
                if (!c.IsEmpty) { nextC = c + (active[t] * (nextC - c)); }
                output = next * active[t];
            }

            (h, c) = (next, nextC);
            _outputs[t] = output;
        }

        return Tensor.Concat(0, _outputs).Reshape(_shape.Steps, _shape.Batch, _shape.Hidden);
    }

    /// <summary>The next backward pass assigns the gradients.</summary>
    public void ZeroGrad()
    {
        foreach (Parameter[] parts in _parameters)
        {
            foreach (Parameter part in parts) { part.ZeroGrad(); }
        }
    }

    /// <summary>Gradients of weight_ih, weight_hh, bias_ih, bias_hh.</summary>
    public IEnumerable<float[]> Gradients() => _parameters.Select(parts => parts.SelectMany(part => part.GradientToArray()).ToArray());

    /// <summary>The cell, as <c>RnnGpu.Core/Cells</c> has it.</summary>
    /// <param name="x">The step's input, or its projection for all gates.</param>
    /// <param name="h">State that enters.</param>
    /// <param name="c">Cell state that enters, LSTM only.</param>
    private (Tensor H, Tensor C) Step(Tensor x, Tensor h, Tensor c)
    {
        bool gru = Layouts.HasExtra(_shape.Cell);
        int first = 0, sums = gru ? _parts.Length - 1 : _parts.Length;
        for (int part = 0; part < sums; part++)
        {
            Tensor sum = Input(x, part, first) + h.Linear(_parameters[1][part].Value, _parameters[3][part].Value);
            for (int gate = 0; gate < _parts[part]; gate++)
            {
                _gates[first + gate] = _parts[part] == 1 ? sum : sum.Slice(1, gate * _shape.Hidden, _shape.Hidden);
            }

            first += _parts[part];
        }

        switch (_shape.Cell)
        {
            case CellKind.Lstm:
                Tensor next = (_gates[1].Sigmoid() * c) + (_gates[0].Sigmoid() * _gates[2].Tanh());
                return (_gates[3].Sigmoid() * next.Tanh(), next);
            case CellKind.ElmanTanh:
                return (_gates[0].Tanh(), default);
            case CellKind.ElmanRelu:
                return (_gates[0].Relu(), default);
            default:
                Tensor r = _gates[0].Sigmoid(), z = _gates[1].Sigmoid(), weight = _parameters[1][^1].Value, bias = _parameters[3][^1].Value;
                Tensor product = _shape.Cell == CellKind.GruResetAfter ? r * h.Linear(weight, bias) : (r * h).Linear(weight, bias);
                Tensor n = (Input(x, sums, first) + product).Tanh();
                return (n + (z * (h - n)), default);
        }
    }

    /// <summary>W x + b of a part's gates.</summary>
    private Tensor Input(Tensor x, int part, int firstGate) =>
        _perGate ? x.Linear(_parameters[0][part].Value, _parameters[2][part].Value)
        : _parts.Length == 1 ? x
        : x.Slice(1, firstGate * _shape.Hidden, _parts[part] * _shape.Hidden);

    /// <summary>A parameter cut into parts of so many gates.</summary>
    private Parameter[] Load(float[] values, Shape shape, int[] parts)
    {
        var parameters = new Parameter[parts.Length];
        int row = 0, columns = shape.Rank == 2 ? shape.Columns : 1;
        for (int part = 0; part < parts.Length; part++)
        {
            int rows = parts[part] * _shape.Hidden;
            parameters[part] = new Parameter(_device, "", shape.Rank == 2 ? new Shape(rows, columns) : new Shape(rows));
            parameters[part].Load(values.AsSpan(row * columns, rows * columns));
            row += rows;
        }

        return parameters;
    }
}
