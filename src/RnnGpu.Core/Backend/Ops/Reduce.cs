namespace RnnGpu.Core;

public partial interface IBackend
{
    /// <summary>
    /// Sums over the axes along which <paramref name="y"/> has size 1 (or which it lacks in front), the inverse of broadcasting:
    /// <c>y = sum x</c>, or <c>y += sum x</c>.
    /// </summary>
    void SumTo(in TensorView x, bool accumulate, in TensorView y);

    /// <summary>
    /// Column sums in row order: <c>y[n] += x[0, n] + x[1, n] + ...</c>, each one chain from the old value, so that rows summed
    /// in pieces give the same bits. Accumulates.
    /// </summary>
    /// <param name="x"><c>[M, N]</c>, any row stride, negative too.</param>
    /// <param name="y"><c>[N]</c>.</param>
    void AddColumnSums(in MatrixView x, in TensorView y);

    /// <summary>Index of each row's largest element (the first of equals).</summary>
    /// <param name="x"><c>[R, C]</c>.</param>
    /// <param name="y"><c>[R]</c> int.</param>
    void ArgMax(in TensorView x, in TensorView y);

    /// <summary>Sum of squares over several tensors.</summary>
    /// <param name="tensors">Any shapes.</param>
    /// <param name="y">One element, assigned.</param>
    void SumOfSquares(ReadOnlySpan<TensorView> tensors, in TensorView y);
}
