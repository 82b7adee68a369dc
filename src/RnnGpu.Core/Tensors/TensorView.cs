namespace RnnGpu.Core;

/// <summary>
/// A contiguous row-major tensor inside a device buffer: what backend operations take. It owns nothing; whoever leased the
/// buffer keeps it alive. The default value means "no tensor" where an operand is optional (<see cref="IsEmpty"/>).
/// </summary>
public readonly struct TensorView
{
    /// <summary>A view of <paramref name="shape"/> elements that starts <paramref name="offset"/> elements into a buffer.</summary>
    /// <exception cref="ArgumentException">The view would reach outside the buffer.</exception>
    public TensorView(IDeviceBuffer buffer, long offset, Shape shape, DType dtype = DType.F32)
    {
        if (offset < 0 || checked((offset + shape.Length) * dtype.Size()) > buffer.Bytes)
        {
            throw new ArgumentException(
                $"a view of {shape} {dtype} at element {offset} does not fit a buffer of {buffer.Bytes} bytes");
        }

        Buffer = buffer;
        Offset = offset;
        Shape = shape;
        DType = dtype;
    }

    /// <summary>The buffer, or null for the empty view.</summary>
    public IDeviceBuffer? Buffer { get; }

    /// <summary>First element, counted in elements of <see cref="DType"/> from the buffer's start.</summary>
    public long Offset { get; }

    /// <summary>Axes.</summary>
    public Shape Shape { get; }

    /// <summary>Element type.</summary>
    public DType DType { get; }

    /// <summary>Whether this is the "no tensor" value.</summary>
    public bool IsEmpty => Buffer is null;

    /// <summary>Number of elements.</summary>
    public long Length => Shape.Length;

    /// <summary>The same elements under another shape of equal length.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public TensorView Reshape(Shape shape) => shape.Length == Length
        ? new TensorView(Buffer!, Offset, shape, DType)
        : throw new ArgumentException($"cannot read {Shape} as {shape}: {Length} against {shape.Length} elements");

    /// <summary>Part of the elements, in storage order, under a shape of its own.</summary>
    /// <exception cref="ArgumentException">The part reaches outside this view.</exception>
    public TensorView Slice(long start, Shape shape) => start >= 0 && start + shape.Length <= Length
        ? new TensorView(Buffer!, Offset + start, shape, DType)
        : throw new ArgumentException($"elements {start}..{start + shape.Length} reach outside {Shape}");

    /// <summary>Rows <paramref name="start"/>.. of the outermost axis.</summary>
    public TensorView Rows(int start, int count)
    {
        Span<int> sizes = stackalloc int[Shape.MaxRank];
        Shape.CopyTo(sizes);
        long rowLength = Shape[0] == 0 ? 0 : Length / Shape[0];
        sizes[0] = count;
        return Slice(start * rowLength, new Shape(sizes[..Shape.Rank]));
    }

    /// <summary>The view as a matrix: all axes but the last are rows.</summary>
    public MatrixView AsMatrix() => new(this, Shape.Rows, Shape.Columns, Shape.Columns);

    /// <inheritdoc/>
    public override string ToString() => IsEmpty ? "no tensor" : $"{DType}{Shape}";
}
