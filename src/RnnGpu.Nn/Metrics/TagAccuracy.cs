namespace RnnGpu.Nn;

/// <summary>Part of the tokens whose predicted tag is the target; negative targets do not count. Takes tags, not scores.</summary>
public sealed class TagAccuracy : MeanMetric
{
    private int[] _predictions = [], _targets = [];

    /// <inheritdoc/>
    public override string Name => "accuracy";

    /// <inheritdoc/>
    /// <param name="predictions">Integers of any shape.</param>
    /// <param name="targets">Integers of the same shape.</param>
    public override void Update(Tensor predictions, Tensor targets)
    {
        if (predictions.Shape != targets.Shape) { throw new ArgumentException($"predicted tags {predictions} do not fit targets {targets}"); }
        Update(Read(predictions, ref _predictions), Read(targets, ref _targets));
    }

    /// <summary>Adds tags that lie on the host.</summary>
    /// <exception cref="ArgumentException">Of different length.</exception>
    public void Update(ReadOnlySpan<int> predicted, ReadOnlySpan<int> gold)
    {
        if (predicted.Length != gold.Length) { throw new ArgumentException($"{predicted.Length} predicted tags for {gold.Length} tokens"); }
        long hits = 0, count = 0;
        for (int i = 0; i < gold.Length; i++)
        {
            if (gold[i] < 0) { continue; }
            count++;
            if (gold[i] == predicted[i]) { hits++; }
        }

        Add(hits, count);
    }
}
