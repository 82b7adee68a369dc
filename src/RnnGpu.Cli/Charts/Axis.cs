namespace RnnGpu.Cli.Charts;

/// <summary>A linear axis with ticks at round numbers (1, 2 or 5 times a power of ten).</summary>
internal sealed class Axis
{
    private readonly double _step;

    /// <summary>An axis that holds <paramref name="low"/> to <paramref name="high"/> in about <paramref name="ticks"/> parts.</summary>
    public Axis(double low, double high, int ticks)
    {
        if (high <= low)
        {
            double margin = low == 0 ? 1 : Math.Abs(low) * 0.1;
            (low, high) = (low - margin, high + margin);
        }

        double raw = (high - low) / Math.Max(ticks, 1);
        double power = Math.Pow(10, Math.Floor(Math.Log10(raw)));
        double part = raw / power;
        _step = power * (part <= 1 ? 1 : part <= 2 ? 2 : part <= 5 ? 5 : 10);
        Low = Math.Floor(low / _step) * _step;
        High = Math.Ceiling(high / _step) * _step;
    }

    /// <summary>First tick.</summary>
    public double Low { get; }

    /// <summary>Last tick.</summary>
    public double High { get; }

    /// <summary>Positions of the ticks.</summary>
    public IEnumerable<double> Ticks()
    {
        int count = (int)Math.Round((High - Low) / _step);
        for (int i = 0; i <= count; i++) { yield return Low + (i * _step); }
    }

    /// <summary>Where a value lies: 0 at <see cref="Low"/>, 1 at <see cref="High"/>.</summary>
    public double Place(double value) => (value - Low) / (High - Low);

    /// <summary>A tick's label, with as many digits as the step needs.</summary>
    public string Label(double tick)
    {
        int digits = Math.Max(0, -(int)Math.Floor(Math.Log10(_step) + 1e-9));
        string text = Math.Round(tick, digits).ToString(_step >= 10_000 ? "#,0" : $"F{digits}");
        return text == "-0" ? "0" : text;
    }

    /// <summary>An axis over one coordinate of all points of a curve.</summary>
    public static Axis Over(LearningCurve curve, Func<CurvePoint, double> coordinate, int ticks)
    {
        double low = double.PositiveInfinity, high = double.NegativeInfinity;
        foreach (CurveSeries series in curve.Series)
        {
            foreach (CurvePoint point in series.Points)
            {
                if (!double.IsFinite(point.Loss)) { continue; }
                low = Math.Min(low, coordinate(point));
                high = Math.Max(high, coordinate(point));
            }
        }

        return double.IsFinite(low) ? new Axis(low, high, ticks) : new Axis(0, 1, ticks);
    }
}
