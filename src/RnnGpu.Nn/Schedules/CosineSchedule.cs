namespace RnnGpu.Nn;

/// <summary>
/// A linear warm-up, <c>peak (step + 1) / warmup</c>, then half a cosine (Loshchilov and Hutter 2017, without restarts) down to
/// the floor: <c>floor + (peak - floor) (1 + cos(pi (step - warmup) / (total - warmup))) / 2</c>. The floor from then on.
/// </summary>
public sealed class CosineSchedule : LearningRateSchedule
{
    private readonly double _peak;
    private readonly double _floor;
    private readonly long _totalSteps;
    private readonly long _warmupSteps;

    /// <summary>A schedule.</summary>
    /// <param name="peak">Highest rate.</param>
    /// <param name="totalSteps">Step at which the floor is reached.</param>
    /// <param name="warmupSteps">Steps until the peak; less than <paramref name="totalSteps"/>.</param>
    /// <param name="floor">Lowest rate; at most the peak.</param>
    public CosineSchedule(double peak, long totalSteps, long warmupSteps = 0, double floor = 0)
    {
        _peak = NotNegative(peak, nameof(peak));
        _floor = NotNegative(floor, nameof(floor));
        _totalSteps = AtLeast(totalSteps, 1, nameof(totalSteps));
        _warmupSteps = AtLeast(warmupSteps, 0, nameof(warmupSteps));
        if (warmupSteps >= totalSteps)
        {
            throw new ArgumentException($"a warm-up of {warmupSteps} steps leaves nothing of {totalSteps} in all", nameof(warmupSteps));
        }

        if (floor > peak) { throw new ArgumentException($"the lowest rate {floor} is above the highest, {peak}", nameof(floor)); }
    }

    /// <inheritdoc/>
    public override double Rate(long step)
    {
        if (step < _warmupSteps) { return _peak * (step + 1) / _warmupSteps; }
        if (step >= _totalSteps) { return _floor; }
        double done = (double)(step - _warmupSteps) / (_totalSteps - _warmupSteps);
        return _floor + ((_peak - _floor) * 0.5 * (1 + Math.Cos(Math.PI * done)));
    }
}
