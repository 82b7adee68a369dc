using RnnGpu.Core;

namespace RnnGpu.Nn;

public readonly partial struct Tensor
{
    /// <summary>-x.</summary>
    public static Tensor operator -(Tensor x) => x.Unary(UnaryOp.Negate);

    /// <summary>x times a number.</summary>
    public static Tensor operator *(Tensor x, float factor) => x.Unary(UnaryOp.Scale, factor);

    /// <summary>x times a number.</summary>
    public static Tensor operator *(float factor, Tensor x) => x.Unary(UnaryOp.Scale, factor);

    /// <summary>x divided by a number.</summary>
    public static Tensor operator /(Tensor x, float divisor) => x.Unary(UnaryOp.Scale, 1f / divisor);

    /// <summary>x plus a number.</summary>
    public static Tensor operator +(Tensor x, float term) => x.Unary(UnaryOp.Shift, term);

    /// <summary>x plus a number.</summary>
    public static Tensor operator +(float term, Tensor x) => x.Unary(UnaryOp.Shift, term);

    /// <summary>x minus a number.</summary>
    public static Tensor operator -(Tensor x, float term) => x.Unary(UnaryOp.Shift, -term);

    /// <summary>A number minus x.</summary>
    public static Tensor operator -(float term, Tensor x) => (-x).Unary(UnaryOp.Shift, term);

    /// <summary>1 / (1 + exp(-x)).</summary>
    public Tensor Sigmoid() => Unary(UnaryOp.Sigmoid);

    /// <summary>tanh x.</summary>
    public Tensor Tanh() => Unary(UnaryOp.Tanh);

    /// <summary>max(x, 0).</summary>
    public Tensor Relu() => Unary(UnaryOp.Relu);

    /// <summary>x where positive, else <paramref name="slope"/> x.</summary>
    public Tensor LeakyRelu(float slope = 0.01f) => Unary(UnaryOp.LeakyRelu, slope);

    /// <summary>1 where x is positive, else 0; its gradient is 0.</summary>
    public Tensor Step() => Unary(UnaryOp.Step);

    /// <summary>e to the x.</summary>
    public Tensor Exp() => Unary(UnaryOp.Exp);

    /// <summary>Natural logarithm.</summary>
    public Tensor Log() => Unary(UnaryOp.Log);

    /// <summary>Square root.</summary>
    public Tensor Sqrt() => Unary(UnaryOp.Sqrt);

    /// <summary>x².</summary>
    public Tensor Square() => Unary(UnaryOp.Square);

    /// <summary>|x|; its gradient at 0 is 0.</summary>
    public Tensor Abs() => Unary(UnaryOp.Abs);

    /// <summary>x held between -<paramref name="limit"/> and <paramref name="limit"/>; the gradient is 0 outside.</summary>
    public Tensor Clamp(float limit) => Unary(UnaryOp.Clamp, limit);

    /// <summary>A function of each element, by its operation code.</summary>
    public Tensor Unary(UnaryOp op, float parameter = 0f)
    {
        TensorSlot x = this.Float(nameof(Unary));
        Device device = x.Device;
        Tensor y = device.NewTensor(x.Shape);
        device.Backend.Unary(op, parameter, x.View, y.View);
        if (device.Records(x)) { device.Tape.Record<UnaryNode>().Set(op, parameter, x, y); }
        return y;
    }
}

internal sealed class UnaryNode : TapeNode
{
    private UnaryOp _op;
    private float _parameter;

    public void Set(UnaryOp op, float parameter, TensorSlot x, Tensor y)
    {
        _op = op;
        _parameter = parameter;
        AddInput(x);
        AddOutput(y);
    }

    public override void Backward()
    {
        if (_op == UnaryOp.Shift)
        {
            PassGradient(0);
            return;
        }

        // The output's gradient is dead after this node: where it can become the input's, the slope is multiplied in place.
        if (TryPassGradient(0, changed: true))
        {
            TensorView dx = Input(0).Gradient;
            Backend.UnaryBackward(_op, _parameter, X(0), Y, dx, accumulate: false, dx);
        }
        else
        {
            TensorView dx = Gradient(0, out bool accumulate);
            Backend.UnaryBackward(_op, _parameter, X(0), Y, Dy, accumulate, dx);
        }
    }
}
