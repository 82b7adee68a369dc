using System.Text.Json.Nodes;
using RnnGpu.Core;
using RnnGpu.Nn.Checkpoints;
using RnnGpu.Tasks.Forecast;
using Xunit;

namespace RnnGpu.Tests.Tasks.Forecast;

/// <summary>What forecasts are measured beside, on series whose best forecast is known.</summary>
public sealed class BaselineTests
{
    [Fact]
    public void Least_squares_solves_and_bears_dependent_columns()
    {
        double[][] a = [[1, 1, 2], [1, 2, 4], [1, 3, 6], [1, 4, 8]];
        double[] w = LeastSquares.Solve(a, [3, 5, 7, 9]);
        Assert.Equal(1, w[0], 1e-9);
        Assert.Equal(2, w[1] + (2 * w[2]), 1e-9);
    }

    [Fact]
    public void An_autoregression_finds_the_process_that_made_the_series()
    {
        double[] y = Made(4000, static (y, _, e, t) => 1 + (1.2 * y[t - 1]) - (0.6 * y[t - 2]) + e[t]);
        AutoRegression model = AutoRegression.FitAr(y);
        double[][] forecasts = model.Forecast(y, 2);
        for (int t = 100; t < 120; t++)
        {
            double one = 1 + (1.2 * y[t - 1]) - (0.6 * y[t - 2]);
            Assert.Equal(one, forecasts[t][0], 0.3);
            Assert.Equal(1 + (1.2 * one) - (0.6 * y[t - 1]), forecasts[t][1], 0.4);
        }

        Assert.Empty(forecasts[0]);
    }

    [Fact]
    public void An_arima_finds_a_moving_average_of_differences()
    {
        // w_t = e_t + 0.8 e_(t-1), y its sum: the best forecast's error is e, of deviation 1.
        double[] y = Made(4000, static (y, w, e, t) => y[t - 1] + e[t] + (0.8 * e[t - 1]));
        AutoRegression model = AutoRegression.FitArima(y);
        double[][] forecasts = model.Forecast(y, 1);
        double sum = 0;
        for (int t = 100; t < y.Length; t++) { sum += (forecasts[t][0] - y[t]) * (forecasts[t][0] - y[t]); }
        Assert.InRange(Math.Sqrt(sum / (y.Length - 100)), 0.95, 1.05);
        Assert.Equal(model.Name, AutoRegression.Read(CheckpointSection.Of(model.ToJson(), "test")).Name);
    }

    [Fact]
    public void Models_that_do_not_fit_are_refused()
    {
        JsonObject json = AutoRegression.FitAr([1, 2, 1, 2, 1, 3, 1, 2, 2, 1]).ToJson();
        json["d"] = 7;
        Assert.Throws<CheckpointException>(() => AutoRegression.Read(CheckpointSection.Of(json, "test")));
    }

    [Fact]
    public void The_Lorenz_system_is_integrated_to_many_digits()
    {
        SeriesTable longer = MadeSeries.Lorenz(2000, 0.05, seed: 1);
        for (int t = 0; t < 100; t++)
        {
            (double X, double Y, double Z) fine = MadeSeries.LorenzStep(At(t), 0.05, parts: 1000), next = At(t + 1);
            Assert.Equal(fine.X, next.X, 1e-5);
            Assert.Equal(fine.Y, next.Y, 1e-5);
            Assert.Equal(fine.Z, next.Z, 1e-5);
        }

        (double X, double Y, double Z) At(int t) => (longer.Columns[0].Values![t], longer.Columns[1].Values![t], longer.Columns[2].Values![t]);
        Assert.All(longer.Columns[2].Values!, static z => Assert.InRange(z, 0, 50));
        Assert.Contains(longer.Columns[0].Values!, static x => x < -10);
        Assert.Contains(longer.Columns[0].Values!, static x => x > 10);
    }

    private static double[] Made(int steps, Func<double[], double[], double[], int, double> next)
    {
        var random = new PhiloxStream(new RandomKey(5, 0, 0));
        double[] y = new double[steps], w = new double[steps], e = new double[steps];
        for (int t = 0; t < steps; t++)
        {
            e[t] = random.NextNormal();
            if (t >= 2) { y[t] = next(y, w, e, t); }
        }

        return y;
    }
}
