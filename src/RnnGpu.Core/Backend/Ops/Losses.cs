namespace RnnGpu.Core;

/// <summary>Losses that compare element by element.</summary>
public enum ElementLoss
{
    /// <summary>(x - t)².</summary>
    SquaredError,

    /// <summary>|x - t|, slope 0 at 0.</summary>
    AbsoluteError,

    /// <summary>Binary cross-entropy of sigmoid(x) with t in 0..1: max(x,0) - x t + log(1 + exp(-|x|)).</summary>
    BinaryCrossEntropy,
}

public partial interface IBackend
{
    /// <summary>An element-wise loss and its gradient: <c>loss = w l(x, t)</c>, <c>dx = scale w l'(x, t)</c>.</summary>
    /// <param name="x">Predictions (logits for <see cref="ElementLoss.BinaryCrossEntropy"/>).</param>
    /// <param name="targets">Of the same length.</param>
    /// <param name="weights">Of the same length, or empty (1).</param>
    /// <param name="scale">One element.</param>
    /// <param name="loss">Of the same length.</param>
    /// <param name="dx">Of the same length, may be x; or empty.</param>
    void ElementwiseLoss(
        ElementLoss kind, in TensorView x, in TensorView targets, in TensorView weights, in TensorView scale, in TensorView loss, in TensorView dx);
}
