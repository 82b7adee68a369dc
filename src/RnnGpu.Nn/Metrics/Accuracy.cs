namespace RnnGpu.Nn;

/// <summary>Part of the rows whose largest score <c>[.., C]</c> is the target's <c>[..]</c>; negative targets do not count.</summary>
public sealed class Accuracy : MeanMetric
{
    private int[] _classes = [], _targets = [];

    /// <inheritdoc/>
    public override string Name => "accuracy";

    /// <inheritdoc/>
    public override void Update(Tensor predictions, Tensor targets)
    {
        ReadOnlySpan<int> classes = Read(predictions.ArgMax(), ref _classes), wanted = Read(targets, ref _targets);
        long hits = 0, count = 0;
        for (int i = 0; i < wanted.Length; i++)
        {
            if (wanted[i] < 0) { continue; }
            count++;
            if (classes[i] == wanted[i]) { hits++; }
        }

        Add(hits, count);
    }
}
