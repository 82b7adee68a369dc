using RnnGpu.Cli.Bench;
using RnnGpu.Cli.Bench.Cpu;
using RnnGpu.Core;
using Xunit;

namespace RnnGpu.Tests.Cli.Bench.Cpu;

public sealed class CpuBoundTests
{
    private const double Peak = 200e9;

    private static readonly BandwidthCurve One = new([(1 << 16, 400e9), (1 << 20, 100e9), (1 << 26, 20e9)]);

    private static readonly CpuBound Bound = new(Peak, new Dictionary<int, BandwidthCurve> { [1] = One, [2] = new([(1 << 16, 800e9), (1 << 26, 30e9)]) });

    private static BenchShape Lstm(int hidden, int batch, int input) => new() { Cell = CellKind.Lstm, Input = input, Hidden = hidden, Batch = batch, Steps = 10 };

    [Fact]
    public void A_curve_gives_what_was_measured_and_lies_between_at_other_sizes()
    {
        foreach ((double bytes, double perSecond) in One.Points) { Assert.Equal(perSecond, One.At(bytes)); }
        Assert.Equal(400e9, One.At(1));
        Assert.Equal(20e9, One.At(1L << 30));
        Assert.Equal(250e9, One.At(1 << 18), 1e-3);
        BandwidthCurve best = One.Best(new BandwidthCurve([(1 << 16, 300e9), (1 << 20, 150e9), (1 << 26, 25e9)]));
        Assert.Equal([400e9, 150e9, 25e9], best.Points.Select(point => point.PerSecond));
    }

    [Fact]
    public void Large_batches_are_bound_by_arithmetic_alone()
    {
        BenchShape shape = Lstm(hidden: 256, batch: 64, input: 100);
        foreach (bool training in new[] { false, true })
        {
            double expected = shape.Flops(training, 10 * 64) / Peak * 1e3;
            Assert.Equal(expected, Bound.Milliseconds(shape, training, 1), 1e-9);
            Assert.Equal(expected / 2, Bound.Milliseconds(shape, training, 2), 1e-9);
        }

        Assert.False(Bound.ReadsBind(shape, 1));
    }

    [Fact]
    public void One_sequence_is_bound_by_reading_the_recurrent_weights_each_step()
    {
        // 4 * 4 * 256^2 bytes = 1 MiB of recurrent weights; the input's are 4 * 4 * 256 * 64 = 256 KiB, read once, but worked on for longer.
        BenchShape shape = Lstm(hidden: 256, batch: 1, input: 64);
        double step = (1 << 20) / 100e9, projection = 2.0 * 1024 * 64 * 10 / Peak, recurrent = 2.0 * 1024 * 256 * 10 / Peak;
        Assert.True(Bound.ReadsBind(shape, 1));
        Assert.Equal(step, Bound.Step(shape, 1), 1e-15);
        Assert.Equal((projection + (10 * step)) * 1e3, Bound.Milliseconds(shape, training: false, 1), 1e-9);
        Assert.Equal(((3 * projection) + recurrent + (20 * step)) * 1e3, Bound.Milliseconds(shape, training: true, 1), 1e-9);
        Assert.True(Bound.Milliseconds(shape, training: false, 2) < Bound.Milliseconds(shape, training: false, 1));
    }

    [Fact]
    public void Layers_and_directions_add_up()
    {
        BenchShape one = Lstm(hidden: 256, batch: 64, input: 256);
        double single = Bound.Milliseconds(one, training: true, 1);
        Assert.Equal(2 * single, Bound.Milliseconds(one with { Layers = 2 }, training: true, 1), 1e-9);
        Assert.Equal(2 * single, Bound.Milliseconds(one with { Bidirectional = true }, training: true, 1), 1e-9);
    }

    [Fact]
    public void Bandwidth_is_measured_at_rising_sizes_and_memory_is_no_faster_than_the_caches()
    {
        BandwidthCurve curve = ReadBandwidth.Measure(1);
        Assert.Equal(16 << 10, curve.Points[0].Bytes);
        Assert.Equal(256 << 20, curve.Points[^1].Bytes);
        Assert.All(curve.Points, point => Assert.InRange(point.PerSecond, 1e8, 1e13));
        Assert.True(curve.Points[^1].PerSecond < curve.Points.Take(4).Max(point => point.PerSecond));
    }
}
