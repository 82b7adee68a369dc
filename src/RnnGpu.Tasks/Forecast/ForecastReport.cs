using RnnGpu.Nn;
using RnnGpu.Tasks.Frame;

namespace RnnGpu.Tasks.Forecast;

/// <summary>Errors of forecasts on some rows, all steps ahead together.</summary>
internal sealed class ForecastReport(ForecastPlan plan, EncodedSeries series, int[] rows)
{
    /// <summary>The rows.</summary>
    public int[] Rows => rows;

    /// <summary>The plan.</summary>
    public ForecastPlan Plan => plan;

    /// <summary>The series, in the data's unit, missing values carried forward: what baselines forecast from.</summary>
    public double[] Filled(int k) => ForecastInput.Filled(series.Truths[k]);

    /// <summary>The figures of the model's forecasts <c>[rows][H K]</c>.</summary>
    public Scores Score(double[][] forecasts)
    {
        (double Rmse, double Mae, double Mase, double Relative) total = default;
        int count = plan.Targets.Length;
        for (int k = 0; k < count; k++)
        {
            double[] errors = Errors(k, (row, h) => forecasts[row][(h * count) + k]);
            total.Rmse += errors[0] * errors[0] / count;
            total.Mae += errors[1] / count;
            total.Mase += errors[2] / count;
            total.Relative += errors[0] * errors[0] / (plan.Targets[k].Deviation * plan.Targets[k].Deviation * count);
        }

        double relative = Math.Sqrt(total.Relative);
        return new Scores(
            double.IsNaN(relative) ? double.PositiveInfinity : relative,
            [new("rmse", Math.Sqrt(total.Rmse)), new("mae", total.Mae), new("mase", total.Mase), new("rmse_of_deviation", relative, "P2")]);
    }

    /// <summary>RMSE, MAE and MASE of forecasts of target k, given by the row's place in <see cref="Rows"/> and the step ahead; NaN leaves one out.</summary>
    public double[] Errors(int k, Func<int, int, double> forecast)
    {
        var forecasts = new List<double>();
        var truths = new List<double>();
        for (int i = 0; i < rows.Length; i++)
        {
            for (int h = 0; h < plan.Horizon && rows[i] + h < series.Truths[k].Length; h++)
            {
                double truth = series.Truths[k][rows[i] + h];
                if (double.IsNaN(truth)) { continue; }
                forecasts.Add(forecast(i, h));
                truths.Add(truth);
            }
        }

        double[] f = [.. forecasts], y = [.. truths];
        return [ForecastErrors.Rmse(f, y), ForecastErrors.Mae(f, y), ForecastErrors.Mase(f, y, plan.Targets[k].NaiveScale)];
    }
}
