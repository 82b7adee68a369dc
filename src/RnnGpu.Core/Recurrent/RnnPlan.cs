namespace RnnGpu.Core;

/// <summary>No cut of the steps fits a memory budget.</summary>
public sealed class PlanDoesNotFitException(long budget, long least)
    : Exception($"the plan does not fit its memory budget of {budget:N0} bytes: the least it can do with is {least:N0}; "
        + "raise the budget or lower batch, layers or hidden size")
{
    /// <summary>Bytes of the smallest plan.</summary>
    public long LeastBytes { get; } = least;
}

/// <summary>A loop over time cannot run by the strategy that was demanded; the message says why.</summary>
public sealed class StrategyNotAvailableException(string message) : Exception(message);

/// <summary>
/// The time-step scheduler: made once for (spec, batch, steps, training, budget, backend), it says how a recurrent stack runs,
/// and runs it.
/// <list type="bullet">
/// <item>Steps are cut into chunks; the input projection of a chunk is one product <c>[Tc*B, I] x [I, G*H]</c>, and so are the
/// gradients of weights and inputs after the chunk's backward loop.</item>
/// <item>Chunks are grouped into spans, whose activations are held at once. In the stored strategy one span holds all steps.
/// Under a budget, only the states between spans are kept, and each span is run again before its backward pass.</item>
/// <item>In one direction all layers run a chunk before the next chunk begins, or as a wavefront, each stage of layers on the chunk that the one below
/// has just left; two directions run layer by layer. Which loops run at the same time, and whether gradients of weights do beside them, the backend
/// says: <see cref="StackSchedule"/>.</item>
/// </list>
/// However steps are cut, and whether or not they are recomputed, results are the same bits.
/// </summary>
public sealed partial class RnnPlan
{
    private readonly IBackend _backend;
    private readonly PlanMemory _memory;
    private readonly StackSchedule _schedule;
    private RnnLayerTensors[] _weights = [];
    private MemoryRegion _packed;

    private RnnPlan(IBackend backend, RnnSpec spec, RnnPlanOptions options, StackSchedule schedule, PlanMemory memory, string reason)
    {
        _backend = backend;
        _schedule = schedule;
        _memory = memory;
        Spec = spec;
        Options = options;
        Reason = reason;
    }

    /// <summary>What runs.</summary>
    public RnnSpec Spec { get; }

    /// <summary>What it was made for.</summary>
    public RnnPlanOptions Options { get; }

    /// <summary>Why steps are cut as they are.</summary>
    public string Reason { get; }

    /// <summary>Memory that a training forward pass leaves for its backward pass; 0 for inference.</summary>
    public long ReserveBytes => _memory.Reserve.Bytes;

    /// <summary>Scratch memory of a call.</summary>
    public long WorkspaceBytes => _memory.Workspace.Bytes;

    /// <summary>Memory of the weights in the backend's layout.</summary>
    public long PackedBytes => _memory.Packed.Bytes;

    /// <summary>All of the plan's own memory.</summary>
    public long PlannedBytes => _memory.Bytes;

    /// <summary>Whether spans are run again in the backward pass.</summary>
    public bool Recomputes => Options.Training && !_memory.Stored;

    /// <summary>Steps of a span.</summary>
    public int SpanSteps => _memory.SpanSteps;

    /// <summary>Steps of a chunk.</summary>
    public int ChunkSteps => _memory.ChunkSteps;

    /// <summary>Plans.</summary>
    /// <exception cref="ArgumentException">Sizes that no stack or plan can have.</exception>
    /// <exception cref="PlanDoesNotFitException">The budget is too small however the steps are cut.</exception>
    /// <exception cref="NotSupportedException">The backend has no kernel for the problem.</exception>
    /// <exception cref="StrategyNotAvailableException">The backend was made to run loops in a way in which this one cannot run.</exception>
    public static RnnPlan Create(IBackend backend, RnnSpec spec, RnnPlanOptions options)
    {
        spec.Validate();
        options.Validate();

        // Beyond any machine, and soon beyond what 64-bit offsets count.
        double elements = (double)options.Steps * options.Batch * spec.GateSize * spec.Layers * spec.Directions;
        if (elements > 1L << 56)
        {
            throw new ArgumentException($"{options.Steps} steps of batch {options.Batch} through {spec.Layers} layers of {spec.HiddenSize} units make {elements:E1} numbers: "
                + "more than any memory holds; lower the steps, the batch or the sizes");
        }

        var problem = new RecurrentProblem(spec.Cell, spec.HiddenSize, options.Batch, options.Steps, options.Training);
        if (!backend.Supports(problem)) { throw new NotSupportedException($"{backend.Description} has no kernel for {problem}"); }
        if (backend.RefuseRecurrent(problem) is { } refusal) { throw new StrategyNotAvailableException(refusal); }

        StackSchedule schedule = backend.Schedule(spec, options);
        schedule = schedule with { ChunkSteps = Math.Clamp(schedule.ChunkSteps, 1, options.Steps) };
        PlanMemory Make(int span) => PlanMemory.Make(backend, spec, options, schedule, span);
        RnnPlan Of(PlanMemory memory, string reason) => new(backend, spec, options, schedule, memory, reason);
        if (!options.Training)
        {
            return Of(Make(schedule.ChunkSteps), "inference keeps one chunk of activations");
        }

        if (options.SpanSteps is { } forced)
        {
            return Of(Make(forced), $"spans of {Math.Min(forced, options.Steps)} steps, as asked for");
        }

        PlanMemory memory = Make(options.Steps);
        if (options.MemoryBudget is not { } budget || memory.Bytes <= budget)
        {
            return Of(memory, "all activations are stored: they fit, so nothing is run twice");
        }

        long least = memory.Bytes;
        for (double span = options.Steps; span >= 1; span /= 1.1)
        {
            memory = Make((int)span);
            least = Math.Min(least, memory.Bytes);
            if (memory.Bytes <= budget)
            {
                return Of(
                    memory,
                    $"storing all activations would exceed the budget of {budget:N0} bytes: only states between spans are kept, each span runs twice");
            }
        }

        throw new PlanDoesNotFitException(budget, least);
    }

    /// <summary>
    /// Brings the weights into the backend's layout. To be called again after they changed. The layout depends on the spec, on
    /// <see cref="RnnPlanOptions.Training"/> and on <see cref="RnnPlanOptions.InputGradient"/>: plans that agree in these can
    /// <see cref="Use"/> one packing, whatever their batch and steps.
    /// </summary>
    /// <param name="weights">One entry a layer and direction: layer 0, layer 0 reverse, layer 1, ...; kept by reference.</param>
    /// <param name="packed">At least <see cref="PackedBytes"/>; read by every call until the next packing.</param>
    /// <exception cref="ArgumentException">Shapes that do not fit the spec.</exception>
    public void Pack(RnnLayerTensors[] weights, MemoryRegion packed)
    {
        if (weights.Length != Spec.Layers * Spec.Directions)
        {
            throw new ArgumentException($"{Spec.Layers} layers in {Spec.Directions} directions need as many sets of weights, not {weights.Length}");
        }

        _weights = weights;
        _packed = packed;
        var problem = new RecurrentProblem(Spec.Cell, Spec.HiddenSize, Options.Batch, _memory.ChunkSteps, Options.Training);
        for (int index = 0; index < weights.Length; index++)
        {
            RnnLayerTensors w = weights[index];
            ref CellMemory cell = ref _memory.Cells[index];
            int input = Spec.LayerInputSize(index / Spec.Directions);
            CheckWeights(w, index, input);
            MatrixView ih = w.WeightIh.AsMatrix();
            _backend.PackMatrix(ih.T, PackedBlock(cell.PackedIh, _backend.PackedMatrixBytes(input, Spec.GateSize)));
            _backend.PackRecurrent(w.WeightHh, problem, PackedBlock(cell.PackedHh, _backend.PackedRecurrentBytes(problem)));
            if (Options.Training && (index >= Spec.Directions || Options.InputGradient))
            {
                _backend.PackMatrix(ih, PackedBlock(cell.PackedIhBackward, _backend.PackedMatrixBytes(Spec.GateSize, input)));
            }

            if (Spec.Bias) { CombineBiases(w, _packed.View(cell.Bias, new Shape(Spec.GateSize))); }
        }
    }

    /// <summary>
    /// Takes weights that <see cref="Pack"/> packed earlier, for the calls that follow: a backward pass runs on those of its forward pass,
    /// whatever was packed in between.
    /// </summary>
    /// <param name="weights">As they were packed.</param>
    /// <param name="packed">Where they were packed, unchanged since.</param>
    public void Use(RnnLayerTensors[] weights, MemoryRegion packed)
    {
        _weights = weights;
        _packed = packed;
    }

    /// <summary>The bias that the hoisted product adds: both, but for the part of b_hh that stays inside the reset product.</summary>
    private void CombineBiases(in RnnLayerTensors w, in TensorView bias)
    {
        _backend.Copy(w.BiasIh, bias);
        int shared = Layouts.HasSeparateRecurrentBias(Spec.Cell) ? Spec.GateSize - Spec.HiddenSize : Spec.GateSize;
        var part = new Shape(shared);
        _backend.AddScaled(1f, w.BiasHh.Slice(0, part), 1f, bias.Slice(0, part));
    }

    private TensorView PackedBlock(long offset, long bytes)
    {
        // Rows of 16 elements, so that blocks beyond 2^31 elements still have a shape.
        long rows = (bytes + 63) / 64;
        return _packed.View(offset, new Shape(checked((int)rows), 16));
    }

    private void CheckWeights(in RnnLayerTensors w, int index, int input)
    {
        int gh = Spec.GateSize, h = Spec.HiddenSize;
        Check(w.WeightIh, new Shape(gh, input), "weight_ih");
        Check(w.WeightHh, new Shape(gh, h), "weight_hh");
        if (Spec.Bias)
        {
            Check(w.BiasIh, new Shape(gh), "bias_ih");
            Check(w.BiasHh, new Shape(gh), "bias_hh");
        }

        void Check(in TensorView view, Shape shape, string name)
        {
            if (!view.IsEmpty && view.Shape == shape) { return; }
            string where = $"layer {index / Spec.Directions}{(index % Spec.Directions == 1 ? " reverse" : "")}";
            throw new ArgumentException($"{where}: {name} is {shape}, not {view}");
        }
    }
}
