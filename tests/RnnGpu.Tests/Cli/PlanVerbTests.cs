using RnnGpu.Cli;
using RnnGpu.Core;
using Xunit;

namespace RnnGpu.Tests.Cli;

public sealed class PlanVerbTests
{
    [Fact]
    public async Task Plan_is_what_the_scheduler_explains()
    {
        string[] args = ["plan", "--cell", "gru", "--input", "8", "--hidden", "16", "--layers", "2", "--bidirectional", "--batch", "3", "--seq-length", "20"];
        CommandLine text = await CommandLine.RunAsync(args), json = await CommandLine.RunAsync([.. args, "--json"]);
        using IBackend backend = Backends.Create(new DeviceChoice("cpu", null, ComputeMode.Fp32));
        var spec = new RnnSpec { Cell = CellKind.GruResetAfter, InputSize = 8, HiddenSize = 16, Layers = 2, Bidirectional = true };
        RnnPlanExplanation expected = RnnPlan.Create(backend, spec, new RnnPlanOptions { Batch = 3, Steps = 20, Training = true }).Explain();
        Assert.Equal(expected.ToString(), text.Output);
        Assert.Equal(expected.PlannedBytes, json.Json.GetProperty("planned_bytes").GetInt64());
        Assert.Equal(expected.Strategy, json.Json.GetProperty("strategy").EnumerateArray().Select(line => line.GetString()));
        Assert.Equal(expected.Sections.Count, json.Json.GetProperty("sections").GetArrayLength());
    }

    [Fact]
    public async Task A_memory_budget_recomputes_or_does_not_fit()
    {
        CommandLine fits = await CommandLine.RunAsync("plan", "--json", "--batch", "1", "--seq-length", "1000000", "--memory-budget", "512");
        Assert.True(fits.Json.GetProperty("recomputes").GetBoolean());
        Assert.InRange(fits.Json.GetProperty("planned_bytes").GetInt64(), 1, 512 << 20);
        CommandLine tight = await CommandLine.RunAsync("plan", "--memory-budget", "0.001");
        Assert.Equal(ExitCode.Memory, tight.Exit);
        Assert.Contains("does not fit its memory budget", tight.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--hidden", "0")]
    [InlineData("--hidden", "-5")]
    [InlineData("--hidden", "65537")]
    [InlineData("--hidden", "99999999999999999999999999999")]
    [InlineData("--hidden", "1e3")]
    [InlineData("--layers", "0")]
    [InlineData("--batch", "x")]
    [InlineData("--seq-length", "0")]
    [InlineData("--dropout", "1")]
    [InlineData("--dropout", "NaN")]
    [InlineData("--dropout", "0,5")]
    [InlineData("--memory-budget", "0")]
    [InlineData("--threads", "0")]
    [InlineData("--threads", "100000")]
    [InlineData("--cell", "transformer")]
    [InlineData("--device", "tpu")]
    public async Task Numbers_out_of_range_are_refused_with_the_options_name(string option, string word)
    {
        CommandLine run = await CommandLine.RunAsync("plan", option, word);
        Assert.Equal(ExitCode.Usage, run.Exit);
        Assert.StartsWith($"rnngpu: {option}: ", run.Error, StringComparison.Ordinal);
        Assert.Contains(word, run.Error, StringComparison.Ordinal);
        Assert.Empty(run.Output);
    }

    [Fact]
    public async Task Sizes_beyond_any_memory_are_refused()
    {
        CommandLine run = await CommandLine.RunAsync("plan", "--hidden", "65536", "--layers", "64", "--batch", "1048576", "--seq-length", "268435456");
        Assert.Equal(ExitCode.Usage, run.Exit);
        Assert.Contains("more than any memory holds", run.Error, StringComparison.Ordinal);
    }
}
