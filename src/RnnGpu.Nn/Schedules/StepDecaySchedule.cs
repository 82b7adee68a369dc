namespace RnnGpu.Nn;

/// <summary>
/// A lower rate every so many steps, as PyTorch's <c>StepLR</c>: <c>rate factor^floor(step / every)</c>.
/// </summary>
public sealed class StepDecaySchedule(double rate, long every, double factor = 0.1) : LearningRateSchedule
{
    private readonly double _rate = NotNegative(rate, nameof(rate));
    private readonly long _every = AtLeast(every, 1, nameof(every));
    private readonly double _factor = Fraction(factor, nameof(factor));

    /// <inheritdoc/>
    public override double Rate(long step) => _rate * Math.Pow(_factor, step / _every);
}
