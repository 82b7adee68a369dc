namespace RnnGpu.Nn;

/// <summary>
/// Mean F1 over the classes that occur, of the largest score <c>[.., C]</c> against the target's <c>[..]</c>; negative targets do not count.
/// </summary>
/// <param name="classes">C.</param>
public sealed class MacroF1(int classes) : Metric
{
    private int[] _classes = [], _targets = [];

    /// <inheritdoc/>
    public override string Name => "macro_f1";

    /// <inheritdoc/>
    public override double Value => Matrix.MacroF1;

    /// <summary>All counts since <see cref="Reset"/>.</summary>
    public ConfusionMatrix Matrix { get; } = new(classes);

    /// <inheritdoc/>
    public override void Reset() => Matrix.Clear();

    /// <inheritdoc/>
    public override void Update(Tensor predictions, Tensor targets)
    {
        ReadOnlySpan<int> found = Read(predictions.ArgMax(), ref _classes), wanted = Read(targets, ref _targets);
        for (int i = 0; i < wanted.Length; i++)
        {
            if (wanted[i] >= 0) { Matrix.Add(wanted[i], found[i]); }
        }
    }
}
