using RnnGpu.Cli;
using RnnGpu.Cli.Bench;
using RnnGpu.Core;
using RnnGpu.Tests.Contract;
using Xunit;

namespace RnnGpu.Tests.Cli.Bench;

public sealed class BenchGridTests
{
    private static IReadOnlyList<BenchRow> Committed(string name) => BenchGrid.Read(Path.Combine(Repository.Root, "bench", name));

    [Fact]
    public void The_grid_has_its_rows()
    {
        IReadOnlyList<BenchRow> rows = Committed("grid.json");
        Assert.Equal([.. Enumerable.Range(1, 17).Select(n => $"{n}"), .. Enumerable.Range(1, 6).Select(n => $"C{n}")], rows.Select(row => row.Name));
        Assert.All(rows, row => Assert.Equal(row.Name.StartsWith('C'), row.OnCpu));
        BenchRow first = rows[0];
        Assert.Equal("lstm 768 -> 768, B16 T1024", first.Shape.ToString());
        Assert.Equal([ComputeMode.Fp16, ComputeMode.Bf16], first.Modes);
        Assert.Equal([false, true], first.Training);
        Assert.Equal("bidirectional lstm 512 -> 512 x 2, B32 T500, lengths 50..500", rows[12].Shape.ToString());
        Assert.True(rows[14].Shape.Resets > 0);
        Assert.True(rows[16].Latency);
        Assert.Equal([false], rows[16].Training);
        Assert.Equal(CellKind.ElmanRelu, rows[10].Shape.Cell);
        Assert.Equal(3, rows[13].Shape.Layers);
    }

    [Fact]
    public void The_dry_runs_grid_has_every_cell_and_variation()
    {
        IReadOnlyList<BenchRow> rows = Committed("gpu/dry-run-grid.json");
        Assert.Equal(Enum.GetValues<CellKind>(), rows.Select(row => row.Shape.Cell).Distinct().Order());
        Assert.Equal(Enum.GetValues<ComputeMode>(), rows.SelectMany(row => row.Modes).Distinct().Order());
        Assert.Contains(rows, row => row.Shape.Lengths is not null && row.Shape.Bidirectional);
        Assert.Contains(rows, row => row.Shape.Resets > 0);
        Assert.Contains(rows, row => row.Latency);
    }

    [Fact]
    public void Rows_are_written_as_they_are_read()
    {
        IReadOnlyList<BenchRow> rows = Committed("grid.json");
        IReadOnlyList<BenchRow> again = BenchGrid.Parse(BenchRows.ToJson(rows).ToJsonString(), "again");
        Assert.Equal(BenchRows.ToJson(rows).ToJsonString(), BenchRows.ToJson(again).ToJsonString());
        Assert.Equal(rows.Select(row => row.Shape), again.Select(row => row.Shape));
        Assert.Equal(rows.Select(row => row.Latency), again.Select(row => row.Latency));
    }

    [Theory]
    [InlineData("{", "is no JSON")]
    [InlineData("[]", "has no list of rows")]
    [InlineData("""{"rows": []}""", "has no rows")]
    [InlineData("""{"rows": [3]}""", "row 1 is no object")]
    [InlineData("""{"rows": [{"name": "a", "on": "gpu", "cell": "lstm", "hidden": 4, "batch": 2}]}""", "'steps' is missing")]
    [InlineData("""{"rows": [{"on": "gpu", "cell": "lstm", "hidden": 4, "batch": 2, "steps": 3}]}""", "needs a name")]
    [InlineData("""{"rows": [{"name": "a", "on": "tpu", "cell": "lstm", "hidden": 4, "batch": 2, "steps": 3}]}""", "'on' is one of gpu, cpu, not \"tpu\"")]
    [InlineData("""{"rows": [{"name": "a", "on": "gpu", "cell": "lstmm", "hidden": 4, "batch": 2, "steps": 3}]}""", "\"lstmm\"")]
    [InlineData("""{"rows": [{"name": "a", "on": "gpu", "cell": "lstm", "hidden": 0, "batch": 2, "steps": 3}]}""", "'hidden' is a whole number from 1 to 65536, not 0")]
    [InlineData("""{"rows": [{"name": "a", "on": "gpu", "cell": "lstm", "hidden": "4", "batch": 2, "steps": 3}]}""", "'hidden'")]
    [InlineData("""{"rows": [{"name": "a", "on": "gpu", "cell": "lstm", "hidden": 4, "batch": 2, "steps": 3, "lengths": [1, 4]}]}""", "'lengths' is [least, most]")]
    [InlineData("""{"rows": [{"name": "a", "on": "gpu", "cell": "lstm", "hidden": 4, "batch": 2, "steps": 3, "dtypes": ["fp8"]}]}""", "[\"fp8\"]")]
    [InlineData("""{"rows": [{"name": "a", "on": "gpu", "cell": "lstm", "hidden": 4, "batch": 2, "steps": 3, "modes": []}]}""", "'modes'")]
    [InlineData("""{"rows": [{"name": "a", "on": "gpu", "cell": "lstm", "hidden": 4, "batch": 2, "steps": 3, "resets": 2}]}""", "'resets' is a probability")]
    [InlineData("""{"rows": [{"name": "a", "on": "gpu", "cell": "lstm", "hidden": 4, "batch": 2, "steps": 3, "hiden": 2}]}""", "there is no 'hiden'")]
    [InlineData("""{"rows": [{"name": "a", "on": "gpu", "cell": "lstm", "hidden": 4, "batch": 2, "steps": 3, "published": 2}]}""", "'published' is a list")]
    [InlineData("""{"rows": [{"name": "a", "on": "gpu", "cell": "lstm", "hidden": 4, "batch": 2, "steps": 3, "published": [2]}]}""", "a published time has by, on")]
    [InlineData("""{"rows": [{"name": "a", "on": "gpu", "cell": "lstm", "hidden": 4, "batch": 2, "steps": 3, "published": [{"by": "a", "on": "b", "ms": -1}]}]}""", "needs 'by', 'on' and 'ms'")]
    [InlineData("""{"rows": [{"name": "a", "on": "gpu", "cell": "lstm", "hidden": 4, "batch": 2, "steps": 3, "published": [{"by": "a", "on": "b", "ms": 1, "dtype": "fp8"}]}]}""", "'dtype' is one of")]
    public void A_bad_grid_is_refused_in_words(string text, string expected)
    {
        var error = Assert.Throws<UsageException>(() => BenchGrid.Parse(text, "g.json"));
        Assert.StartsWith("--grid: g.json", error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_rows_of_one_name_are_refused()
    {
        const string Row = """{"name": "a", "on": "cpu", "cell": "gru", "hidden": 4, "batch": 2, "steps": 3}""";
        Assert.Contains("two rows 'a'", Assert.Throws<UsageException>(() => BenchGrid.Parse($$"""{"rows": [{{Row}}, {{Row}}]}""", "g")).Message, StringComparison.Ordinal);
    }
}
