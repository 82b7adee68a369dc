namespace RnnGpu.Core;

/// <summary>What is done to a product's rows before they are stored.</summary>
public enum GemmActivation
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>max(x, 0).</summary>
    Relu,

    /// <summary>tanh x.</summary>
    Tanh,

    /// <summary>Logistic function.</summary>
    Sigmoid,
}

public partial interface IBackend
{
    /// <summary>
    /// Matrix product: <c>C = act(A B + bias)</c>, or <c>C += A B</c> with <paramref name="accumulate"/>. Each element is one
    /// chain of fused multiply-adds over the inner axis in index order, starting from the bias, 0 or (accumulating) the old
    /// value; so a product cut into pieces along any axis gives the same bits.
    /// </summary>
    /// <param name="a"><c>[M, K]</c>, transposed or not.</param>
    /// <param name="b"><c>[K, N]</c>, transposed or not.</param>
    /// <param name="bias"><c>[N]</c> or empty; only without <paramref name="accumulate"/>.</param>
    /// <param name="activation">Applied after the bias; only without <paramref name="accumulate"/>.</param>
    /// <param name="accumulate">Add to C instead of assigning.</param>
    /// <param name="c"><c>[M, N]</c>, not transposed, apart from A and B.</param>
    /// <exception cref="ArgumentException">Sizes that do not fit.</exception>
    void Gemm(in MatrixView a, in MatrixView b, in TensorView bias, GemmActivation activation, bool accumulate, in MatrixView c);

    /// <summary>Bytes of a matrix <c>[K, N]</c> in the private layout of <see cref="PackMatrix"/>.</summary>
    long PackedMatrixBytes(long k, long n);

    /// <summary>Lays out a right-hand operand <c>[K, N]</c> for <see cref="GemmPacked"/>, to be used many times.</summary>
    /// <param name="b"><c>[K, N]</c>, transposed or not.</param>
    /// <param name="packed">At least <see cref="PackedMatrixBytes"/>.</param>
    void PackMatrix(in MatrixView b, in TensorView packed);

    /// <summary><see cref="Gemm"/> with a right-hand operand from <see cref="PackMatrix"/>; the same bits.</summary>
    /// <param name="k">Inner size of the packed matrix.</param>
    /// <param name="n">Columns of the packed matrix.</param>
    void GemmPacked(
        in MatrixView a, in TensorView packed, long k, long n, in TensorView bias, GemmActivation activation, bool accumulate, in MatrixView c);

    /// <summary>
    /// Rows of a product that cost no more than another call: a step of some rows of a batch computes gaps of so many rows in vain rather than
    /// cut its product in two. On a device whose calls are launches, any number.
    /// </summary>
    int RowsWorthACall => int.MaxValue;
}
