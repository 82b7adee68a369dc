namespace RnnGpu.Nn;

/// <summary>
/// A lower rate from each milestone on, as PyTorch's <c>MultiStepLR</c>: <c>rate factor^(milestones reached)</c>.
/// </summary>
public sealed class MultiStepSchedule : LearningRateSchedule
{
    private readonly double _rate;
    private readonly double _factor;
    private readonly long[] _milestones;

    /// <summary>A schedule.</summary>
    /// <param name="rate">Before the first milestone.</param>
    /// <param name="factor">At each milestone; more than 0, at most 1.</param>
    /// <param name="milestones">Steps, ascending.</param>
    public MultiStepSchedule(double rate, double factor, params ReadOnlySpan<long> milestones)
    {
        _rate = NotNegative(rate, nameof(rate));
        _factor = Fraction(factor, nameof(factor));
        _milestones = milestones.ToArray();
        for (int i = 0; i < _milestones.Length; i++)
        {
            if (_milestones[i] < 1 || (i > 0 && _milestones[i] <= _milestones[i - 1]))
            {
                throw new ArgumentException($"milestones must be at least 1 and ascend; {_milestones[i]} does not", nameof(milestones));
            }
        }
    }

    /// <inheritdoc/>
    public override double Rate(long step)
    {
        int reached = 0;
        while (reached < _milestones.Length && step >= _milestones[reached]) { reached++; }
        return _rate * Math.Pow(_factor, reached);
    }
}
