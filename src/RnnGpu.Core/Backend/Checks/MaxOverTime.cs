namespace RnnGpu.Core;

public static partial class Check
{
    /// <summary>Arguments of <see cref="IBackend.MaxOverTime"/>.</summary>
    public static void MaxOverTime(in TensorView x, in TensorView lengths, in TensorView y, in TensorView steps)
    {
        Pooled(x, nameof(x), y, nameof(y), steps, nameof(MaxOverTime));
        if (!lengths.IsEmpty) { Ints(lengths, nameof(lengths), x.Shape[1]); }
    }

    /// <summary>Arguments of <see cref="IBackend.MaxOverTimeBackward"/>.</summary>
    public static void MaxOverTimeBackward(in TensorView dy, in TensorView steps, in TensorView dx) =>
        Pooled(dx, nameof(dx), dy, nameof(dy), steps, nameof(MaxOverTimeBackward));

    /// <summary>Checks <c>[T, B, F]</c> against <c>[B, F]</c> twice.</summary>
    private static void Pooled(in TensorView sequence, string sequenceName, in TensorView rows, string rowsName, in TensorView steps, string op)
    {
        Floats(sequence, sequenceName, op);
        Floats(rows, rowsName, op);
        if (sequence.Shape.Rank != 3) { Fail(op, $"{sequenceName} must be [T, B, F], not {sequence}"); }
        if (rows.Length != (long)sequence.Shape[1] * sequence.Shape[2])
        {
            Fail(op, $"{rowsName} must be [B, F] = [{sequence.Shape[1]}, {sequence.Shape[2]}], not {rows}");
        }

        Ints(steps, nameof(steps), rows.Length, op);
    }
}
