using RnnGpu.Core;

namespace RnnGpu.Nn;

public readonly partial struct Tensor
{
    /// <summary>Tensors one after another along an axis; the other axes must be equal.</summary>
    /// <param name="axis">Counted from the end when negative.</param>
    /// <param name="tensors">At least one, of one element type.</param>
    /// <exception cref="ArgumentException">Shapes or types that do not fit.</exception>
    public static Tensor Concat(int axis, params ReadOnlySpan<Tensor> tensors)
    {
        if (tensors.IsEmpty) { throw new ArgumentException("Concat needs at least one tensor"); }
        TensorSlot first = tensors[0].Operand();
        Device device = first.Device;
        int index = Operands.Axis(first.Shape, axis, nameof(Concat));
        int size = 0;
        bool records = false;
        foreach (Tensor tensor in tensors)
        {
            TensorSlot slot = tensor.Operand();
            Operands.SameDevice(first, slot, nameof(Concat));
            if (slot.Shape.Rank != first.Shape.Rank || slot.View.DType != first.View.DType
                || slot.Shape.With(index, 0) != first.Shape.With(index, 0))
            {
                throw new ArgumentException($"Concat along axis {index}: {slot.View} does not continue {first.View}");
            }

            size = checked(size + slot.Shape[index]);
            records |= device.Records(slot);
        }

        Tensor y = device.NewTensor(first.Shape.With(index, size), first.View.DType);
        Strides strides = Strides.Contiguous(y.Shape);
        long offset = 0;
        foreach (Tensor tensor in tensors)
        {
            TensorView part = tensor.View;
            if (part.Length > 0)
            {
                device.Backend.CopyStrided(
                    part, Strides.Contiguous(part.Shape), part.Shape, accumulate: false, SliceNode.Tail(y.View, offset), strides);
            }

            offset += part.Shape[index] * strides[index];
        }

        if (records)
        {
            ConcatNode node = device.Tape.Record<ConcatNode>();
            foreach (Tensor tensor in tensors) { node.AddInput(tensor.Slot); }
            node.Set(index, y);
        }

        return y;
    }
}

internal sealed class ConcatNode : TapeNode
{
    private int _axis;

    public void Set(int axis, Tensor y)
    {
        _axis = axis;
        AddOutput(y);
    }

    public override void Backward()
    {
        TensorView dy = Dy;
        Strides strides = Strides.Contiguous(dy.Shape);
        long offset = 0;
        for (int i = 0; i < InputCount; i++)
        {
            Shape shape = Input(i).Shape;
            if (Wants(i) && shape.Length > 0)
            {
                TensorView dx = Gradient(i, out bool accumulate);
                Backend.CopyStrided(SliceNode.Tail(dy, offset), strides, shape, accumulate, dx, Strides.Contiguous(shape));
            }

            offset += shape[_axis] * strides[_axis];
        }
    }
}
