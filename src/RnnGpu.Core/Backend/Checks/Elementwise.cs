namespace RnnGpu.Core;

public static partial class Check
{
    /// <summary>Arguments of <see cref="IBackend.Fill"/>; gives the bits of an element.</summary>
    public static int Fill(float value, in TensorView destination)
    {
        if (destination.IsEmpty) { Fail(nameof(Fill), "there is no destination"); }
        if (destination.DType == DType.F32) { return BitConverter.SingleToInt32Bits(value); }
        if (value != (int)value) { Fail(nameof(Fill), $"{value} is not an int, but the destination is {destination}"); }
        return (int)value;
    }

    /// <summary>Arguments of <see cref="IBackend.Copy"/>.</summary>
    public static void Copy(in TensorView source, in TensorView destination)
    {
        if (source.IsEmpty || destination.IsEmpty || source.DType != destination.DType || source.Length != destination.Length)
        {
            Fail(nameof(Copy), $"source is {source}, destination {destination}; they must have the same type and number of elements");
        }
    }

    /// <summary>Arguments of <see cref="IBackend.Unary"/>.</summary>
    public static void Unary(UnaryOp op, in TensorView x, in TensorView y)
    {
        CheckKnown(op, nameof(Unary));
        Floats(x, nameof(x));
        Floats(y, nameof(y), x.Length);
    }

    /// <summary>Arguments of <see cref="IBackend.UnaryBackward"/>; x and y may be empty where the gradient does not need them.</summary>
    public static void UnaryBackward(UnaryOp op, in TensorView x, in TensorView y, in TensorView dy, in TensorView dx)
    {
        CheckKnown(op, nameof(UnaryBackward));
        Floats(dy, nameof(dy));
        Floats(dx, nameof(dx), dy.Length);
        if (GradientNeedsX(op)) { Floats(x, nameof(x), dy.Length); }
        if (GradientNeedsY(op)) { Floats(y, nameof(y), dy.Length); }
    }

    /// <summary>Whether a gradient is computed from x.</summary>
    public static bool GradientNeedsX(UnaryOp op) =>
        op is UnaryOp.Relu or UnaryOp.LeakyRelu or UnaryOp.Log or UnaryOp.Square or UnaryOp.Abs or UnaryOp.Clamp;

    /// <summary>Whether a gradient is computed from y.</summary>
    public static bool GradientNeedsY(UnaryOp op) => op is UnaryOp.Sigmoid or UnaryOp.Tanh or UnaryOp.Exp or UnaryOp.Sqrt;

    /// <summary>Arguments of <see cref="IBackend.Binary"/>; gives the merged walk, with step 0 where a source is repeated.</summary>
    public static void Binary(BinaryOp op, in TensorView a, in TensorView b, in TensorView y, out Walk walk)
    {
        if (op is < BinaryOp.Add or > BinaryOp.Minimum) { Fail(nameof(Binary), $"{(int)op} is no function of two variables"); }
        Floats(a, nameof(a));
        Floats(b, nameof(b));
        Floats(y, nameof(y));
        Shape shape = y.Shape;
        walk = default;
        Strides ofA = BroadcastStrides(a, nameof(a), y), ofB = BroadcastStrides(b, nameof(b), y), ofY = Strides.Contiguous(shape);
        for (int i = 0; i < shape.Rank; i++) { walk.Append(shape[i], ofA[i], ofB[i], ofY[i]); }
        if ((SameStart(a, y) && a.Length != y.Length) || (SameStart(b, y) && b.Length != y.Length))
        {
            Fail(nameof(Binary), $"in place only where the source has the destination's shape: {a}, {b}, {y}");
        }
    }

    /// <summary>Arguments of <see cref="IBackend.AddScaled"/>.</summary>
    public static void AddScaled(in TensorView x, in TensorView y)
    {
        Floats(x, nameof(x));
        Floats(y, nameof(y), x.Length);
    }

    private static void CheckKnown(UnaryOp op, string operation)
    {
        if (op is < UnaryOp.Negate or > UnaryOp.Clamp) { Fail(operation, $"{(int)op} is no function of one variable"); }
    }

    private static bool SameStart(in TensorView a, in TensorView b) => ReferenceEquals(a.Buffer, b.Buffer) && a.Offset == b.Offset;

    /// <summary>Steps of a source along the destination's axes: 0 where it is repeated.</summary>
    private static Strides BroadcastStrides(in TensorView source, string name, in TensorView destination)
    {
        Shape from = source.Shape, to = destination.Shape;
        int missing = to.Rank - from.Rank;
        if (missing < 0) { FailBroadcast(source, name, destination); }
        Strides contiguous = Strides.Contiguous(from);
        Span<long> steps = stackalloc long[Shape.MaxRank];
        steps.Clear();
        for (int i = 0; i < from.Rank; i++)
        {
            if (from[i] != 1 && from[i] != to[missing + i]) { FailBroadcast(source, name, destination); }
            steps[missing + i] = from[i] == 1 ? 0 : contiguous[i];
        }

        return new Strides(steps);
    }

    private static void FailBroadcast(in TensorView source, string name, in TensorView destination) => Fail(
        nameof(Binary), $"{name} {source} does not broadcast to y {destination}: each axis, counted from the last, must be equal or 1");
}
