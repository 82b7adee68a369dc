namespace RnnGpu.Core;

/// <summary>What a recurrent stack is: cell, sizes, layers, directions. <see cref="RnnPlan"/> says how it runs.</summary>
public sealed record RnnSpec
{
    /// <summary>Largest input or hidden size.</summary>
    public const int MaxSize = 1 << 16;

    /// <summary>Most layers.</summary>
    public const int MaxLayers = 64;

    /// <summary>Cell of every layer.</summary>
    public required CellKind Cell { get; init; }

    /// <summary>I: features of the input.</summary>
    public required int InputSize { get; init; }

    /// <summary>H: units of each layer and direction.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>L: layers, each one reading the outputs of the one below.</summary>
    public int Layers { get; init; } = 1;

    /// <summary>Whether each layer also runs from the sequence's end to its start; outputs are then [forward, reverse].</summary>
    public bool Bidirectional { get; init; }

    /// <summary>Whether the cells have the biases b_ih and b_hh.</summary>
    public bool Bias { get; init; } = true;

    /// <summary>Probability with which an output of a layer is dropped on its way to the next; only in training.</summary>
    public float Dropout { get; init; }

    /// <summary>D: 1 or 2.</summary>
    public int Directions => Bidirectional ? 2 : 1;

    /// <summary>G H: rows of a layer's weights.</summary>
    public int GateSize => Layouts.Gates(Cell) * HiddenSize;

    /// <summary>D H: features of every layer's output.</summary>
    public int OutputSize => Directions * HiddenSize;

    /// <summary>Features that a layer reads.</summary>
    public int LayerInputSize(int layer) => layer == 0 ? InputSize : OutputSize;

    /// <summary>Checks the sizes.</summary>
    /// <exception cref="ArgumentException">A size that no stack can have; says which and what is allowed.</exception>
    public void Validate()
    {
        Layouts.Gates(Cell);
        Require(InputSize is > 0 and <= MaxSize, "input size", InputSize, $"1 to {MaxSize}");
        Require(HiddenSize is > 0 and <= MaxSize, "hidden size", HiddenSize, $"1 to {MaxSize}");
        Require(Layers is > 0 and <= MaxLayers, "number of layers", Layers, $"1 to {MaxLayers}");
        Require(Dropout is >= 0 and < 1, "dropout", Dropout, "at least 0 and less than 1");
    }

    private static void Require(bool holds, string what, object value, string allowed)
    {
        if (!holds) { throw new ArgumentException($"the {what} of a recurrent stack is {allowed}, not {value}"); }
    }
}

/// <summary>What a plan is made for, beside the spec.</summary>
public sealed record RnnPlanOptions
{
    /// <summary>Longest sequence.</summary>
    public const int MaxSteps = 1 << 28;

    /// <summary>Largest batch.</summary>
    public const int MaxBatch = 1 << 20;

    /// <summary>B: sequences side by side.</summary>
    public required int Batch { get; init; }

    /// <summary>T: time steps.</summary>
    public required int Steps { get; init; }

    /// <summary>Whether a backward pass will follow.</summary>
    public bool Training { get; init; }

    /// <summary>Whether gradients of the input are wanted.</summary>
    public bool InputGradient { get; init; }

    /// <summary>
    /// Bytes that the plan's own memory (reserve, workspace, packed weights) may take. When storing what the backward pass needs
    /// for all steps would exceed it, states are stored at the ends of spans of steps only and each span is recomputed. Null: no limit.
    /// </summary>
    public long? MemoryBudget { get; init; }

    /// <summary>Steps whose input projection is one product; null: chosen for the caches.</summary>
    public int? ChunkSteps { get; init; }

    /// <summary>Steps of a span that is recomputed at a time; null: stored throughout, or chosen by the budget.</summary>
    public int? SpanSteps { get; init; }

    /// <summary>
    /// Whether loops that do not wait for each other run side by side: true, as far as the backend has queues; false, one after another; null: the backend
    /// chooses. Results are the same bits.
    /// </summary>
    public bool? SideBySide { get; init; }

    /// <summary>Checks the sizes.</summary>
    /// <exception cref="ArgumentException">A size that no plan can have.</exception>
    public void Validate()
    {
        if (Batch is <= 0 or > MaxBatch) { throw new ArgumentException($"the batch is 1 to {MaxBatch}, not {Batch}"); }
        if (Steps is <= 0 or > MaxSteps) { throw new ArgumentException($"the number of steps is 1 to {MaxSteps}, not {Steps}"); }
        if (MemoryBudget is <= 0) { throw new ArgumentException($"the memory budget must be positive, not {MemoryBudget}"); }
        if (ChunkSteps is <= 0) { throw new ArgumentException($"a chunk has at least one step, not {ChunkSteps}"); }
        if (SpanSteps is <= 0) { throw new ArgumentException($"a span has at least one step, not {SpanSteps}"); }
    }
}
