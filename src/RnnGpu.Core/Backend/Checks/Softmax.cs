namespace RnnGpu.Core;

public static partial class Check
{
    /// <summary>Arguments of <see cref="IBackend.Softmax"/>.</summary>
    public static void Softmax(in TensorView x, in TensorView y)
    {
        Floats(x, nameof(x));
        SameMatrix(y, nameof(y), x, nameof(x));
    }

    /// <summary>Arguments of <see cref="IBackend.SoftmaxBackward"/>.</summary>
    public static void SoftmaxBackward(in TensorView y, in TensorView dy, in TensorView dx)
    {
        Floats(y, nameof(y));
        SameMatrix(dy, nameof(dy), y, nameof(y));
        SameMatrix(dx, nameof(dx), y, nameof(y));
    }

    /// <summary>Arguments of <see cref="IBackend.SoftmaxCrossEntropy"/>; gives the limit that the targets must stay below.</summary>
    public static IndexLimit SoftmaxCrossEntropy(
        in TensorView x, in TensorView targets, in TensorView weights, float smoothing, in TensorView scale, in TensorView loss, in TensorView dx)
    {
        Floats(x, nameof(x));
        long rows = x.Shape.Rows;
        Ints(targets, nameof(targets), rows);
        OptionalFloats(weights, nameof(weights), rows);
        Floats(loss, nameof(loss), rows);
        if (!(smoothing >= 0 && smoothing <= 1)) { Fail(nameof(SoftmaxCrossEntropy), $"smoothing {smoothing} is not in 0..1"); }
        if (!dx.IsEmpty)
        {
            SameMatrix(dx, nameof(dx), x, nameof(x));
            Floats(scale, nameof(scale), 1);
        }

        return new IndexLimit(nameof(SoftmaxCrossEntropy), "target", x.Shape.Columns, "classes");
    }

    /// <summary>Arguments of <see cref="IBackend.CountWeights"/>.</summary>
    public static void CountWeights(in TensorView targets, in TensorView weights, long rows, in TensorView y)
    {
        if (rows < 0) { Fail(nameof(CountWeights), $"rows is {rows}"); }
        if (!targets.IsEmpty) { Ints(targets, nameof(targets), rows); }
        OptionalFloats(weights, nameof(weights), rows);
        Floats(y, nameof(y), 2);
    }
}
