using RnnGpu.Core;

namespace RnnGpu.Nn;

public readonly partial struct Tensor
{
    /// <summary>a + b; shapes broadcast as in NumPy.</summary>
    /// <exception cref="ArgumentException">Shapes that do not broadcast.</exception>
    public static Tensor operator +(Tensor a, Tensor b) => Binary(BinaryOp.Add, a, b);

    /// <summary>a - b; shapes broadcast as in NumPy.</summary>
    /// <exception cref="ArgumentException">Shapes that do not broadcast.</exception>
    public static Tensor operator -(Tensor a, Tensor b) => Binary(BinaryOp.Subtract, a, b);

    /// <summary>a b, element by element; shapes broadcast as in NumPy.</summary>
    /// <exception cref="ArgumentException">Shapes that do not broadcast.</exception>
    public static Tensor operator *(Tensor a, Tensor b) => Binary(BinaryOp.Multiply, a, b);

    /// <summary>a / b, element by element; shapes broadcast as in NumPy.</summary>
    /// <exception cref="ArgumentException">Shapes that do not broadcast.</exception>
    public static Tensor operator /(Tensor a, Tensor b) => Binary(BinaryOp.Divide, a, b);

    /// <summary>A number divided by each element.</summary>
    public static Tensor operator /(float dividend, Tensor x) => Binary(BinaryOp.Divide, x.Device.Scalar(dividend), x);

    /// <summary>The larger of two tensors' elements; shapes broadcast. Where they are equal, the gradient goes to the other.</summary>
    public Tensor Maximum(Tensor other) => Binary(BinaryOp.Maximum, this, other);

    /// <summary>The smaller of two tensors' elements; shapes broadcast. Where they are equal, the gradient goes to the other.</summary>
    public Tensor Minimum(Tensor other) => Binary(BinaryOp.Minimum, this, other);

    private static Tensor Binary(BinaryOp op, Tensor left, Tensor right)
    {
        TensorSlot a = left.Float(op.Name()), b = right.Float(op.Name());
        Operands.SameDevice(a, b, op.Name());
        Device device = a.Device;
        Tensor y = device.NewTensor(Operands.Broadcast(a.Shape, b.Shape, op.Name()));
        device.Backend.Binary(op, a.View, b.View, y.View);
        if (device.Records(a, b)) { device.Tape.Record<BinaryNode>().Set(op, a, b, y); }
        return y;
    }
}

internal static class BinaryOpNames
{
    /// <summary>The operation's name for messages; Enum.ToString would allocate on every call.</summary>
    public static string Name(this BinaryOp op) => op switch
    {
        BinaryOp.Add => "a + b",
        BinaryOp.Subtract => "a - b",
        BinaryOp.Multiply => "a * b",
        BinaryOp.Divide => "a / b",
        BinaryOp.Maximum => nameof(Tensor.Maximum),
        BinaryOp.Minimum => nameof(Tensor.Minimum),
        _ => throw new ArgumentOutOfRangeException(nameof(op), op, "unknown operation"),
    };
}

internal sealed class BinaryNode : TapeNode
{
    private BinaryOp _op;

    public void Set(BinaryOp op, TensorSlot a, TensorSlot b, Tensor y)
    {
        _op = op;
        AddInput(a);
        AddInput(b);
        AddOutput(y);
    }

    public override void Backward()
    {
        bool first = Wants(0), second = Wants(1);
        if (second) { Lead(1, last: !first); }
        if (first) { Lead(0, last: true); }
    }

    /// <summary>Adds one operand's gradient. The last one to run may compute it in place of the output's, which then is dead.</summary>
    private void Lead(int index, bool last)
    {
        bool sameShape = Input(index).Shape == Y.Shape;
        if (_op == BinaryOp.Add || (_op == BinaryOp.Subtract && index == 0))
        {
            Deliver(Dy, index, sameShape, last);
        }
        else if (!last && sameShape && !Input(index).HasGradient)
        {
            LocalGradient(index, Gradient(index, out _));
        }
        else if (last && _op is not (BinaryOp.Maximum or BinaryOp.Minimum))
        {
            Output(0).GradientIsOne = false;
            LocalGradient(index, Dy);
            Deliver(Dy, index, sameShape, last: true);
        }
        else
        {
            TensorView temporary = Temporary(Y.Shape);
            LocalGradient(index, temporary);
            Deliver(temporary, index, sameShape, last: false);
            EndTemporary();
        }
    }

    private void Deliver(TensorView gradient, int index, bool sameShape, bool last)
    {
        if (sameShape && last)
        {
            PassGradient(index);
            return;
        }

        TensorView dx = Gradient(index, out bool accumulate);
        if (!sameShape) { Backend.SumTo(gradient, accumulate, dx); }
        else if (accumulate) { Backend.AddScaled(1f, gradient, 1f, dx); }
        else { Backend.Copy(gradient, dx); }
    }

    /// <summary>g = dy times the operation's slope in one operand, in the result's shape. g may be dy, but for maximum and minimum.</summary>
    private void LocalGradient(int index, TensorView g)
    {
        TensorView a = X(0), b = X(1);
        switch (_op)
        {
            case BinaryOp.Subtract:
                Backend.Unary(UnaryOp.Negate, 0f, Dy, g);
                break;
            case BinaryOp.Multiply:
                Backend.Binary(BinaryOp.Multiply, Dy, index == 0 ? b : a, g);
                break;
            case BinaryOp.Divide when index == 0:
                Backend.Binary(BinaryOp.Divide, Dy, b, g);
                break;
            case BinaryOp.Divide:
                // d(a/b)/db = -(a/b)/b = -y/b
                Backend.Binary(BinaryOp.Multiply, Dy, Y, g);
                Backend.Binary(BinaryOp.Divide, g, b, g);
                Backend.Unary(UnaryOp.Negate, 0f, g, g);
                break;
            default:
                // The mask is 1 where the first operand is the result.
                Backend.Binary(BinaryOp.Subtract, _op == BinaryOp.Maximum ? a : b, _op == BinaryOp.Maximum ? b : a, g);
                Backend.Unary(UnaryOp.Step, 0f, g, g);
                Backend.Binary(BinaryOp.Multiply, Dy, g, g);
                if (index == 1) { Backend.Binary(BinaryOp.Subtract, Dy, g, g); }
                break;
        }
    }
}
