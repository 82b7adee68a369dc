namespace RnnGpu.Core;

public partial interface IBackend
{
    /// <summary>
    /// The largest element over time of every row and column: <c>y[b, f] = max x[t, b, f]</c> over <c>t &lt; lengths[b]</c>, with the step where it
    /// first stands. A row of length 0 gives 0 and step -1. A NaN counts as the largest.
    /// </summary>
    /// <param name="x"><c>[T, B, F]</c>.</param>
    /// <param name="lengths"><c>[B]</c> int, held within 0 to T; or empty: all T.</param>
    /// <param name="y"><c>[B, F]</c>.</param>
    /// <param name="steps"><c>[B, F]</c> int, kept for the gradient.</param>
    void MaxOverTime(in TensorView x, in TensorView lengths, in TensorView y, in TensorView steps);

    /// <summary>
    /// Gradient of <see cref="MaxOverTime"/>: <c>dx[t, b, f] = dy[b, f]</c> at the step of the largest, 0 elsewhere; assigns all of dx.
    /// </summary>
    /// <param name="dy"><c>[B, F]</c>.</param>
    /// <param name="steps"><c>[B, F]</c> int.</param>
    /// <param name="dx"><c>[T, B, F]</c>.</param>
    void MaxOverTimeBackward(in TensorView dy, in TensorView steps, in TensorView dx);
}
