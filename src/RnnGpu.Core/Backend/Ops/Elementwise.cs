namespace RnnGpu.Core;

/// <summary>Functions of one variable. <c>p</c> is the operation's parameter.</summary>
public enum UnaryOp
{
    /// <summary>-x.</summary>
    Negate,

    /// <summary>p x.</summary>
    Scale,

    /// <summary>x + p.</summary>
    Shift,

    /// <summary>1 / (1 + exp(-x)).</summary>
    Sigmoid,

    /// <summary>tanh x.</summary>
    Tanh,

    /// <summary>max(x, 0).</summary>
    Relu,

    /// <summary>x for x &gt; 0, else p x.</summary>
    LeakyRelu,

    /// <summary>1 for x &gt; 0, else 0; its gradient is 0.</summary>
    Step,

    /// <summary>exp x.</summary>
    Exp,

    /// <summary>Natural logarithm.</summary>
    Log,

    /// <summary>Square root.</summary>
    Sqrt,

    /// <summary>x².</summary>
    Square,

    /// <summary>|x|; its gradient at 0 is 0.</summary>
    Abs,

    /// <summary>x held between -p and p; its gradient is 0 outside.</summary>
    Clamp,
}

/// <summary>Functions of two variables.</summary>
public enum BinaryOp
{
    /// <summary>a + b.</summary>
    Add,

    /// <summary>a - b.</summary>
    Subtract,

    /// <summary>a b.</summary>
    Multiply,

    /// <summary>a / b.</summary>
    Divide,

    /// <summary>The larger; NaN if either is NaN.</summary>
    Maximum,

    /// <summary>The smaller; NaN if either is NaN.</summary>
    Minimum,
}

public partial interface IBackend
{
    /// <summary>Sets every element.</summary>
    void Fill(float value, in TensorView destination);

    /// <summary>Copies elements of equal count and type; shapes may differ.</summary>
    void Copy(in TensorView source, in TensorView destination);

    /// <summary><c>y = op(x; p)</c>; in place allowed.</summary>
    void Unary(UnaryOp op, float parameter, in TensorView x, in TensorView y);

    /// <summary><c>dx = dy op'(x)</c>, or <c>dx += ...</c>; y is the forward result. <paramref name="dx"/> may be <paramref name="dy"/>.</summary>
    void UnaryBackward(
        UnaryOp op, float parameter, in TensorView x, in TensorView y, in TensorView dy, bool accumulate, in TensorView dx);

    /// <summary><c>y = op(a, b)</c>, shapes broadcast as in NumPy to that of <paramref name="y"/>; in place allowed where a
    /// source has y's shape.</summary>
    void Binary(BinaryOp op, in TensorView a, in TensorView b, in TensorView y);

    /// <summary><c>y = alpha x + beta y</c> over equal lengths. With beta 0 the old y is not read.</summary>
    void AddScaled(float alpha, in TensorView x, float beta, in TensorView y);
}
