namespace RnnGpu.Core;

/// <summary>Consecutive rows of a batch.</summary>
/// <param name="First">The first one.</param>
/// <param name="Count">How many.</param>
public readonly record struct RowRange(int First, int Count);

/// <summary>
/// A stack in one direction, run one time step at a time for B rows whose states stay here: streaming. The operations are those of
/// <see cref="RnnPlan.Forward"/>, so T steps give the bits of one pass over T steps, and a row's bits do not depend on the other rows.
/// <para>
/// States lie in two slots that take turns: a step reads the present one and writes the other, and <see cref="Advance"/> makes that the present
/// one. So no state is copied, all views are made once, and a step that is not followed by <see cref="Advance"/> has changed nothing.
/// </para>
/// Nothing is allocated by a step.
/// </summary>
public sealed class RnnStepper
{
    private readonly IBackend _backend;
    private readonly RnnPlan _plan;
    private readonly Layer[] _layers;
    private readonly TensorView _workspace;
    private MemoryRegion _packed;
    private int _present;

    /// <summary>A stepper with states of zeros.</summary>
    /// <param name="plan">Of one step, for inference; weights that are packed for it, or taken by <see cref="RnnPlan.Use"/>, hold from the next step on.</param>
    /// <param name="memory">At least <see cref="RnnPlan.WorkspaceBytes"/> of the plan, kept for the stepper's life and used by nothing else.</param>
    /// <exception cref="ArgumentException">A plan for training or of several steps, a bidirectional stack, too little memory.</exception>
    public RnnStepper(RnnPlan plan, MemoryRegion memory)
    {
        ArgumentNullException.ThrowIfNull(plan);
        RnnSpec spec = plan.Spec;
        if (spec.Bidirectional) { throw new ArgumentException("a bidirectional stack reads the sequence from its end too: it cannot run step by step"); }
        if (plan.Options.Training || plan.Options.Steps != 1) { throw new ArgumentException("a stepper runs on a plan of one step for inference"); }
        if (memory.Elements * 4 < plan.WorkspaceBytes) { throw new ArgumentException($"the stepper needs {plan.WorkspaceBytes} bytes, not {memory.Elements * 4}"); }
        _plan = plan;
        _backend = plan.Backend;
        _layers = new Layer[spec.Layers];
        for (int i = 0; i < _layers.Length; i++) { _layers[i] = new Layer(plan, memory, i); }
        _workspace = plan.StepWorkspace(memory);
        Clear();
    }

    /// <summary>B.</summary>
    public int Batch => _plan.Options.Batch;

    /// <summary>Present states of a layer, <c>[B, H]</c>.</summary>
    public TensorView Hidden(int layer) => _layers[layer].H[_present];

    /// <summary>Present cell states of a layer, <c>[B, H]</c>; empty for cells without.</summary>
    public TensorView Cell(int layer) => _layers[layer].C[_present];

    /// <summary>What the last step wrote and <see cref="Advance"/> will make the present states of a layer, <c>[B, H]</c>.</summary>
    public TensorView NextHidden(int layer) => _layers[layer].H[1 - _present];

    /// <summary>All states back to zeros.</summary>
    public void Clear()
    {
        for (int i = 0; i < _layers.Length; i++)
        {
            _backend.Fill(0f, Hidden(i));
            if (!Cell(i).IsEmpty) { _backend.Fill(0f, Cell(i)); }
        }
    }

    /// <summary>One step. Reads the present states and writes the next ones, which <see cref="Advance"/> makes the present ones.</summary>
    /// <param name="x"><c>[B, I]</c>.</param>
    /// <param name="lengths">
    /// <c>[B]</c> int: 1 for rows that take the step, 0 for rows whose state stays as it is, bit for bit; empty: all take it.
    /// </param>
    /// <param name="rows">Ranges that hold all rows that take the step: the input's products of others are left out; none: all rows.</param>
    /// <param name="y">Out: <c>[B, H]</c>, the top layer's new state, 0 for rows that do not take the step; or empty.</param>
    /// <exception cref="ArgumentException">Shapes that do not fit.</exception>
    /// <exception cref="InvalidOperationException">No weights were packed.</exception>
    public void Step(in TensorView x, in TensorView lengths, ReadOnlySpan<RowRange> rows, in TensorView y)
    {
        Check(x, lengths, y);
        if (_packed != _plan.Packed) { Bind(); }
        for (int i = 0; i < _layers.Length; i++)
        {
            Layer layer = _layers[i];
            MatrixView input = i == 0 ? x.AsMatrix() : _layers[i - 1].H[1 - _present].AsMatrix();
            if (rows.IsEmpty) { Project(layer, input, layer.Gates); }
            foreach (RowRange range in rows)
            {
                Project(layer, input.RowRange(range.First, range.Count), layer.Gates.RowRange(range.First, range.Count));
            }

            bool top = i == _layers.Length - 1;
            MatrixView output = top && !y.IsEmpty ? y.AsMatrix() : default;
            ref RecurrentChunk chunk = ref layer.Chunks[_present];
            if (lengths.IsEmpty) { _backend.RecurrentForward(chunk, layer.PackedHh, layer.RecurrentBias, _workspace, output); }
            else { _backend.RecurrentForward(chunk with { Lengths = lengths }, layer.PackedHh, layer.RecurrentBias, _workspace, output); }
        }
    }

    /// <summary>Makes the states that the last step wrote the present ones.</summary>
    public void Advance() => _present = 1 - _present;

    private void Project(Layer layer, in MatrixView input, in MatrixView gates) => _backend.GemmPacked(
        input, layer.PackedIh, layer.Inputs, _plan.Spec.GateSize, layer.Bias, GemmActivation.None, accumulate: false, gates);

    private void Bind()
    {
        for (int i = 0; i < _layers.Length; i++) { _layers[i].Bind(_plan, i); }
        _packed = _plan.Packed;
    }

    private void Check(in TensorView x, in TensorView lengths, in TensorView y)
    {
        RnnSpec spec = _plan.Spec;
        if (_plan.Packed.Buffer is null) { throw new InvalidOperationException("the stepper's plan has no weights; call Pack first"); }
        if (x.IsEmpty || x.DType != DType.F32 || x.Shape.Rows != Batch || x.Shape.Columns != spec.InputSize)
        {
            throw new ArgumentException($"x of a step is [{Batch}, {spec.InputSize}], not {x}");
        }

        if (!lengths.IsEmpty && (lengths.DType != DType.I32 || lengths.Length != Batch)) { throw new ArgumentException($"lengths of a step are {Batch} ints, not {lengths}"); }
        if (!y.IsEmpty && (y.DType != DType.F32 || y.Shape.Rows != Batch || y.Shape.Columns != spec.OutputSize))
        {
            throw new ArgumentException($"y of a step is [{Batch}, {spec.OutputSize}], not {y}");
        }
    }

    /// <summary>One layer's memory, in views made once.</summary>
    private sealed class Layer
    {
        /// <summary>The state's two slots.</summary>
        public readonly TensorView[] H = new TensorView[2], C = new TensorView[2];

        /// <summary>
        /// Of a step that reads slot 0 and writes slot 1, and of one the other way: the forward and the reverse direction of a single step.
        /// </summary>
        public readonly RecurrentChunk[] Chunks = new RecurrentChunk[2];
        public readonly MatrixView Gates;
        public readonly int Inputs;
        public TensorView PackedIh, PackedHh, Bias, RecurrentBias;

        public Layer(RnnPlan plan, MemoryRegion memory, int index)
        {
            (RnnSpec spec, int b) = (plan.Spec, plan.Options.Batch);
            CellMemory cell = plan.MemoryOf(index);
            int h = spec.HiddenSize;
            Inputs = spec.LayerInputSize(index);
            TensorView gates = memory.View(cell.Gates, new Shape(1, b, spec.GateSize));
            TensorView states = memory.View(cell.H, new Shape(2, b, h));
            TensorView cells = Layouts.HasCellState(spec.Cell) ? memory.View(cell.C, new Shape(2, b, h)) : default;
            for (int slot = 0; slot < 2; slot++)
            {
                H[slot] = states.Slice((long)slot * b * h, new Shape(b, h));
                C[slot] = cells.IsEmpty ? default : cells.Slice((long)slot * b * h, new Shape(b, h));
                Chunks[slot] = new RecurrentChunk
                {
                    Cell = spec.Cell,
                    Hidden = h,
                    Batch = b,
                    Steps = 1,
                    Reverse = slot == 1,
                    Gates = gates,
                    Extra = Layouts.HasExtra(spec.Cell) ? memory.View(cell.Extra, new Shape(1, b, h)) : default,
                    H = states,
                    C = cells,
                };
            }

            Gates = gates.AsMatrix();
        }

        public void Bind(RnnPlan plan, int index) => (PackedIh, PackedHh, Bias, RecurrentBias) = plan.StepWeights(index);
    }
}
