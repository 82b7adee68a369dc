namespace RnnGpu.Nn;

/// <summary>
/// Errors of forecasts over plain arrays. Pairs whose truth is NaN (missing) do not count; with no pair left the result is NaN.
/// </summary>
public static class ForecastErrors
{
    /// <summary>Root mean squared error: sqrt(mean (f - y)²), in the data's unit.</summary>
    /// <exception cref="ArgumentException">Lengths that differ.</exception>
    public static double Rmse(ReadOnlySpan<double> forecasts, ReadOnlySpan<double> truths)
    {
        (double sum, long count) = Sum(forecasts, truths, squared: true);
        return Math.Sqrt(sum / count);
    }

    /// <summary>Mean absolute error: mean |f - y|, in the data's unit.</summary>
    /// <exception cref="ArgumentException">Lengths that differ.</exception>
    public static double Mae(ReadOnlySpan<double> forecasts, ReadOnlySpan<double> truths)
    {
        (double sum, long count) = Sum(forecasts, truths, squared: false);
        return sum / count;
    }

    /// <summary>
    /// Mean absolute scaled error (Hyndman and Koehler 2006): the mean absolute error over that of the seasonal naive forecast on
    /// the training data, <see cref="NaiveScale"/>. Below 1 is better than that forecast, which 1 stands for.
    /// </summary>
    /// <param name="forecasts">f.</param>
    /// <param name="truths">y.</param>
    /// <param name="scale">From <see cref="NaiveScale"/>.</param>
    /// <exception cref="ArgumentException">Lengths that differ.</exception>
    public static double Mase(ReadOnlySpan<double> forecasts, ReadOnlySpan<double> truths, double scale) => Mae(forecasts, truths) / scale;

    /// <summary>
    /// Mean of |y_t - y_(t-m)| over training data: the error in it of forecasting the value of one season before. NaN where no pair is known.
    /// </summary>
    /// <param name="training">y, in order; NaN where missing.</param>
    /// <param name="season">m: steps of a season; 1 for none.</param>
    /// <exception cref="ArgumentOutOfRangeException">A season below 1.</exception>
    public static double NaiveScale(ReadOnlySpan<double> training, int season)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(season, 1);
        double sum = 0;
        long count = 0;
        for (int i = season; i < training.Length; i++)
        {
            double change = training[i] - training[i - season];
            if (double.IsNaN(change)) { continue; }
            sum += Math.Abs(change);
            count++;
        }

        return sum / count;
    }

    private static (double Sum, long Count) Sum(ReadOnlySpan<double> forecasts, ReadOnlySpan<double> truths, bool squared)
    {
        if (forecasts.Length != truths.Length)
        {
            throw new ArgumentException($"{forecasts.Length} forecasts of {truths.Length} values", nameof(forecasts));
        }

        double sum = 0;
        long count = 0;
        for (int i = 0; i < truths.Length; i++)
        {
            double error = forecasts[i] - truths[i];
            if (double.IsNaN(truths[i])) { continue; }
            sum += squared ? error * error : Math.Abs(error);
            count++;
        }

        return (sum, count);
    }
}
