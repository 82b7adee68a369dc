namespace RnnGpu.Nn;

/// <summary>
/// A short linear rise and a long linear decay (Howard and Ruder 2018, ULMFiT): with <c>cut = floor(rise total)</c> and
/// <c>p = step / cut</c> before it, <c>1 - (step - cut) / (cut (1 / rise - 1))</c> from it on,
/// <c>rate = peak (1 + p (ratio - 1)) / ratio</c>. From the last step on the rate is <c>peak / ratio</c>.
/// </summary>
public sealed class SlantedTriangularSchedule : LearningRateSchedule
{
    private readonly double _peak;
    private readonly double _ratio;
    private readonly double _rise;
    private readonly long _cut;

    /// <summary>A schedule.</summary>
    /// <param name="peak">Highest rate.</param>
    /// <param name="totalSteps">Steps of the whole triangle.</param>
    /// <param name="rise">Part of the steps that goes up; more than 0, below 1.</param>
    /// <param name="ratio">How many times smaller the lowest rate is; at least 1.</param>
    public SlantedTriangularSchedule(double peak, long totalSteps, double rise = 0.1, double ratio = 32)
    {
        _peak = NotNegative(peak, nameof(peak));
        _rise = rise is > 0 and < 1 ? rise : throw new ArgumentOutOfRangeException(nameof(rise), $"rise must be more than 0 and below 1, not {rise}");
        _ratio = ratio >= 1 && double.IsFinite(ratio)
            ? ratio
            : throw new ArgumentOutOfRangeException(nameof(ratio), $"ratio must be at least 1, and finite, not {ratio}");
        _cut = Math.Max(1, (long)(AtLeast(totalSteps, 1, nameof(totalSteps)) * rise));
    }

    /// <inheritdoc/>
    public override double Rate(long step)
    {
        double p = step < _cut ? (double)step / _cut : 1 - ((step - _cut) / (_cut * ((1 / _rise) - 1)));
        return _peak * (1 + (Math.Max(0, p) * (_ratio - 1))) / _ratio;
    }
}
