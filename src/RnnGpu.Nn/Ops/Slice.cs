using RnnGpu.Core;

namespace RnnGpu.Nn;

public readonly partial struct Tensor
{
    /// <summary>Entry <paramref name="index"/> of the outermost axis, without that axis. Copies nothing.</summary>
    [System.Runtime.CompilerServices.IndexerName("Entry")]
    public Tensor this[int index]
    {
        get
        {
            Shape shape = Shape;
            return Slice(0, index < 0 ? index + shape[0] : index, 1).Reshape(shape.Without(0));
        }
    }

    /// <summary>
    /// <paramref name="count"/> entries of one axis. Along the outermost axis nothing is copied.
    /// </summary>
    /// <param name="axis">Counted from the end when negative.</param>
    /// <param name="start">First entry.</param>
    /// <param name="count">Number of entries.</param>
    /// <exception cref="ArgumentException">The part reaches outside the tensor.</exception>
    public Tensor Slice(int axis, int start, int count)
    {
        TensorSlot x = Operand();
        Device device = x.Device;
        int index = Operands.Axis(x.Shape, axis, nameof(Slice));
        if (start < 0 || count < 0 || start > x.Shape[index] - count)
        {
            throw new ArgumentException($"Slice: entries {start}..{start + (long)count} of axis {index} of {x.Shape}");
        }

        Shape shape = x.Shape.With(index, count);
        Strides strides = Strides.Contiguous(x.Shape);
        long offset = start * strides[index];
        Tensor y;
        if (SliceNode.IsContiguous(x.Shape, index))
        {
            y = device.NewView(x, x.View.Slice(offset, shape));
        }
        else
        {
            y = device.NewTensor(shape, x.View.DType);
            device.Backend.CopyStrided(
                SliceNode.Tail(x.View, offset), strides, shape, accumulate: false, y.View, Strides.Contiguous(shape));
        }

        if (device.Records(x)) { device.Tape.Record<SliceNode>().Set(x, index, offset, y); }
        return y;
    }
}

internal sealed class SliceNode : TapeNode
{
    private int _axis;
    private long _offset;

    /// <summary>Whether entries of an axis lie together: all axes before it have size 1.</summary>
    public static bool IsContiguous(Shape shape, int axis)
    {
        for (int i = 0; i < axis; i++)
        {
            if (shape[i] != 1) { return false; }
        }

        return true;
    }

    /// <summary>Everything from an element on.</summary>
    public static TensorView Tail(TensorView view, long offset) =>
        offset == 0 ? view : new TensorView(view.Buffer!, view.Offset + offset, new Shape(checked((int)(view.Length - offset))), view.DType);

    public void Set(TensorSlot x, int axis, long offset, Tensor y)
    {
        _axis = axis;
        _offset = offset;
        AddInput(x);
        AddOutput(y);
    }

    public override void Backward()
    {
        TensorView dx = AccumulatedGradient(0), dy = Dy;
        if (IsContiguous(dx.Shape, _axis))
        {
            Backend.AddScaled(1f, dy, 1f, dx.Slice(_offset, dy.Shape));
            return;
        }

        Backend.CopyStrided(
            dy, Strides.Contiguous(dy.Shape), dy.Shape, accumulate: true, Tail(dx, _offset), Strides.Contiguous(dx.Shape));
    }
}
