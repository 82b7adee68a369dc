using RnnGpu.Core;
using RnnGpu.Nn;
using Xunit;

namespace RnnGpu.Tests.Nn;

public sealed class ForecastErrorTests : NnTestBase
{
    private static readonly double[] Truths = [3, double.NaN, 5, 9];
    private static readonly double[] Forecasts = [4, 100, 5, 6];

    [Fact]
    public void ErrorsAreTheTextbookOnesAndMissingTruthsDoNotCount()
    {
        Assert.Equal(Math.Sqrt((1 + 9) / 3.0), ForecastErrors.Rmse(Forecasts, Truths), 12);
        Assert.Equal(4 / 3.0, ForecastErrors.Mae(Forecasts, Truths), 12);
        Assert.Equal(4 / 3.0 / 2, ForecastErrors.Mase(Forecasts, Truths, 2), 12);
        Assert.True(double.IsNaN(ForecastErrors.Rmse([1], [double.NaN])));
        Assert.Throws<ArgumentException>(() => ForecastErrors.Mae([1, 2], [1]));
    }

    [Fact]
    public void TheScaleIsTheSeasonalNaiveErrorOnTheTrainingData()
    {
        double[] training = [1, 4, 2, 8, double.NaN, 9];
        Assert.Equal((3 + 2 + 6) / 3.0, ForecastErrors.NaiveScale(training, 1), 12);
        Assert.Equal((1 + 4 + 1) / 3.0, ForecastErrors.NaiveScale(training, 2), 12);
        Assert.True(double.IsNaN(ForecastErrors.NaiveScale(training, 6)));
        Assert.Throws<ArgumentOutOfRangeException>(() => ForecastErrors.NaiveScale(training, 0));
    }

    [Fact]
    public void MetricsGatherOverBatches()
    {
        Metric[] metrics = [new RootMeanSquaredError(), new MeanAbsoluteScaledError(2)];
        using NoGradScope scope = Device.NoGrad();
        foreach (Metric metric in metrics)
        {
            metric.Update(Device.Tensor([4f, 5f], new Shape(2)), Device.Tensor([3f, 5f], new Shape(2)));
            metric.Update(Device.Tensor([6f], new Shape(1)), Device.Tensor([9f], new Shape(1)));
        }

        Assert.Equal(Math.Sqrt(10 / 3.0), metrics[0].Value, 6);
        Assert.Equal(4 / 3.0 / 2, metrics[1].Value, 6);
        Assert.Equal(["rmse", "mase"], metrics.Select(static metric => metric.Name));
        metrics[0].Reset();
        Assert.True(double.IsNaN(metrics[0].Value));
        Assert.Throws<ArgumentOutOfRangeException>(() => new MeanAbsoluteScaledError(0));
    }
}
