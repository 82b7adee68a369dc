using RnnGpu.Core;

namespace RnnGpu.Nn;

public readonly partial struct Tensor
{
    /// <summary>The tensor repeated along axes where it has size 1 (or which it lacks in front), copied.</summary>
    /// <exception cref="ArgumentException">A shape that this one does not broadcast to.</exception>
    public Tensor BroadcastTo(Shape shape)
    {
        TensorSlot x = this.Float(nameof(BroadcastTo));
        if (Operands.Broadcast(x.Shape, shape, nameof(BroadcastTo)) != shape)
        {
            throw new ArgumentException($"BroadcastTo: {x.Shape} does not broadcast to the smaller {shape}");
        }

        Device device = x.Device;
        Tensor y = device.NewTensor(shape);
        device.Backend.CopyStrided(
            x.View, Operands.BroadcastStrides(x.Shape, shape), shape, accumulate: false, y.View, Strides.Contiguous(shape));
        if (device.Records(x)) { device.Tape.Record<BroadcastNode>().Set(x, y); }
        return y;
    }
}

internal sealed class BroadcastNode : TapeNode
{
    public void Set(TensorSlot x, Tensor y)
    {
        AddInput(x);
        AddOutput(y);
    }

    public override void Backward()
    {
        TensorView dx = Gradient(0, out bool accumulate);
        Backend.SumTo(Dy, accumulate, dx);
    }
}
