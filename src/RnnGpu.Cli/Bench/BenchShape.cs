using RnnGpu.Core;

namespace RnnGpu.Cli.Bench;

/// <summary>A recurrent stack with its batch, as a row of a grid measures it.</summary>
internal sealed record BenchShape
{
    /// <summary>Cell of every layer.</summary>
    public required CellKind Cell { get; init; }

    /// <summary>I.</summary>
    public required int Input { get; init; }

    /// <summary>H.</summary>
    public required int Hidden { get; init; }

    /// <summary>B.</summary>
    public required int Batch { get; init; }

    /// <summary>T.</summary>
    public required int Steps { get; init; }

    /// <summary>L.</summary>
    public int Layers { get; init; } = 1;

    /// <summary>Whether each layer runs in both directions.</summary>
    public bool Bidirectional { get; init; }

    /// <summary>Lengths of the sequences are uniform between these, one of them T; null: all are T.</summary>
    public LengthRange? Lengths { get; init; }

    /// <summary>Probability with which a row's state is cleared before a step.</summary>
    public double Resets { get; init; }

    /// <summary>The stack.</summary>
    public RnnSpec Spec => new() { Cell = Cell, InputSize = Input, HiddenSize = Hidden, Layers = Layers, Bidirectional = Bidirectional };

    /// <summary>
    /// Multiplications and additions of the products: 2 G H (I + H) a row, step, layer and direction forward; a training step has three times as
    /// many, for the gradients of inputs and weights. Cells, biases and padding count nothing.
    /// </summary>
    /// <param name="training">Forward and backward, or forward alone.</param>
    /// <param name="rows">Active rows over all steps: the sum of the lengths.</param>
    public double Flops(bool training, long rows)
    {
        RnnSpec spec = Spec;
        double flops = 0;
        for (int layer = 0; layer < Layers; layer++) { flops += 2.0 * spec.GateSize * (spec.LayerInputSize(layer) + Hidden) * spec.Directions * rows; }
        return training ? 3 * flops : flops;
    }

    /// <summary>Names everything that decides what is computed: results of two programs are joined by it.</summary>
    public string Key =>
        $"{Layouts.Name(Cell)}/{Input}/{Hidden}/{Batch}/{Steps}/{Layers}/{(Bidirectional ? 2 : 1)}/{(Lengths is { } range ? range.ToString() : "all")}";

    /// <inheritdoc/>
    public override string ToString() =>
        $"{(Bidirectional ? "bidirectional " : "")}{Layouts.Name(Cell)} {Input} -> {Hidden}{(Layers > 1 ? $" x {Layers}" : "")}, B{Batch} T{Steps}"
        + (Lengths is { } range ? $", lengths {range}" : "") + (Resets > 0 ? ", resets" : "");
}

/// <summary>Shortest and longest sequence.</summary>
internal readonly record struct LengthRange(int Min, int Max)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Min}..{Max}";
}

/// <summary>A time that somebody else published.</summary>
/// <param name="By">Whose: a library.</param>
/// <param name="On">GPU.</param>
/// <param name="Mode">Precision.</param>
/// <param name="Training">Forward and backward, or forward alone.</param>
/// <param name="Milliseconds">An iteration.</param>
/// <param name="Note">What it includes; may be empty.</param>
internal sealed record PublishedTime(string By, string On, ComputeMode Mode, bool Training, double Milliseconds, string Note)
{
    /// <inheritdoc/>
    public override string ToString() => $"{By} {Milliseconds:0.##} ms on {On}{(Note.Length > 0 ? $" ({Note})" : "")}";
}

/// <summary>A row of a grid.</summary>
internal sealed record BenchRow
{
    /// <summary>As it stands in tables: <c>1</c>, <c>C2</c>.</summary>
    public required string Name { get; init; }

    /// <summary>What runs.</summary>
    public required BenchShape Shape { get; init; }

    /// <summary>Precisions that the row is about.</summary>
    public required IReadOnlyList<ComputeMode> Modes { get; init; }

    /// <summary>Forward alone (false), forward and backward (true), or both.</summary>
    public required IReadOnlyList<bool> Training { get; init; }

    /// <summary>A row of the CPU's grid, not of the GPU's.</summary>
    public bool OnCpu { get; init; }

    /// <summary>What others published for it.</summary>
    public IReadOnlyList<PublishedTime> Published { get; init; } = [];

    /// <summary>Iterations are timed one by one, as a caller who waits for each sees them.</summary>
    public bool Latency { get; init; }
}
