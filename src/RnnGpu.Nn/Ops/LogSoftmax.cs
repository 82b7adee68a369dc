using RnnGpu.Core;

namespace RnnGpu.Nn;

public readonly partial struct Tensor
{
    /// <summary>
    /// Logarithm of the softmax over the last axis: <c>y = x - lse(x)</c>, finite where the softmax itself would be 0. lse comes from the
    /// cross-entropy with class 0, which is <c>lse(x) - x[0]</c>, so no row is exponentiated twice.
    /// </summary>
    /// <exception cref="ArgumentException">No axis, or an empty last one.</exception>
    public Tensor LogSoftmax()
    {
        TensorSlot x = this.Float(nameof(LogSoftmax));
        int last = Operands.Axis(x.Shape, -1, nameof(LogSoftmax));
        if (x.Shape[last] == 0) { throw new ArgumentException($"LogSoftmax of {x.Shape}: the last axis is empty"); }
        Device device = x.Device;
        IBackend backend = device.Backend;
        TensorView logits = x.View.Table();
        var column = new Shape(logits.Shape[0], 1);
        Tensor y = device.NewTensor(x.Shape), zero = device.NewTensor(column, DType.I32), lse = device.NewTensor(column), one = device.Ones(new Shape(1));
        Tensor first = device.NewTensor(column);
        backend.Fill(0f, new TensorView(zero.View.Buffer!, zero.View.Offset, column)); // the bits of 0f are those of class 0
        backend.SoftmaxCrossEntropy(logits, zero.View.Flat(), default, 0f, one.View, lse.View.Flat(), default);
        backend.CopyStrided(logits, Strides.Contiguous(logits.Shape), column, accumulate: false, first.View, Strides.Contiguous(column));
        backend.AddScaled(1f, first.View, 1f, lse.View);
        backend.Binary(BinaryOp.Subtract, logits, lse.View, y.View.Table());
        zero.Release();
        lse.Release();
        one.Release();
        first.Release();
        if (device.Records(x)) { device.Tape.Record<LogSoftmaxNode>().Set(x, y); }
        return y;
    }
}

internal sealed class LogSoftmaxNode : TapeNode
{
    public void Set(TensorSlot x, Tensor y)
    {
        AddInput(x);
        AddOutput(y);
    }

    /// <summary>dx = dy - softmax(x) sum(dy), with softmax(x) = exp(y).</summary>
    public override void Backward()
    {
        TensorView dy = Dy.Table(), p = Temporary(dy.Shape), dx = BeginAssign(0).Table();
        Storage sums = Device.Pool.Lease(dy.Shape[0] * sizeof(float));
        var sum = new TensorView(sums.Buffer, 0, new Shape(dy.Shape[0], 1));
        Backend.SumTo(dy, accumulate: false, sum);
        Backend.Unary(UnaryOp.Exp, 0f, Y.Table(), p);
        Backend.Binary(BinaryOp.Multiply, p, sum, p);
        Backend.Binary(BinaryOp.Subtract, dy, p, dx);
        Device.Pool.Release(sums);
        EndTemporary();
        EndAssign(0);
    }
}
