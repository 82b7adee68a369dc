using RnnGpu.Core;

namespace RnnGpu.Nn;

public readonly partial struct Tensor
{
    /// <summary>Softmax over the last axis.</summary>
    public Tensor Softmax()
    {
        TensorSlot x = this.Float(nameof(Softmax));
        Operands.Axis(x.Shape, -1, nameof(Softmax));
        Device device = x.Device;
        Tensor y = device.NewTensor(x.Shape);
        device.Backend.Softmax(x.View, y.View);
        if (device.Records(x)) { device.Tape.Record<SoftmaxNode>().Set(x, y); }
        return y;
    }
}

internal sealed class SoftmaxNode : TapeNode
{
    public void Set(TensorSlot x, Tensor y)
    {
        AddInput(x);
        AddOutput(y);
    }

    public override void Backward()
    {
        if (TryPassGradient(0, changed: true))
        {
            TensorView dx = Input(0).Gradient;
            Backend.SoftmaxBackward(Y, dx, dx);
            return;
        }

        Backend.SoftmaxBackward(Y, Dy, BeginAssign(0));
        EndAssign(0);
    }
}
