using System.Text.Json;
using RnnGpu.Cli;
using RnnGpu.Cli.Bench;
using Xunit;

namespace RnnGpu.Tests.Cli.Bench;

public sealed class BenchStepTests
{
    [Theory]
    [InlineData("lstm", "1")]
    [InlineData("gru-reset-before", "5")]
    public async Task A_step_is_checked_and_timed(string cell, string streams)
    {
        CommandLine run = await CommandLine.RunAsync(
            ["bench", "step", "--cell", cell, "--hidden", "9", "--input", "4", "--layers", "2", "--streams", streams, "--seconds", "0.01", "--device", "cpu", "--json"]);
        Assert.True(run.Exit == ExitCode.Ok, run.Error);
        foreach (string part in new[] { "step", "calls" })
        {
            JsonElement times = run.Json.GetProperty(part);
            Assert.True(times.GetProperty("steps").GetInt32() >= 50);
            double[] quantiles = [.. new[] { "p50_us", "p90_us", "p99_us", "max_us" }.Select(name => times.GetProperty(name).GetDouble())];
            Assert.True(quantiles[0] > 0);
            Assert.Equal(quantiles.Order(), quantiles);
        }

        Assert.Equal(
            run.Json.GetProperty("step").GetProperty("p50_us").GetDouble() - run.Json.GetProperty("calls").GetProperty("p50_us").GetDouble(),
            run.Json.GetProperty("around_us").GetDouble(), 1e-9);
    }

    [Theory]
    [InlineData("--streams", "0")]
    [InlineData("--cell", "transformer")]
    [InlineData("--seconds", "0")]
    public async Task Senseless_options_are_refused(string option, string value)
    {
        CommandLine run = await CommandLine.RunAsync(["bench", "step", option, value, "--device", "cpu"]);
        Assert.Equal(ExitCode.Usage, run.Exit);
        Assert.Contains(option, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Quantiles_are_times_that_were_taken()
    {
        var times = new StepTimes([.. Enumerable.Range(1, 200).Select(static i => (double)i)]);
        Assert.Equal((100, 180, 198, 200), (times.Quantile(0.5), times.Quantile(0.9), times.Quantile(0.99), times.Quantile(1)));
        Assert.Equal(7, new StepTimes([7]).Quantile(0.5));
    }
}
