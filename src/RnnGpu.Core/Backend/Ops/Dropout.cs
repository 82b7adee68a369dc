namespace RnnGpu.Core;

/// <summary>
/// Key of a counter-based random stream (Philox 4x32-10, Salmon et al. 2011): the same key gives the same numbers on every
/// device, so a mask is recomputed instead of kept.
/// </summary>
/// <param name="Seed">The run's seed.</param>
/// <param name="Step">Counts uses: the training step.</param>
/// <param name="Site">Which place in the network.</param>
public readonly record struct RandomKey(ulong Seed, ulong Step, uint Site);

public partial interface IBackend
{
    /// <summary>
    /// Inverted dropout: <c>y[i] = u(first + i) &lt; p ? 0 : x[i] / (1 - p)</c>. Called with the gradient and the same key it is
    /// its own backward pass. In place allowed.
    /// </summary>
    /// <param name="x">Any shape.</param>
    /// <param name="probability">p, 0 to less than 1.</param>
    /// <param name="key">Random stream.</param>
    /// <param name="first">Index of the first element in the stream: a tensor done in pieces gets the same mask.</param>
    /// <param name="y">Of the same length.</param>
    void Dropout(in TensorView x, float probability, RandomKey key, long first, in TensorView y);
}
