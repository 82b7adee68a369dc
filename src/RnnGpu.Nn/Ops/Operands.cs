using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>Checks and shapes that operations share.</summary>
internal static class Operands
{
    /// <summary>A float operand.</summary>
    public static TensorSlot Float(this Tensor tensor, string operation)
    {
        TensorSlot slot = tensor.Operand();
        return slot.View.DType == DType.F32
            ? slot
            : throw new ArgumentException($"{operation} takes float tensors, not {slot.View}");
    }

    /// <summary>An integer operand.</summary>
    public static TensorSlot Int(this Tensor tensor, string operation, string what)
    {
        TensorSlot slot = tensor.Operand();
        return slot.View.DType == DType.I32
            ? slot
            : throw new ArgumentException($"{operation} takes an integer tensor as {what}, not {slot.View}");
    }

    /// <summary>Refuses operands of two devices.</summary>
    public static void SameDevice(TensorSlot a, TensorSlot b, string operation)
    {
        if (!ReferenceEquals(a.Device, b.Device))
        {
            throw new ArgumentException($"{operation}: the operands {a.View} and {b.View} are on different devices");
        }
    }

    /// <summary>Whether an operation with these inputs is recorded.</summary>
    public static bool Records(this Device device, TensorSlot a) => device.GradEnabled && a.RequiresGrad;

    /// <inheritdoc cref="Records(Device, TensorSlot)"/>
    public static bool Records(this Device device, TensorSlot a, TensorSlot b) =>
        device.GradEnabled && (a.RequiresGrad || b.RequiresGrad);

    /// <summary>Index of an axis, which may be counted from the end (-1 is the last).</summary>
    public static int Axis(Shape shape, int axis, string operation)
    {
        int index = axis < 0 ? axis + shape.Rank : axis;
        return (uint)index < (uint)shape.Rank
            ? index
            : throw new ArgumentOutOfRangeException(nameof(axis), $"{operation}: a tensor {shape} has no axis {axis}");
    }

    /// <summary>All elements along one axis.</summary>
    public static TensorView Flat(this TensorView view) => view.Reshape(new Shape(checked((int)view.Length)));

    /// <summary>All axes but the last as one: <c>[R, C]</c>.</summary>
    public static TensorView Table(this TensorView view) =>
        view.Reshape(new Shape(checked((int)view.Shape.Rows), view.Shape.Columns));

    /// <summary>The shape with one axis resized.</summary>
    public static Shape With(this Shape shape, int axis, int size)
    {
        Span<int> sizes = stackalloc int[Shape.MaxRank];
        shape.CopyTo(sizes);
        sizes[axis] = size;
        return new Shape(sizes[..shape.Rank]);
    }

    /// <summary>The shape without one axis.</summary>
    public static Shape Without(this Shape shape, int axis)
    {
        Span<int> sizes = stackalloc int[Shape.MaxRank];
        int rank = 0;
        for (int i = 0; i < shape.Rank; i++)
        {
            if (i != axis) { sizes[rank++] = shape[i]; }
        }

        return new Shape(sizes[..rank]);
    }

    /// <summary>The shape with one more axis at the end.</summary>
    public static Shape Append(this Shape shape, int size)
    {
        if (shape.Rank == Shape.MaxRank) { throw new ArgumentException($"a tensor has at most {Shape.MaxRank} axes; {shape} takes no more"); }
        Span<int> sizes = stackalloc int[Shape.MaxRank];
        shape.CopyTo(sizes);
        sizes[shape.Rank] = size;
        return new Shape(sizes[..(shape.Rank + 1)]);
    }

    /// <summary>The common shape of two broadcast operands: axes aligned at the end, sizes equal or 1 (as in NumPy).</summary>
    public static Shape Broadcast(Shape a, Shape b, string operation)
    {
        if (a == b) { return a; }
        Span<int> sizes = stackalloc int[Shape.MaxRank];
        int rank = Math.Max(a.Rank, b.Rank);
        for (int i = 0; i < rank; i++)
        {
            int m = i < rank - a.Rank ? 1 : a[i - (rank - a.Rank)], n = i < rank - b.Rank ? 1 : b[i - (rank - b.Rank)];
            if (m != n && m != 1 && n != 1)
            {
                throw new ArgumentException($"{operation}: shapes {a} and {b} do not broadcast: axis {i} has {m} against {n}");
            }

            sizes[i] = m == 1 ? n : m;
        }

        return new Shape(sizes[..rank]);
    }

    /// <summary>Strides that walk a tensor of <paramref name="from"/> as if it had the shape <paramref name="to"/>: 0 where it is repeated.</summary>
    public static Strides BroadcastStrides(Shape from, Shape to)
    {
        Strides strides = Strides.Contiguous(from);
        Span<long> steps = stackalloc long[Shape.MaxRank];
        int lead = to.Rank - from.Rank;
        for (int i = 0; i < to.Rank; i++) { steps[i] = i < lead || from[i - lead] == 1 ? 0 : strides[i - lead]; }
        return new Strides(steps[..to.Rank]);
    }
}
