namespace RnnGpu.Nn;

/// <summary>
/// exp of the mean cross-entropy of logits <c>[.., C]</c> with class targets <c>[..]</c>; negative targets do not count.
/// </summary>
public sealed class Perplexity : MeanMetric
{
    private readonly SoftmaxCrossEntropy _loss = new(reduction: Reduction.Sum);
    private int[] _targets = [];

    /// <inheritdoc/>
    public override string Name => "perplexity";

    /// <inheritdoc/>
    public override double Value => Math.Exp(base.Value);

    /// <inheritdoc/>
    public override void Update(Tensor predictions, Tensor targets)
    {
        ReadOnlySpan<int> wanted = Read(targets, ref _targets);
        long count = 0;
        foreach (int target in wanted)
        {
            if (target >= 0) { count++; }
        }

        Add(_loss.Forward(predictions, targets).Item(), count);
    }
}
