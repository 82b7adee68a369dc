using System.Text.Json;
using RnnGpu.Cli;
using RnnGpu.Core;
using RnnGpu.Cuda;
using Xunit;

namespace RnnGpu.Tests.Cli;

/// <summary><c>--strategy</c>, <c>plan --tune</c> and <c>plan --grid</c>, with the emulator for a GPU.</summary>
public sealed class StrategyTests
{
    private static readonly string[] Small = ["plan", "--device", "emulator", "--input", "4", "--hidden", "20", "--batch", "3", "--seq-length", "5", "--precision", "bf16"];

    [Theory]
    [InlineData("stepwise")]
    [InlineData("persistent")]
    public async Task The_command_line_names_the_strategy(string strategy)
    {
        await EmulatorLibraryBuild.Done;
        CommandLine run = await CommandLine.RunAsync([.. Small, "--strategy", strategy, "--json"]);
        Assert.Equal(ExitCode.Ok, run.Exit);
        JsonElement[] candidates = [.. run.Json.GetProperty("candidates").EnumerateArray()];
        Assert.Equal(["forward persistent", "forward stepwise", "backward persistent", "backward stepwise"], candidates.Select(c => $"{c.GetProperty("pass")} {c.GetProperty("strategy")}"));
        Assert.All(candidates, candidate => Assert.Equal(candidate.GetProperty("strategy").GetString() == strategy, candidate.GetProperty("taken").GetBoolean()));
        Assert.All(candidates, candidate => Assert.True(candidate.GetProperty("predicted_seconds").GetDouble() > 0));
        Assert.All(candidates, candidate => Assert.Equal("as asked for", candidate.GetProperty("reason").GetString()));
    }

    [Fact]
    public async Task Without_a_name_the_prediction_decides_and_the_plan_shows_it()
    {
        await EmulatorLibraryBuild.Done;
        CommandLine text = await CommandLine.RunAsync(Small), json = await CommandLine.RunAsync([.. Small, "--json"]);
        foreach (string pass in (string[])["forward", "backward"])
        {
            JsonElement[] candidates = [.. json.Json.GetProperty("candidates").EnumerateArray().Where(candidate => candidate.GetProperty("pass").GetString() == pass)];
            JsonElement taken = Assert.Single(candidates, candidate => candidate.GetProperty("taken").GetBoolean());
            Assert.Equal(candidates.Min(candidate => candidate.GetProperty("predicted_seconds").GetDouble()), taken.GetProperty("predicted_seconds").GetDouble());
            Assert.Matches($"    {pass} +{taken.GetProperty("strategy")} .* us a step predicted  taken: by the prediction", text.Output);
        }

        Assert.Contains("predictions: built-in figures", text.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_strategy_that_cannot_be_taken_is_refused_with_the_reason()
    {
        await EmulatorLibraryBuild.Done;
        CommandLine large = await CommandLine.RunAsync("plan", "--device", "emulator", "--hidden", "4096", "--strategy", "persistent");
        Assert.Equal(ExitCode.Usage, large.Exit);
        Assert.Contains("do not fit the device's shared memory", large.Error, StringComparison.Ordinal);
        Assert.Equal(1, large.Error.Count(c => c == '\n'));
        CommandLine cpu = await CommandLine.RunAsync("plan", "--device", "cpu", "--strategy", "stepwise");
        Assert.Equal(ExitCode.Usage, cpu.Exit);
        Assert.StartsWith("rnngpu: --strategy stepwise: the CPU", cpu.Error, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Ok, (await CommandLine.RunAsync("plan", "--device", "cpu", "--strategy", "persistent")).Exit);

        // One step runs by a launch of its own, whatever is asked for.
        Assert.Equal(ExitCode.Ok, (await CommandLine.RunAsync("plan", "--device", "emulator", "--hidden", "4096", "--seq-length", "1", "--strategy", "persistent")).Exit);
    }

    [Theory]
    [InlineData("--strategy", new[] { "plan", "--strategy", "fast" })]
    [InlineData("--tune", new[] { "plan", "--tune", "--strategy", "stepwise" })]
    [InlineData("--hidden", new[] { "plan", "--grid", "x.json", "--hidden", "4" })]
    [InlineData("--markdown", new[] { "plan", "--markdown", "x.md" })]
    [InlineData("--grid", new[] { "plan", "--grid", "/nowhere/x.json", "--device", "emulator" })]
    [InlineData("--grid", new[] { "plan", "--grid", "x.json", "--device", "cpu" })]
    [InlineData("--precision", new[] { "calibrate", "--precision", "bf16" })]
    public async Task Options_that_make_no_sense_are_refused(string option, string[] args)
    {
        CommandLine run = await CommandLine.RunAsync(args);
        Assert.Equal(ExitCode.Usage, run.Exit);
        Assert.Contains(option, run.Error, StringComparison.Ordinal);
        Assert.Empty(run.Output);
    }

    [Fact]
    public async Task Tuning_times_both_strategies_and_takes_the_faster()
    {
        await EmulatorLibraryBuild.Done;
        CommandLine run = await CommandLine.RunAsync([.. Small, "--tune", "--json"]);
        Assert.Equal(ExitCode.Ok, run.Exit);
        Assert.Equal("not kept: times of the emulator mean nothing", run.Json.GetProperty("tuning").GetString());
        foreach (IGrouping<string?, JsonElement> pass in run.Json.GetProperty("candidates").EnumerateArray().GroupBy(candidate => candidate.GetProperty("pass").GetString()))
        {
            JsonElement fastest = pass.MinBy(candidate => candidate.GetProperty("measured_seconds").GetDouble());
            Assert.True(fastest.GetProperty("taken").GetBoolean(), pass.Key);
            Assert.Contains("plan --tune", fastest.GetProperty("reason").GetString(), StringComparison.Ordinal);
        }

        CommandLine cpu = await CommandLine.RunAsync("plan", "--tune", "--device", "cpu");
        Assert.Equal(ExitCode.Ok, cpu.Exit);
        Assert.Contains("tuning: ", cpu.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Calibrating_the_emulator_is_a_dry_run()
    {
        await EmulatorLibraryBuild.Done;
        CommandLine run = await CommandLine.RunAsync("calibrate", "--device", "emulator", "--json");
        Assert.Equal(ExitCode.Ok, run.Exit);
        Assert.True(run.Json.GetProperty("emulator").GetBoolean());
        Assert.Equal(JsonValueKind.Null, run.Json.GetProperty("file").ValueKind);
        Assert.Contains("mean nothing", run.Json.GetProperty("outcome").GetString(), StringComparison.Ordinal);
        Assert.Equal(GpuFigures.All.Select(figure => figure.Range.Name), run.Json.GetProperty("figures").EnumerateArray().Select(figure => figure.GetProperty("name").GetString()));
        Assert.All(run.Json.GetProperty("figures").EnumerateArray(), figure => Assert.True(figure.GetProperty("measured").GetDouble() > 0, figure.ToString()));
    }

    [Fact]
    public async Task The_grid_is_predicted_row_by_row_and_says_that_nothing_was_measured()
    {
        await EmulatorLibraryBuild.Done;
        using var folder = new TemporaryDirectory();
        string grid = folder.Write("grid.json", """
            {"rows": [
              {"name": "a", "on": "gpu", "cell": "lstm", "hidden": 24, "batch": 4, "steps": 6, "dtypes": ["fp16", "fp32"],
               "published": [{"by": "cuDNN", "on": "H100", "dtype": "fp16", "mode": "training", "ms": 1.5}]},
              {"name": "b", "on": "gpu", "cell": "gru", "hidden": 4096, "batch": 4, "steps": 6, "layers": 2, "bidirectional": true, "dtypes": ["bf16"], "modes": ["training"]},
              {"name": "c", "on": "cpu", "cell": "gru", "hidden": 8, "batch": 4, "steps": 6}]}
            """);
        CommandLine run = await CommandLine.RunAsync("plan", "--grid", grid, "--device", "emulator", "--markdown", folder["page.md"], "--json");
        Assert.Equal(ExitCode.Ok, run.Exit);
        Assert.False(run.Json.GetProperty("measured").GetBoolean());
        JsonElement[] rows = [.. run.Json.GetProperty("rows").EnumerateArray()];
        Assert.Equal(
            ["a fp16 inference", "a fp16 training", "a fp32 inference", "a fp32 training", "b bf16 training"],
            rows.Select(row => $"{row.GetProperty("row")} {row.GetProperty("dtype")} {row.GetProperty("mode")}"));
        Assert.All(rows, row => Assert.True(row.GetProperty("predicted_ms").GetDouble() > row.GetProperty("limit_ms").GetDouble()));
        Assert.Equal(["cuDNN 1.5 ms on H100"], rows[1].GetProperty("published").EnumerateArray().Select(item => item.GetString()));
        Assert.All(rows[4].GetProperty("loops").EnumerateArray(), loop => Assert.Equal(loop.GetProperty("strategy").GetString() == "stepwise", loop.GetProperty("taken").GetBoolean()));
        string page = File.ReadAllText(folder["page.md"]);
        Assert.Contains("Nothing on this page was measured on a GPU", page, StringComparison.Ordinal);
        Assert.Equal(5, page.Split('\n').Count(line => line.StartsWith("| a |", StringComparison.Ordinal) || line.StartsWith("| b |", StringComparison.Ordinal)));
        Assert.Contains("no persistent: does not fit", page, StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_command_line_names_wins_over_the_environment()
    {
        CudaOptions none = Backends.Options(new DeviceChoice("emulator", null, ComputeMode.Fp32));
        CudaOptions named = Backends.Options(new DeviceChoice("emulator", null, ComputeMode.Fp32) { Strategy = CudaStrategy.Auto });
        Assert.Equal((null, false), (none.Strategy, none.StrategyRequired));
        Assert.Equal((CudaStrategy.Auto, true), (named.Strategy, named.StrategyRequired));
    }
}
