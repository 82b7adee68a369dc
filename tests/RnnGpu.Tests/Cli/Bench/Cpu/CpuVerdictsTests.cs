using RnnGpu.Cli.Bench;
using RnnGpu.Cli.Bench.Cpu;
using RnnGpu.Core;
using Xunit;

namespace RnnGpu.Tests.Cli.Bench.Cpu;

public sealed class CpuVerdictsTests
{
    private const double Peak = 100e9;

    private static readonly CpuBound Bound = new(Peak, new Dictionary<int, BandwidthCurve> { [1] = new([(1, 10e9)]), [2] = new([(1, 20e9)]) });

    private static CpuPoint Point(
        string name, int hidden, int batch, bool training = false, int threads = 1, double ms = 1, double onnx = double.NaN, double torch = double.NaN, string wrong = "") => new()
        {
            Row = new BenchRow
            {
                Name = name,
                Shape = new BenchShape { Cell = CellKind.Lstm, Input = hidden, Hidden = hidden, Batch = batch, Steps = 25 },
                Modes = [ComputeMode.Fp32],
                Training = [training],
            },
            Training = training,
            Threads = threads,
            Rounds = wrong.Length > 0 ? [] : [ms],
            Wrong = wrong,
            Peers = new Dictionary<string, PeerTimes>
            {
                ["onnx"] = new(double.IsNaN(onnx) ? [] : [onnx], "not here"),
                ["torch"] = new(double.IsNaN(torch) ? [] : [torch], ""),
            },
        };

    private static CpuVerdict Of(string goal, IReadOnlyList<CpuPoint> points, string torch = "1.13.0a0", bool idle = true) =>
        Assert.Single(new CpuVerdicts(points, [], Bound, torch, idle).All, verdict => verdict.Goal.StartsWith(goal, StringComparison.Ordinal));

    [Theory]
    [InlineData(1.0, 1.6, true)]
    [InlineData(1.0, 1.5, false)]
    [InlineData(0.9, 3.0, false)]
    public void Inference_wants_a_mean_over_onnx_runtime_and_no_point_behind_it(double one, double other, bool holds)
    {
        CpuVerdict verdict = Of("inference, 1 thread: at least 1.25 times ONNX Runtime", [Point("a", 64, 8, onnx: one), Point("b", 64, 8, onnx: other), Point("c", 64, 8)]);
        Assert.Equal(holds, verdict.Holds);
        Assert.Contains($"over 2 points; least {one:0.00} (a)", verdict.Measured, StringComparison.Ordinal);
    }

    [Fact]
    public void Training_wants_more_of_an_old_pytorch_than_of_a_current_one()
    {
        CpuPoint[] points = [Point("a", 64, 8, training: true, torch: 1.9), Point("b", 64, 8, training: true, torch: 9)];
        Assert.False(Of("training, 1 thread: at least 3 times PyTorch 1.13.0a0", points).Holds);
        Assert.True(Of("training, 1 thread: at least 1.3 times PyTorch 2.9.1", points, "2.9.1").Holds);
        Assert.True(Of("training, 1 thread: at least 3 times", [.. points[1..]]).Holds);
    }

    [Fact]
    public void Without_a_peer_there_is_no_verdict_and_wrong_results_fail()
    {
        Assert.Null(Of("inference, 1 thread: at least 1.25", [Point("a", 64, 8)]).Holds);
        CpuVerdict verdict = Of("inference, 1 thread: at least 1.25", [Point("a", 64, 8, onnx: 2), Point("b", 64, 8, wrong: "off")]);
        Assert.False(verdict.Holds);
        Assert.EndsWith("1 points wrong", verdict.Measured, StringComparison.Ordinal);
    }

    [Fact]
    public void Shares_of_the_peak_are_asked_of_large_layers_on_one_thread()
    {
        double ideal = Point("a", 256, 32).Flops / Peak * 1e3;
        CpuPoint good = Point("good", 256, 32, ms: ideal / 0.85), bad = Point("bad", 256, 64, ms: 2 * ideal / 0.75);
        const string Goal = "inference, 1 thread, H >= 256, B >= 32";
        Assert.True(Of(Goal, [good, Point("small", 128, 32, ms: 100), Point("thin", 256, 16, ms: 100), Point("two", 256, 32, threads: 2, ms: 100)]).Holds);
        CpuVerdict verdict = Of(Goal, [good, bad]);
        Assert.False(verdict.Holds);
        Assert.Contains("(bad)", verdict.Measured, StringComparison.Ordinal);
        CpuVerdict training = Of("training, 1 thread, H >= 256, B >= 32", [bad with { Training = true, Rounds = [3 * 2 * ideal / 0.75] }]);
        Assert.True(training.Holds);
    }

    [Fact]
    public void One_sequence_is_set_against_the_bound_by_reading()
    {
        CpuPoint point = Point("one", 64, 1);
        double bound = Bound.Milliseconds(point.Row.Shape, training: false, 1);
        Assert.True(Bound.ReadsBind(point.Row.Shape, 1));
        Assert.True(Of("inference, 1 thread, B = 1", [point with { Rounds = [bound / 0.76] }]).Holds);
        Assert.False(Of("inference, 1 thread, B = 1", [point with { Rounds = [bound / 0.74] }]).Holds);
    }

    [Fact]
    public void Two_threads_are_judged_only_on_an_idle_machine_unless_they_pass()
    {
        CpuPoint one = Point("r", 512, 64, ms: 10);
        CpuPoint[] Pair(double ms) => [one, Point("r", 512, 64, threads: 2, ms: ms)];
        Assert.True(Of("H = 512", Pair(5.5)).Holds);
        Assert.True(Of("H = 512", Pair(5.5), idle: false).Holds);
        Assert.False(Of("H = 512", Pair(6)).Holds);
        Assert.Null(Of("H = 512", Pair(6), idle: false).Holds);
    }

    [Fact]
    public void Streams_must_not_allocate()
    {
        var stream = new StreamPoint(StreamBench.Rows[0], 1, [1, 2, 3, 4], 0, [5, 6], "", Wrong: false);
        CpuVerdict Verdict(StreamPoint point) => Assert.Single(new CpuVerdicts([], [point], Bound, "", idle: true).All);
        Assert.True(Verdict(stream).Holds);
        Assert.StartsWith("p50 2.50 us, p99 3.97 us, 0 bytes in 4 steps; ONNX Runtime p50 5.50 us", Verdict(stream).Measured, StringComparison.Ordinal);
        Assert.False(Verdict(stream with { AllocatedBytes = 32 }).Holds);
        Assert.False(Verdict(stream with { Wrong = true }).Holds);
    }

    [Fact]
    public void Ratios_are_the_median_over_rounds_and_means_are_geometric()
    {
        // The second round was disturbed for both: its ratio is an outlier, and the medians' ratio would be 25 / 10.
        CpuPoint point = Point("a", 64, 8) with { Rounds = [10, 30, 10], Peers = new Dictionary<string, PeerTimes> { ["onnx"] = new([20, 300, 25], "") } };
        Assert.Equal(2.5, point.Ratio(PeerKind.Onnx));
        Assert.Equal(25, point.PeerMedian(PeerKind.Onnx));
        Assert.Equal(2, point.Spread);
        Assert.Equal(double.NaN, point.Ratio(PeerKind.Torch));
        Assert.Equal(2, CpuVerdicts.GeometricMean([1, 4]), 1e-12);
        Assert.Equal(double.NaN, CpuVerdicts.GeometricMean([]));
        Assert.Equal(2.5, RoundClock.Median([4, 1, 2, 3]));
    }
}
