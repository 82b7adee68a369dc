namespace RnnGpu.Nn;

/// <summary>
/// Up to the peak and down to nearly nothing, each by half a cosine (Smith and Topin 2018), as PyTorch's <c>OneCycleLR</c>:
/// from <c>peak / startDivisor</c> at step 0 to the peak at step <c>rise total - 1</c>, then to
/// <c>peak / startDivisor / endDivisor</c> at step <c>total - 1</c>, and that from then on. Momentum is left alone.
/// </summary>
public sealed class OneCycleSchedule : LearningRateSchedule
{
    private readonly double _peak;
    private readonly double _start;
    private readonly double _end;
    private readonly double _top;
    private readonly double _last;

    /// <summary>A schedule.</summary>
    /// <param name="peak">Highest rate.</param>
    /// <param name="totalSteps">Steps of the whole cycle.</param>
    /// <param name="rise">Part of the cycle that goes up; more than 0, at most 1.</param>
    /// <param name="startDivisor">The first rate is the peak divided by it.</param>
    /// <param name="endDivisor">The last rate is the first divided by it.</param>
    public OneCycleSchedule(double peak, long totalSteps, double rise = 0.3, double startDivisor = 25, double endDivisor = 1e4)
    {
        _peak = NotNegative(peak, nameof(peak));
        _start = _peak / Positive(startDivisor, nameof(startDivisor));
        _end = _start / Positive(endDivisor, nameof(endDivisor));
        _last = AtLeast(totalSteps, 2, nameof(totalSteps)) - 1;
        _top = Math.Max(0, (Fraction(rise, nameof(rise)) * totalSteps) - 1);
    }

    /// <inheritdoc/>
    public override double Rate(long step)
    {
        if (step >= _last) { return _top >= _last ? _peak : _end; }
        return step <= _top && _top > 0 ? Anneal(_start, _peak, step / _top) : Anneal(_peak, _end, (step - _top) / (_last - _top));
    }

    private static double Anneal(double from, double to, double done) => to + ((from - to) * 0.5 * (1 + Math.Cos(Math.PI * done)));
}
