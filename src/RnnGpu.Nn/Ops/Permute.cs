using RnnGpu.Core;

namespace RnnGpu.Nn;

public readonly partial struct Tensor
{
    /// <summary>The transposed matrix of a tensor with two axes, copied.</summary>
    public Tensor T => Rank == 2 ? Permute(1, 0) : throw new InvalidOperationException($"T of {Shape}: only a matrix has one; use Permute");

    /// <summary>The tensor with two axes exchanged, copied. Axes count from the end when negative.</summary>
    public Tensor Transpose(int first, int second)
    {
        Shape shape = Shape;
        int a = Operands.Axis(shape, first, nameof(Transpose)), b = Operands.Axis(shape, second, nameof(Transpose));
        Span<int> axes = stackalloc int[Shape.MaxRank];
        for (int i = 0; i < shape.Rank; i++) { axes[i] = i == a ? b : i == b ? a : i; }
        return Permute(axes[..shape.Rank]);
    }

    /// <summary>The tensor with its axes in another order, copied: axis i of the result is axis <c>axes[i]</c> of this one.</summary>
    /// <exception cref="ArgumentException">Not a permutation of the axes.</exception>
    public Tensor Permute(params ReadOnlySpan<int> axes)
    {
        TensorSlot x = Operand();
        Device device = x.Device;
        Span<int> sizes = stackalloc int[Shape.MaxRank];
        Span<long> steps = stackalloc long[Shape.MaxRank];
        Strides strides = Strides.Contiguous(x.Shape);
        int seen = 0;
        for (int i = 0; i < axes.Length && i < Shape.MaxRank; i++)
        {
            int axis = Operands.Axis(x.Shape, axes[i], nameof(Permute));
            seen |= 1 << axis;
            sizes[i] = x.Shape[axis];
            steps[i] = strides[axis];
        }

        if (axes.Length != x.Shape.Rank || seen != (1 << x.Shape.Rank) - 1)
        {
            throw new ArgumentException($"Permute of {x.Shape}: every axis must be named once");
        }

        var walk = new Strides(steps[..axes.Length]);
        Tensor y = device.NewTensor(new Shape(sizes[..axes.Length]), x.View.DType);
        device.Backend.CopyStrided(x.View, walk, y.Shape, accumulate: false, y.View, Strides.Contiguous(y.Shape));
        if (device.Records(x)) { device.Tape.Record<PermuteNode>().Set(x, walk, y); }
        return y;
    }
}

internal sealed class PermuteNode : TapeNode
{
    private Strides _walk;

    public void Set(TensorSlot x, Strides walk, Tensor y)
    {
        _walk = walk;
        AddInput(x);
        AddOutput(y);
    }

    public override void Backward()
    {
        TensorView dy = Dy, dx = Gradient(0, out bool accumulate);
        Backend.CopyStrided(dy, Strides.Contiguous(dy.Shape), dy.Shape, accumulate, dx, _walk);
    }
}
