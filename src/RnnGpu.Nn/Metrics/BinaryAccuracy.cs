namespace RnnGpu.Nn;

/// <summary>
/// Part of the elements that lie on their target's side: prediction above the threshold where the target is above 0.5.
/// </summary>
/// <param name="threshold">0 for logits, as <see cref="BinaryCrossEntropy"/> takes them; 0.5 for probabilities.</param>
public sealed class BinaryAccuracy(float threshold = 0f) : MeanMetric
{
    private float[] _predictions = [], _targets = [];

    /// <inheritdoc/>
    public override string Name => "binary_accuracy";

    /// <inheritdoc/>
    public override void Update(Tensor predictions, Tensor targets)
    {
        ReadOnlySpan<float> x = Read(predictions, ref _predictions), t = Read(targets, ref _targets);
        long hits = 0;
        for (int i = 0; i < t.Length; i++)
        {
            if (x[i] > threshold == t[i] > 0.5f) { hits++; }
        }

        Add(hits, t.Length);
    }
}
