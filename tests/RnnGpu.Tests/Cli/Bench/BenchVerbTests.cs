using System.Text.Json;
using System.Xml.Linq;
using RnnGpu.Cli;
using RnnGpu.Cli.Bench;
using RnnGpu.Core;
using RnnGpu.Tests.Contract;
using Xunit;

namespace RnnGpu.Tests.Cli.Bench;

public sealed class BenchVerbTests : IDisposable
{
    private readonly TemporaryDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    private static readonly string[] Small = ["--hidden", "9", "--input", "5", "--batch", "3", "--steps", "4", "--repeats", "2", "--device", "cpu", "--threads", "1"];

    private static Task<CommandLine> Bench(params string[] args) => CommandLine.RunAsync(["bench", "kernels", .. args]);

    [Theory]
    [InlineData("lstm")]
    [InlineData("gru", "--layers", "2", "--bidirectional", "--lengths", "0..4")]
    [InlineData("gru-reset-before", "--resets", "0.3", "--lengths", "2..3")]
    [InlineData("elman", "--layers", "3")]
    [InlineData("elman-relu", "--bidirectional", "--resets", "0.5")]
    public async Task Every_form_is_right_on_the_cpu_and_timed(string cell, params string[] more)
    {
        CommandLine run = await Bench([.. Small, "--cell", cell, .. more, "--json"]);
        Assert.True(run.Exit == ExitCode.Ok, run.Error);
        JsonElement[] results = [.. run.Json.GetProperty("results").EnumerateArray()];
        Assert.Equal(2 * BenchStrategy.All.Count, results.Length);
        foreach (JsonElement result in results)
        {
            if (result.GetProperty("strategy").GetString() is "persistent" or "stepwise" or "stepwise-launches" or "own-products")
            {
                Assert.Equal("skipped", result.GetProperty("status").GetString());
                continue;
            }

            Assert.True(result.GetProperty("status").GetString() == "ok", result.ToString());
            Assert.InRange(result.GetProperty("error").GetDouble(), 0, result.GetProperty("error_allowed").GetDouble());
            Assert.True(result.GetProperty("error_allowed").GetDouble() < 1e-3);
            double median = result.GetProperty("ms_median").GetDouble();
            Assert.InRange(median, result.GetProperty("ms_p10").GetDouble(), result.GetProperty("ms_p90").GetDouble());
            int layers = result.GetProperty("layers").GetInt32();
            Assert.Equal(median * 1000 / 4 / layers, result.GetProperty("us_per_step").GetDouble(), 1e-9);
            Assert.True(result.GetProperty("peak_bytes").GetInt64() > 0);
            Assert.InRange(result.GetProperty("limit_share").GetDouble(), 0, 1.2);
        }

        Assert.True(run.Json.GetProperty("complete").GetBoolean());
        Assert.Equal("cpu", run.Json.GetProperty("machine").GetProperty("device").GetString());
        Assert.NotEmpty(run.Json.GetProperty("commit").GetString()!);
    }

    [Fact]
    public async Task The_emulator_runs_every_form_in_every_precision()
    {
        await EmulatorLibraryBuild.Done;
        CommandLine run = await Bench(
            "--hidden", "8", "--batch", "2", "--steps", "3", "--repeats", "1", "--dtype", "fp32,tf32,bf16,fp16", "--mode", "training", "--device", "emulator", "--json");
        Assert.True(run.Exit == ExitCode.Ok, run.Error);
        JsonElement[] results = [.. run.Json.GetProperty("results").EnumerateArray()];
        Assert.Equal(4 * BenchStrategy.All.Count, results.Length);
        Assert.All(results, result => Assert.Equal("ok", result.GetProperty("status").GetString()));
        Assert.All(results, result => Assert.Equal(JsonValueKind.Null, result.GetProperty("limit_share").ValueKind));
        foreach (string strategy in (string[])["persistent", "stepwise"])
        {
            Assert.All(
                results.Where(result => result.GetProperty("strategy").GetString() == strategy),
                result => Assert.Contains(strategy, result.GetProperty("how").GetString(), StringComparison.Ordinal));
        }
        Assert.Contains("say nothing about a GPU", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Weights_that_do_not_fit_on_the_chip_are_said_so()
    {
        await EmulatorLibraryBuild.Done;
        CommandLine run = await Bench(
            "--hidden", "700", "--input", "1", "--batch", "1", "--steps", "2", "--repeats", "1", "--strategy", "persistent", "--mode", "inference", "--device", "emulator", "--json");
        JsonElement result = Assert.Single(run.Json.GetProperty("results").EnumerateArray());
        Assert.Equal(("skipped", "the weights do not fit on the chip"), (result.GetProperty("status").GetString(), result.GetProperty("note").GetString()));
    }

    [Fact]
    public async Task Files_hold_what_was_measured_and_a_peer_is_joined_by_what_was_computed()
    {
        string json = _folder["r.json"], markdown = _folder["r.md"], svg = _folder["r.svg"];
        string peer = Path.Combine(_folder.Path, "peer.json");
        string key = BenchResult.PeerKey(new BenchShape { Cell = CellKind.Lstm, Input = 5, Hidden = 9, Batch = 3, Steps = 4 }, ComputeMode.Fp32, training: true);
        Assert.Equal("lstm/5/9/3/4/1/1/all/fp32/training", key);
        File.WriteAllText(peer, $$"""
            {"peer": "Other 1.0", "device": "a device", "results": [
              {"key": "{{key}}", "ms_median": 1000, "us_per_step": 250000, "peak_bytes": null, "note": "padded"},
              {"key": "{{key.Replace("fp32", "fp16", StringComparison.Ordinal)}}", "ms_median": 500, "us_per_step": 125000},
              {"key": "left out", "skipped": "why"}]}
            """);
        CommandLine run = await Bench([.. Small, "--strategy", "plan,naive", "--peer", peer, "--json-file", json, "--markdown", markdown, "--svg", svg]);
        Assert.True(run.Exit == ExitCode.Ok, run.Error);
        Assert.Contains("times as fast as Other 1.0", run.Output, StringComparison.Ordinal);
        JsonElement[] results = [.. JsonDocument.Parse(File.ReadAllText(json)).RootElement.GetProperty("results").EnumerateArray()];
        Assert.Equal(4, results.Length);
        foreach (JsonElement result in results)
        {
            bool training = result.GetProperty("mode").GetString() == "training";
            Assert.Equal(training ? JsonValueKind.Number : JsonValueKind.Null, result.GetProperty("ratio").ValueKind);
            if (!training) { continue; }
            Assert.Equal(1000 / result.GetProperty("ms_median").GetDouble(), result.GetProperty("ratio").GetDouble(), 1e-6);
            Assert.Equal(500 / result.GetProperty("ms_median").GetDouble(), result.GetProperty("ratio_to_fp16").GetDouble(), 1e-6);
        }

        string[] table = [.. File.ReadAllLines(markdown).Where(line => line.StartsWith('|'))];
        Assert.Equal(2 + 4, table.Length);
        Assert.All(table, line => Assert.Equal(table[0].Count(c => c == '|'), line.Count(c => c == '|')));
        Assert.Contains("1000.000 (padded)", string.Join('\n', table), StringComparison.Ordinal);
        Assert.Equal("svg", XDocument.Parse(File.ReadAllText(svg)).Root!.Name.LocalName);
    }

    [Fact]
    public async Task Rows_of_a_grid_are_chosen_by_name_or_by_device()
    {
        string grid = _folder["grid.json"];
        File.WriteAllText(grid, """
            {"rows": [
              {"name": "a", "on": "gpu", "cell": "lstm", "hidden": 4, "batch": 2, "steps": 3, "dtypes": ["bf16"], "modes": ["inference"]},
              {"name": "b", "on": "cpu", "cell": "gru", "hidden": 4, "batch": 2, "steps": 3, "modes": ["inference"], "latency": true}]}
            """);
        string[] common = ["--grid", grid, "--device", "cpu", "--repeats", "1", "--strategy", "plan", "--json"];
        JsonElement meant = Assert.Single((await Bench(common)).Json.GetProperty("results").EnumerateArray());
        Assert.Equal("b", meant.GetProperty("row").GetString());
        Assert.Equal(1, meant.GetProperty("iterations_per_sample").GetInt32());
        JsonElement refused = Assert.Single((await Bench([.. common, "--rows", "a"])).Json.GetProperty("results").EnumerateArray());
        Assert.Equal("the CPU computes in fp32", refused.GetProperty("note").GetString());
        CommandLine changed = await Bench([.. common, "--rows", "b,a", "--dtype", "fp32", "--mode", "training"]);
        Assert.Equal(["b", "a"], changed.Json.GetProperty("results").EnumerateArray().Select(result => result.GetProperty("row").GetString()));
        Assert.All(changed.Json.GetProperty("results").EnumerateArray(), result => Assert.Equal("training", result.GetProperty("mode").GetString()));
        CommandLine unknown = await Bench([.. common, "--rows", "z"]);
        Assert.Equal(ExitCode.Usage, unknown.Exit);
        Assert.Contains("has no row 'z'; it has a, b", unknown.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Interrupted_it_keeps_what_it_has_measured()
    {
        string json = _folder["r.json"];
        CommandLine run = await CommandLine.RunUntilAsync("  ok ", 1, ["bench", "kernels", .. Small, "--json-file", json]);
        Assert.Equal(ExitCode.Interrupted, run.Exit);
        JsonElement saved = JsonDocument.Parse(File.ReadAllText(json)).RootElement;
        Assert.False(saved.GetProperty("complete").GetBoolean());
        Assert.Equal(1, saved.GetProperty("results").GetArrayLength());
    }

    [Theory]
    [InlineData("--hidden", "0")]
    [InlineData("--steps", "x")]
    [InlineData("--batch", "-1")]
    [InlineData("--cell", "lstmm")]
    [InlineData("--dtype", "fp8")]
    [InlineData("--dtype", "fp32,,bf16")]
    [InlineData("--mode", "both")]
    [InlineData("--strategy", "fast")]
    [InlineData("--lengths", "5")]
    [InlineData("--lengths", "9..3")]
    [InlineData("--lengths", "1..65")]
    [InlineData("--seconds", "0")]
    [InlineData("--repeats", "0")]
    [InlineData("--resets", "1.5")]
    [InlineData("--rows", "1")]
    [InlineData("--grid", "no-such-file.json")]
    [InlineData("--peer", "no-such-file.json")]
    public async Task Bad_options_end_with_one_line_that_names_them(string option, string value)
    {
        CommandLine run = await Bench(option, value, "--device", "cpu");
        Assert.Equal((ExitCode.Usage, 1), (run.Exit, run.Error.Count(c => c == '\n')));
        Assert.Contains(option, run.Error, StringComparison.Ordinal);
        Assert.Empty(run.Output);
    }

    [Fact]
    public async Task Options_that_do_not_go_together_and_files_that_cannot_be_written()
    {
        string grid = Path.Combine(Repository.Root, "bench", "grid.json");
        Assert.Contains("--hidden does not go with --grid", (await Bench("--grid", grid, "--hidden", "4")).Error, StringComparison.Ordinal);
        CommandLine large = await Bench("--steps", "268435456", "--batch", "64", "--device", "cpu");
        Assert.Equal(ExitCode.Usage, large.Exit);
        Assert.Contains("more than can be measured", large.Error, StringComparison.Ordinal);
        CommandLine file = await Bench([.. Small, "--json-file", "/proc/none/r.json"]);
        Assert.Equal(ExitCode.InputOutput, file.Exit);
        Assert.DoesNotContain("  ok ", file.Output, StringComparison.Ordinal);
        CommandLine none = await Bench("--device", "cuda:99");
        Assert.Equal(ExitCode.Device, none.Exit);
        File.WriteAllText(_folder["other.json"], """{"results": 3}""");
        CommandLine peer = await Bench([.. Small, "--peer", _folder["other.json"]]);
        Assert.Equal(ExitCode.Usage, peer.Exit);
        Assert.Contains("holds no results", peer.Error, StringComparison.Ordinal);
    }
}
