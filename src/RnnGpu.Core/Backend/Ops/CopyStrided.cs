namespace RnnGpu.Core;

/// <summary>Steps in elements along each axis of a strided walk over a tensor.</summary>
public readonly struct Strides
{
    private readonly Steps _steps;

    [System.Runtime.CompilerServices.InlineArray(Shape.MaxRank)]
    private struct Steps
    {
        private long _first;
    }

    /// <summary>From the steps of each axis, outermost first.</summary>
    public Strides(params ReadOnlySpan<long> steps)
    {
        for (int i = 0; i < steps.Length; i++) { _steps[i] = steps[i]; }
    }

    /// <summary>Step of an axis.</summary>
    public long this[int axis] => _steps[axis];

    /// <summary>Steps of a contiguous row-major tensor.</summary>
    public static Strides Contiguous(Shape shape)
    {
        Span<long> steps = stackalloc long[Shape.MaxRank];
        long step = 1;
        for (int i = shape.Rank - 1; i >= 0; i--)
        {
            steps[i] = step;
            step *= shape[i];
        }

        return new Strides(steps[..shape.Rank]);
    }
}

public partial interface IBackend
{
    /// <summary>
    /// Copies a box of <paramref name="shape"/> elements between strided walks: slices, concatenations, transpositions.
    /// <c>destination[i·destinationStrides] = source[i·sourceStrides]</c>, or += with <paramref name="accumulate"/>. F32 only when accumulating.
    /// </summary>
    /// <exception cref="ArgumentException">A walk that leaves its view.</exception>
    void CopyStrided(
        in TensorView source, Strides sourceStrides, Shape shape, bool accumulate, in TensorView destination, Strides destinationStrides);
}
