namespace RnnGpu.Nn;

public readonly partial struct Tensor
{
    /// <summary>Far below any score: its exponential beside a score's is exactly 0, and adding a score to it stays finite.</summary>
    private const float MaskedScore = -1e30f;

    /// <summary>
    /// Softmax over the last axis among the elements whose mask is 1; the others are exactly 0 and get no gradient. A row without any is all 0.
    /// </summary>
    /// <param name="mask">0 or 1, of this shape or one that broadcasts to it.</param>
    /// <exception cref="ArgumentException">A mask that does not broadcast.</exception>
    public Tensor MaskedSoftmax(Tensor mask)
    {
        Tensor x = this * mask + ((1f - mask) * MaskedScore);
        return x.Softmax() * mask;
    }
}
