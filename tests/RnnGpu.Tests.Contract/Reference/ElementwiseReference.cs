using RnnGpu.Core;

namespace RnnGpu.Tests.Contract;

/// <summary>Functions of one and two variables in float64.</summary>
public static class ElementwiseReference
{
    public static double Unary(UnaryOp op, double p, double x) => op switch
    {
        UnaryOp.Negate => -x,
        UnaryOp.Scale => p * x,
        UnaryOp.Shift => x + p,
        UnaryOp.Sigmoid => 1 / (1 + Math.Exp(-x)),
        UnaryOp.Tanh => Math.Tanh(x),
        UnaryOp.Relu => x < 0 ? 0 : x,
        UnaryOp.LeakyRelu => x > 0 ? x : p * x,
        UnaryOp.Step => x > 0 ? 1 : 0,
        UnaryOp.Exp => Math.Exp(x),
        UnaryOp.Log => Math.Log(x),
        UnaryOp.Sqrt => Math.Sqrt(x),
        UnaryOp.Square => x * x,
        UnaryOp.Abs => Math.Abs(x),
        UnaryOp.Clamp => Math.Clamp(x, -p, p),
        _ => throw new InvalidOperationException($"the reference has no {op}"),
    };

    public static double Slope(UnaryOp op, double p, double x) => op switch
    {
        UnaryOp.Negate => -1,
        UnaryOp.Scale => p,
        UnaryOp.Shift => 1,
        UnaryOp.Sigmoid => Unary(op, p, x) * (1 - Unary(op, p, x)),
        UnaryOp.Tanh => 1 - (Math.Tanh(x) * Math.Tanh(x)),
        UnaryOp.Relu => x > 0 ? 1 : 0,
        UnaryOp.LeakyRelu => x > 0 ? 1 : p,
        UnaryOp.Step => 0,
        UnaryOp.Exp => Math.Exp(x),
        UnaryOp.Log => 1 / x,
        UnaryOp.Sqrt => 0.5 / Math.Sqrt(x),
        UnaryOp.Square => 2 * x,
        UnaryOp.Abs => Math.Sign(x),
        UnaryOp.Clamp => Math.Abs(x) < p ? 1 : 0,
        _ => throw new InvalidOperationException($"the reference has no {op}"),
    };

    public static double Binary(BinaryOp op, double a, double b) => op switch
    {
        BinaryOp.Add => a + b,
        BinaryOp.Subtract => a - b,
        BinaryOp.Multiply => a * b,
        BinaryOp.Divide => a / b,
        BinaryOp.Maximum => Math.Max(a, b),
        BinaryOp.Minimum => Math.Min(a, b),
        _ => throw new InvalidOperationException($"the reference has no {op}"),
    };

    /// <summary>For each element of <paramref name="whole"/> in order, the element of <paramref name="part"/> that NumPy's rules pair with it.</summary>
    public static int[] Broadcast(int[] part, int[] whole)
    {
        int count = whole.Aggregate(1, (a, b) => a * b);
        var map = new int[count];
        for (int i = 0; i < count; i++)
        {
            int rest = i, step = 1, at = 0;
            for (int axis = whole.Length - 1; axis >= 0; axis--)
            {
                int index = rest % whole[axis], own = axis - (whole.Length - part.Length);
                rest /= whole[axis];
                if (own < 0) { continue; }
                at += (part[own] == 1 ? 0 : index) * step;
                step *= part[own];
            }

            map[i] = at;
        }

        return map;
    }
}
