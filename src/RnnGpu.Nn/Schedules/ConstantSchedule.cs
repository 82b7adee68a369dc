namespace RnnGpu.Nn;

/// <summary>One learning rate, with a linear warm-up: <c>rate (step + 1) / warmupSteps</c> at first.</summary>
public sealed class ConstantSchedule(double rate, long warmupSteps = 0) : LearningRateSchedule
{
    private readonly double _rate = NotNegative(rate, nameof(rate));
    private readonly long _warmupSteps = AtLeast(warmupSteps, 0, nameof(warmupSteps));

    /// <inheritdoc/>
    public override double Rate(long step) => step < _warmupSteps ? _rate * (step + 1) / _warmupSteps : _rate;
}
