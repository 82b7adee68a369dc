using RnnGpu.Cli.Bench;
using RnnGpu.Core;
using RnnGpu.Cpu;
using Xunit;

namespace RnnGpu.Tests.Cli.Bench;

public sealed class BenchCheckTests
{
    private static readonly BenchShape Shape = new() { Cell = CellKind.Lstm, Input = 6, Hidden = 7, Batch = 3, Steps = 5 };

    private static BenchOutputs Run(BenchData data)
    {
        using IBackend cpu = CpuBackend.Create(1);
        using BenchRun run = new PlanStrategy("plan", "").Prepare(cpu, data, training: true, sets: 2);
        run.Iterate(0);
        run.Iterate(1);
        return run.Read(1);
    }

    [Fact]
    public void Right_results_pass_and_each_wrong_tensor_is_named()
    {
        var data = new BenchData(Shape);
        BenchOutputs right = Run(data);
        BenchError Compare(BenchOutputs outputs, ComputeMode mode = ComputeMode.Bf16) =>
            new BenchCheck(data, training: true).Compare(outputs, new PlanStrategy("plan", ""), onCpu: true, mode);
        Assert.True(Compare(right, ComputeMode.Fp32).Right);

        float[] Off(float[] values)
        {
            float[] copy = [.. values];
            copy[values.Length / 2] += 1;
            return copy;
        }

        BenchError y = Compare(right with { Y = Off(right.Y) }), dx = Compare(right with { DX = Off(right.DX!) });
        Assert.False(y.Right);
        Assert.Equal("y", y.Worst);
        Assert.False(dx.Right);
        Assert.Equal("the input's gradient", dx.Worst);
        for (int i = 0; i < BenchData.Kinds; i++)
        {
            float[][] gradients = [.. right.Gradients!];
            gradients[i] = [.. gradients[i].Reverse()];
            BenchError error = Compare(right with { Gradients = gradients });
            Assert.False(error.Right);
            Assert.Contains("layer 0", error.Worst, StringComparison.Ordinal);
        }

        float[] missing = [.. right.Y];
        missing[0] = float.NaN;
        Assert.False(Compare(right with { Y = missing }).Right);
        Assert.False(Compare(right with { Y = missing[1..] }).Right);
    }

    [Fact]
    public void Data_is_the_same_for_the_same_shape_and_keeps_to_its_ranges()
    {
        BenchShape shape = Shape with { Lengths = new LengthRange(2, 4), Resets = 0.5, Layers = 2, Bidirectional = true };
        BenchData one = new(shape), other = new(shape);
        Assert.Equal(one.X, other.X);
        Assert.Equal(one.Lengths, other.Lengths);
        Assert.Equal(4 * 4, one.Parameters.Length);
        Assert.Equal(28 * 14, one.Parameters[8].Length);
        Assert.All(one.Lengths!, length => Assert.InRange(length, 2, 4));
        Assert.Equal(4, one.Lengths![^1]);
        Assert.Equal(one.Lengths.Sum(), one.ActiveRows);
        Assert.Contains(1, one.Resets!);
        Assert.Contains(0, one.Resets!);
    }

    [Fact]
    public void Quantiles_lie_between_neighbours()
    {
        var times = new BenchTimes([1, 2, 3, 4, 10], 1);
        Assert.Equal(3, times.Median);
        Assert.Equal(1.4, times.Quantile(0.1), 1e-12);
        Assert.Equal(10, times.Quantile(1));
        Assert.Equal(5, new BenchTimes([5], 1).Quantile(0.9));
    }
}
