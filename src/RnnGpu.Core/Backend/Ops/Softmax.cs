namespace RnnGpu.Core;

public partial interface IBackend
{
    /// <summary>Softmax of each row (the last axis), shifted by the row's maximum; in place allowed.</summary>
    void Softmax(in TensorView x, in TensorView y);

    /// <summary>Gradient of <see cref="Softmax"/>: <c>dx = y (dy - sum(dy y))</c> a row; dx may be dy.</summary>
    void SoftmaxBackward(in TensorView y, in TensorView dy, in TensorView dx);

    /// <summary>
    /// Softmax cross-entropy of each row and its gradient, in one pass:
    /// <c>loss[r] = w[r] ((1-e) (lse - x[target]) + e (lse - mean x))</c> with lse the row's log-sum-exp and e the label smoothing,
    /// <c>dx[r] = scale w[r] (softmax(x[r]) - (1-e) onehot - e/C)</c>. Rows whose target is negative give 0 and 0.
    /// </summary>
    /// <param name="x"><c>[R, C]</c> logits.</param>
    /// <param name="targets"><c>[R]</c> int in 0..C-1, or negative: ignored.</param>
    /// <param name="weights"><c>[R]</c> or empty (1).</param>
    /// <param name="smoothing">e, 0 to 1.</param>
    /// <param name="scale">One element: factor of the gradient (1 / sum of weights of the rows that count, for a mean).</param>
    /// <param name="loss"><c>[R]</c>.</param>
    /// <param name="dx"><c>[R, C]</c>, may be x; or empty.</param>
    void SoftmaxCrossEntropy(
        in TensorView x, in TensorView targets, in TensorView weights, float smoothing, in TensorView scale, in TensorView loss, in TensorView dx);

    /// <summary>
    /// The normaliser of a masked mean: <c>y[0] = sum of weights over rows that count</c> and <c>y[1] = 1 / y[0]</c> (0 when none counts).
    /// </summary>
    /// <param name="targets"><c>[R]</c> int, negative: does not count; or empty: all count.</param>
    /// <param name="weights"><c>[R]</c> or empty (1).</param>
    /// <param name="rows">R.</param>
    /// <param name="y">Two elements.</param>
    void CountWeights(in TensorView targets, in TensorView weights, long rows, in TensorView y);
}
