namespace RnnGpu.Core;

public partial interface IBackend
{
    /// <summary>
    /// Layer normalisation of each row (Ba et al. 2016): <c>y = gamma (x - mean) rstd + beta</c>, rstd = 1/sqrt(variance + epsilon).
    /// </summary>
    /// <param name="x"><c>[R, C]</c>.</param>
    /// <param name="gamma"><c>[C]</c>.</param>
    /// <param name="beta"><c>[C]</c>.</param>
    /// <param name="epsilon">Added to the variance.</param>
    /// <param name="y"><c>[R, C]</c>.</param>
    /// <param name="mean"><c>[R]</c>, kept for the gradient.</param>
    /// <param name="rstd"><c>[R]</c>, likewise.</param>
    void LayerNorm(
        in TensorView x, in TensorView gamma, in TensorView beta, float epsilon, in TensorView y, in TensorView mean, in TensorView rstd);

    /// <summary>Gradient of <see cref="LayerNorm"/>. Accumulates <paramref name="dGamma"/> and <paramref name="dBeta"/>, assigns dx.</summary>
    void LayerNormBackward(
        in TensorView x, in TensorView gamma, in TensorView mean, in TensorView rstd, in TensorView dy,
        in TensorView dx, in TensorView dGamma, in TensorView dBeta);
}
