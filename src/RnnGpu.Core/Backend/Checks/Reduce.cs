namespace RnnGpu.Core;

public static partial class Check
{
    /// <summary>Arguments of <see cref="IBackend.SumTo"/>; sorts x's axes into those that y keeps and those that are summed.</summary>
    /// <param name="kept">a: x, y: y.</param>
    /// <param name="summed">a: x.</param>
    public static void SumTo(in TensorView x, in TensorView y, out Walk kept, out Walk summed)
    {
        Floats(x, nameof(x));
        Floats(y, nameof(y));
        kept = summed = default;
        Shape from = x.Shape, to = y.Shape;
        Strides ofX = Strides.Contiguous(from), ofY = Strides.Contiguous(to);
        int missing = from.Rank - to.Rank;
        bool fits = missing >= 0;
        for (int i = 0; i < from.Rank && fits; i++)
        {
            int j = i - missing;
            if (j >= 0 && to[j] == from[i]) { kept.Append(from[i], ofX[i], 0, ofY[j]); }
            else if (j < 0 || to[j] == 1) { summed.Append(from[i], ofX[i], 0, 0); }
            else { fits = false; }
        }

        if (!fits) { Fail(nameof(SumTo), $"{x} does not sum to {y}: each axis of y, counted from the last, must be equal or 1"); }
    }

    /// <summary>Arguments of <see cref="IBackend.AddColumnSums"/>.</summary>
    public static void AddColumnSums(in MatrixView x, in TensorView y)
    {
        if (x.IsEmpty || x.IsTransposed) { Fail(nameof(AddColumnSums), $"x must be a matrix that is not transposed, not {x}"); }
        Floats(y, nameof(y), x.Columns);
    }

    /// <summary>Arguments of <see cref="IBackend.ArgMax"/>.</summary>
    public static void ArgMax(in TensorView x, in TensorView y)
    {
        Floats(x, nameof(x));
        Ints(y, nameof(y), x.Shape.Rows);
        if (x.Length == 0 && y.Length > 0) { Fail(nameof(ArgMax), $"x is {x}: rows without elements have no largest one"); }
    }

    /// <summary>Arguments of <see cref="IBackend.SumOfSquares"/>.</summary>
    public static void SumOfSquares(ReadOnlySpan<TensorView> tensors, in TensorView y)
    {
        Floats(y, nameof(y), 1);
        foreach (ref readonly TensorView x in tensors) { Floats(x, "each tensor"); }
    }
}
