namespace RnnGpu.Core;

/// <summary>
/// Scores of a linear-chain conditional random field (Lafferty, McCallum and Pereira 2001). A row of n steps gives the tags y the score
/// <c>s(y) = start[y_0] + x[0, y_0] + sum over t in 1..n-1 of (transitions[y_(t-1), y_t] + x[t, y_t]) + end[y_(n-1)]</c>
/// and the probability <c>exp(s(y)) / Z</c>, Z the sum of exp(s) over all tag sequences. A score of -infinity forbids.
/// </summary>
public readonly record struct CrfScores
{
    /// <summary>x: <c>[T, B, K]</c>.</summary>
    public required TensorView Emissions { get; init; }

    /// <summary><c>[K, K]</c>: row the tag before, column the tag after.</summary>
    public required TensorView Transitions { get; init; }

    /// <summary><c>[K]</c>: of a row's first tag.</summary>
    public required TensorView Start { get; init; }

    /// <summary><c>[K]</c>: of a row's last tag.</summary>
    public required TensorView End { get; init; }

    /// <summary><c>[B]</c> int: steps of each row, any order, taken as 0 below 0 and as T above T; empty: all rows have T.</summary>
    public TensorView Lengths { get; init; }
}

public partial interface IBackend
{
    /// <summary>
    /// Log partition functions and negative log-likelihoods: <c>loss[b] = log Z - s(tags)</c>, or <c>log Z</c> without tags; 0 for a row
    /// of no steps, and for one with a negative tag within its length, which does not count. Infinite where the tags are forbidden,
    /// NaN where everything is. Runs in log space, each step shifted by its largest score, and sums the differences of steps, so that
    /// neither large scores nor long rows cost digits.
    /// </summary>
    /// <param name="scores">x and the rest.</param>
    /// <param name="tags"><c>[T, B]</c> int, all below K; or empty.</param>
    /// <param name="alpha"><c>[T, B, K]</c>, kept for the gradient: forward scores of each step less their largest; undefined behind a
    /// row's length.</param>
    /// <param name="shifts"><c>[T, B]</c>, likewise: those largest.</param>
    /// <param name="loss"><c>[B]</c>.</param>
    void CrfForward(in CrfScores scores, in TensorView tags, in TensorView alpha, in TensorView shifts, in TensorView loss);

    /// <summary>Bytes of workspace that <see cref="CrfBackward"/> needs.</summary>
    long CrfBackwardWorkspaceBytes(int steps, int batch, int tags);

    /// <summary>
    /// Gradients of <see cref="CrfForward"/>: <c>dx[t, b, k] = dLoss[b] (P(y_t = k) - [tags_t = k])</c>, 0 behind a row's length, and likewise for
    /// pairs of neighbours, first and last tags. Without tags and with dLoss 1, dx holds the marginal probabilities.
    /// </summary>
    /// <param name="scores">As in the forward call; likewise tags.</param>
    /// <param name="alpha">From the forward call.</param>
    /// <param name="shifts">Likewise.</param>
    /// <param name="dLoss"><c>[B]</c>.</param>
    /// <param name="workspace">At least <see cref="CrfBackwardWorkspaceBytes"/>.</param>
    /// <param name="dEmissions"><c>[T, B, K]</c>, assigned.</param>
    /// <param name="dTransitions"><c>[K, K]</c>, accumulates over rows in ascending order; or empty.</param>
    /// <param name="dStart"><c>[K]</c>, likewise.</param>
    /// <param name="dEnd"><c>[K]</c>, likewise.</param>
    void CrfBackward(
        in CrfScores scores, in TensorView tags, in TensorView alpha, in TensorView shifts, in TensorView dLoss, in TensorView workspace,
        in TensorView dEmissions, in TensorView dTransitions, in TensorView dStart, in TensorView dEnd);

    /// <summary>Bytes of workspace that <see cref="CrfDecode"/> needs.</summary>
    long CrfDecodeWorkspaceBytes(int steps, int batch, int tags);

    /// <summary>
    /// The tags of the highest score of each row (Viterbi 1967); of equals, the lowest tag, from the last step on.
    /// </summary>
    /// <param name="scores">x and the rest.</param>
    /// <param name="workspace">At least <see cref="CrfDecodeWorkspaceBytes"/>.</param>
    /// <param name="tags"><c>[T, B]</c> int: -1 behind a row's length.</param>
    /// <param name="best"><c>[B]</c>: the score of those tags, 0 for a row of no steps.</param>
    void CrfDecode(in CrfScores scores, in TensorView workspace, in TensorView tags, in TensorView best);
}
