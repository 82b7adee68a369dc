using RnnGpu.Cli.Bench;
using RnnGpu.Core;
using RnnGpu.Cuda;
using Xunit;

namespace RnnGpu.Tests.Cli.Bench;

public sealed class LimitModelTests
{
    private static readonly GpuCosts H200 = GpuCosts.BuiltIn("NVIDIA H200, compute capability 9.0")!;

    private static BenchShape Lstm(int hidden, int batch, int steps = 512) =>
        new() { Cell = CellKind.Lstm, Input = hidden, Hidden = hidden, Batch = batch, Steps = steps };

    /// <summary>The project's table of limits for an LSTM in bf16 on an H200: microseconds a step, milliseconds of hoisted products and of the loop.</summary>
    [Theory]
    [InlineData(512, 16, 1.05, 1.35, 0.10, 1.22)]
    [InlineData(512, 128, 1.25, 1.55, 0.79, 1.42)]
    [InlineData(1024, 16, 1.2, 1.5, 0.39, 1.37)]
    [InlineData(1024, 64, 1.6, 1.9, 1.57, 1.77)]
    [InlineData(1024, 128, 2.3, 2.6, 3.14, 2.47)]
    [InlineData(2048, 64, 3.6, 3.9, 6.28, 3.86)]
    public void The_model_gives_the_table_of_limits(int hidden, int batch, double forward, double backward, double products, double loop)
    {
        BenchShape shape = Lstm(hidden, batch);
        Assert.Equal(forward, LimitModel.Step(H200, shape, ComputeMode.Bf16, batch, backward: false) * 1e6, tolerance: 0.05);
        Assert.Equal(backward, LimitModel.Step(H200, shape, ComputeMode.Bf16, batch, backward: true) * 1e6, tolerance: 0.05);
        double total = LimitModel.Milliseconds(H200, shape, ComputeMode.Bf16, training: true, (long)shape.Steps * batch);
        Assert.Equal(products + loop, total, tolerance: 0.02);
    }

    [Fact]
    public void More_work_or_less_precise_hardware_never_has_a_lower_limit()
    {
        double Of(BenchShape shape, ComputeMode mode, bool training) => LimitModel.Milliseconds(H200, shape, mode, training, (long)shape.Steps * shape.Batch);
        foreach (ComputeMode mode in Enum.GetValues<ComputeMode>())
        {
            double last = 0;
            foreach (int hidden in (ReadOnlySpan<int>)[64, 168, 512, 1024, 1816, 2048, 4096])
            {
                double next = Of(Lstm(hidden, 32), mode, training: false);
                Assert.True(next > last, $"{mode} {hidden}");
                Assert.True(Of(Lstm(hidden, 32), mode, training: true) > 2 * next);
                Assert.Equal(2 * next, Of(Lstm(hidden, 32) with { Layers = 2 }, mode, training: false), 1e-9);
                Assert.True(Of(Lstm(hidden, 32) with { Bidirectional = true }, mode, training: false) > next);
                last = next;
            }

            Assert.True(Of(Lstm(1024, 64), mode, false) >= Of(Lstm(1024, 64), ComputeMode.Bf16, false));
        }

        // 134 MB of weights come from memory at every step.
        Assert.True(LimitModel.Step(H200, Lstm(4096, 32), ComputeMode.Fp16, 32, backward: false) > 30e-6);
        Assert.Null(GpuCosts.BuiltIn("NVIDIA GeForce RTX 4090"));
    }

    [Fact]
    public void Operations_are_counted_by_products()
    {
        BenchShape shape = Lstm(1024, 64, 25);
        Assert.Equal(16.0 * 25 * 64 * 1024 * 1024, shape.Flops(training: false, 25 * 64));
        Assert.Equal(48.0 * 25 * 64 * 1024 * 1024, shape.Flops(training: true, 25 * 64));
        BenchShape deep = shape with { Cell = CellKind.GruResetAfter, Layers = 2, Bidirectional = true, Input = 8 };
        Assert.Equal(2.0 * 3072 * 100 * 2 * ((8 + 1024) + (2048 + 1024)), deep.Flops(training: false, 100));
    }
}
