using System.Text.Json;
using RnnGpu.Cli;
using RnnGpu.Cli.Bench;
using RnnGpu.Tests.Contract;
using Xunit;

namespace RnnGpu.Tests.Cli.Bench.Cpu;

public sealed class BenchCpuVerbTests : IDisposable
{
    private readonly TemporaryDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    private string Grid(params string[] rows) => _folder.Write("grid.json", $$"""{"rows": [{{string.Join(", ", rows)}}]}""");

    private static Task<CommandLine> Bench(params string[] args) => CommandLine.RunAsync(["bench", "cpu", "--peer", "none", "--rounds", "2", "--seconds", "0.001", .. args]);

    [Fact]
    public async Task Every_cell_is_right_and_timed_with_every_number_of_threads()
    {
        string markdown = _folder["t.md"], file = _folder["t.json"];
        string grid = Grid(
            """{"name": "a", "on": "cpu", "cell": "lstm", "hidden": 9, "input": 4, "batch": 3, "steps": 4}""",
            """{"name": "b", "on": "cpu", "cell": "elman", "hidden": 9, "batch": 1, "steps": 4, "modes": ["inference"]}""",
            """{"name": "c", "on": "gpu", "cell": "gru", "hidden": 9, "batch": 1, "steps": 4}""");
        CommandLine run = await Bench("--grid", grid, "--threads", "2,1", "--stream-steps", "60", "--markdown", markdown, "--json-file", file, "--json");
        Assert.True(run.Exit == ExitCode.Ok, run.Error);
        JsonElement[] points = [.. run.Json.GetProperty("points").EnumerateArray()];
        Assert.Equal(
            ["a inference 1", "a inference 2", "a training 1", "a training 2", "b inference 1", "b inference 2"],
            points.Select(point => $"{point.GetProperty("row")} {point.GetProperty("mode")} {point.GetProperty("threads")}"));
        foreach (JsonElement point in points)
        {
            Assert.Equal("", point.GetProperty("wrong").GetString());
            Assert.InRange(point.GetProperty("error").GetDouble(), 0, point.GetProperty("error_allowed").GetDouble());
            Assert.Equal(2, point.GetProperty("ms_rounds").GetArrayLength());
            Assert.InRange(point.GetProperty("fma_share").GetDouble(), 0, 1.2);
            Assert.True(point.GetProperty("bound_ms").GetDouble() > 0);
        }

        JsonElement[] streams = [.. run.Json.GetProperty("streams").EnumerateArray()];
        Assert.Equal(6, streams.Length);
        Assert.All(streams, stream => Assert.InRange(stream.GetProperty("steps").GetInt32(), 1, 60));
        Assert.All(streams, stream => Assert.Equal(0, stream.GetProperty("allocated_bytes").GetInt64()));
        Assert.All(streams, stream => Assert.InRange(stream.GetProperty("us_p50").GetDouble(), 0, stream.GetProperty("us_p99").GetDouble()));
        Assert.True(run.Json.GetProperty("complete").GetBoolean());
        Assert.Equal(run.Json.GetProperty("points").GetArrayLength(), JsonDocument.Parse(File.ReadAllText(file)).RootElement.GetProperty("points").GetArrayLength());
        string page = File.ReadAllText(markdown);
        Assert.Contains("| a | lstm 4 -> 9, B3 T4 | 2 |", page, StringComparison.Ordinal);
        Assert.Contains("## Goals", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rows_are_chosen_by_patterns_and_streams_only_run_with_the_whole_grid()
    {
        string[] common = ["--grid", Path.Combine(Repository.Root, "bench", "cpu-grid.json"), "--threads", "1", "--mode", "inference", "--json"];
        CommandLine run = await Bench([.. common, "--rows", "gru-h64-b1*,elman-h64-b1"]);
        Assert.True(run.Exit == ExitCode.Ok, run.Error);
        Assert.Equal(["gru-h64-b1", "gru-h64-b1-i8", "elman-h64-b1"], run.Json.GetProperty("points").EnumerateArray().Select(point => point.GetProperty("row").GetString()));
        Assert.Equal(0, run.Json.GetProperty("streams").GetArrayLength());
        CommandLine none = await Bench([.. common, "--rows", "gru*,x*"]);
        Assert.Equal(ExitCode.Usage, none.Exit);
        Assert.Contains("has no row 'x*'", none.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Interrupted_it_keeps_what_it_has_measured()
    {
        string file = _folder["t.json"];
        CommandLine run = await CommandLine.RunUntilAsync(
            "  ok ", 1,
            "bench", "cpu", "--peer", "none", "--rounds", "1", "--seconds", "0.001", "--threads", "1", "--json-file", file, "--grid",
            Grid("""{"name": "a", "on": "cpu", "cell": "lstm", "hidden": 9, "batch": 3, "steps": 4}"""));
        Assert.Equal(ExitCode.Interrupted, run.Exit);
        JsonElement saved = JsonDocument.Parse(File.ReadAllText(file)).RootElement;
        Assert.False(saved.GetProperty("complete").GetBoolean());
        Assert.Equal(1, saved.GetProperty("points").GetArrayLength());
        Assert.Contains("Interrupted: rows are missing", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void The_grid_has_every_shape_for_every_cell_with_equal_and_other_inputs()
    {
        IReadOnlyList<BenchRow> rows = BenchGrid.Read(Path.Combine(Repository.Root, "bench", "cpu-grid.json"));
        Assert.All(rows, row => Assert.True(row.OnCpu));
        foreach (string cell in (string[])["lstm", "gru", "elman"])
        {
            foreach ((int hidden, int batch) in new[] { (64, 1), (128, 1), (128, 32), (256, 32), (256, 64), (512, 64), (1024, 64), (2048, 16) })
            {
                Assert.Single(rows, row => row.Name == $"{cell}-h{hidden}-b{batch}" && row.Shape.Input == hidden && (row.Shape.Hidden, row.Shape.Batch) == (hidden, batch));
                Assert.Single(rows, row => row.Name == $"{cell}-h{hidden}-b{batch}-i{row.Shape.Input}" && row.Shape.Input != hidden && (row.Shape.Hidden, row.Shape.Batch) == (hidden, batch));
            }
        }
    }

    [Theory]
    [InlineData("--threads", "0")]
    [InlineData("--threads", "1,x")]
    [InlineData("--threads", "257")]
    [InlineData("--rounds", "0")]
    [InlineData("--seconds", "0")]
    [InlineData("--mode", "both")]
    [InlineData("--peer", "tensorflow")]
    [InlineData("--peer", "none,onnx")]
    [InlineData("--grid", "no-such-file.json")]
    [InlineData("--rows", "")]
    public async Task Bad_options_end_with_one_line_that_names_them(string option, string value)
    {
        CommandLine run = await CommandLine.RunAsync("bench", "cpu", option, value);
        Assert.Equal((ExitCode.Usage, 1), (run.Exit, run.Error.Count(c => c == '\n')));
        Assert.Contains(option, run.Error, StringComparison.Ordinal);
        Assert.Empty(run.Output);
    }

    [Fact]
    public async Task Rows_that_peers_cannot_compare_are_refused()
    {
        CommandLine run = await Bench("--grid", Grid("""{"name": "a", "on": "cpu", "cell": "lstm", "hidden": 9, "batch": 3, "steps": 4, "resets": 0.5}"""));
        Assert.Equal(ExitCode.Usage, run.Exit);
        Assert.Contains("row a", run.Error, StringComparison.Ordinal);
    }
}
