namespace RnnGpu.Nn;

/// <summary>
/// Mean absolute scaled error over elements (Hyndman and Koehler 2006): mean |x - t| over the mean absolute error of the seasonal
/// naive forecast on the training data.
/// </summary>
public sealed class MeanAbsoluteScaledError : Metric
{
    private readonly MeanAbsoluteError _absolute = new();
    private readonly double _scale;

    /// <summary>Of one series.</summary>
    /// <param name="scale">From <see cref="ForecastErrors.NaiveScale"/> over the training part, in the targets' unit.</param>
    /// <exception cref="ArgumentOutOfRangeException">A scale that is not above 0: the training data never change.</exception>
    public MeanAbsoluteScaledError(double scale)
    {
        if (!(scale > 0)) { throw new ArgumentOutOfRangeException(nameof(scale), $"the scale of a scaled error must be above 0, not {scale}"); }
        _scale = scale;
    }

    /// <inheritdoc/>
    public override string Name => "mase";

    /// <inheritdoc/>
    public override double Value => _absolute.Value / _scale;

    /// <inheritdoc/>
    public override void Reset() => _absolute.Reset();

    /// <inheritdoc/>
    public override void Update(Tensor predictions, Tensor targets) => _absolute.Update(predictions, targets);
}
