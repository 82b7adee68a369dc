namespace RnnGpu.Core;

public static partial class Check
{
    /// <summary>Arguments of <see cref="IBackend.ElementwiseLoss"/>.</summary>
    public static void ElementwiseLoss(
        ElementLoss kind, in TensorView x, in TensorView targets, in TensorView weights, in TensorView scale, in TensorView loss, in TensorView dx)
    {
        if (kind is < ElementLoss.SquaredError or > ElementLoss.BinaryCrossEntropy) { Fail(nameof(ElementwiseLoss), $"{(int)kind} is no loss"); }
        Floats(x, nameof(x));
        Floats(targets, nameof(targets), x.Length);
        OptionalFloats(weights, nameof(weights), x.Length);
        Floats(loss, nameof(loss), x.Length);
        OptionalFloats(dx, nameof(dx), x.Length);
        if (!dx.IsEmpty) { Floats(scale, nameof(scale), 1); }
    }
}
