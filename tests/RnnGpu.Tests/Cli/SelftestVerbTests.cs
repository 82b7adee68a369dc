using System.Text.Json;
using RnnGpu.Cli;
using RnnGpu.Cli.SelfTest;
using RnnGpu.Core;
using RnnGpu.Cpu;
using Xunit;

namespace RnnGpu.Tests.Cli;

public sealed class SelftestVerbTests
{
    [Fact]
    public async Task The_cpu_passes_every_check()
    {
        CommandLine run = await CommandLine.RunAsync("selftest", "--device", "cpu", "--json");
        Assert.Equal(ExitCode.Ok, run.Exit);
        Assert.Equal(0, run.Json.GetProperty("failed").GetInt32());
        Assert.Equal(SelfChecks.All.Count, run.Json.GetProperty("passed").GetInt32());
        foreach (JsonElement check in run.Json.GetProperty("checks").EnumerateArray())
        {
            Assert.True(check.GetProperty("numbers").GetInt64() > 0, check.ToString());
            Assert.InRange(check.GetProperty("worst").GetDouble(), 0, 1);
        }

        Assert.Contains($"{SelfChecks.All.Count} checks passed on cpu", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_wrong_number_and_one_that_is_none_are_found()
    {
        using IBackend backend = CpuBackend.Create(1);
        using var bench = new CheckBench(backend, ComputeMode.Fp32);
        bench.Expect(1, 1.05f, 0.1);
        Assert.Equal(0.5, bench.Worst, 1e-5);
        bench.Expect(1, 1.2f, 0.1);
        Assert.True(bench.Worst > 1);
        bench.Expect(1, float.NaN, 0.1);
        bench.Expect(1, 1, 0.1);
        Assert.Equal(double.PositiveInfinity, bench.Worst);
    }

    [Theory]
    [InlineData(CellKind.ElmanTanh)]
    [InlineData(CellKind.ElmanRelu)]
    [InlineData(CellKind.Lstm)]
    [InlineData(CellKind.GruResetAfter)]
    [InlineData(CellKind.GruResetBefore)]
    public void A_recurrence_with_weights_in_the_wrong_place_is_found(CellKind cell)
    {
        foreach (ComputeMode mode in Enum.GetValues<ComputeMode>())
        {
            using IBackend backend = CpuBackend.Create(1);
            using CheckBench forward = new TransposingBench(backend, mode), backward = new TransposingBench(backend, mode);
            RecurrentChecks.Forward(forward, cell);
            RecurrentChecks.Backward(backward, cell);
            Assert.True(forward.Worst > 1, $"{mode}: forward {forward.Worst}");
            Assert.True(backward.Worst > 1, $"{mode}: backward {backward.Worst}");
        }
    }

    [Theory]
    [InlineData("cuda:99")]
    [InlineData("cuda:2000000000")]
    public async Task A_device_that_is_not_there_ends_with_one_line(string device)
    {
        CommandLine run = await CommandLine.RunAsync("selftest", "--device", device);
        Assert.Equal(ExitCode.Device, run.Exit);
        Assert.Empty(run.Output);
        Assert.Equal(1, run.Error.Count(c => c == '\n'));
    }

    [Fact]
    public async Task Checks_can_be_chosen_by_part_of_their_names()
    {
        CommandLine run = await CommandLine.RunAsync("selftest", "--device", "cpu", "--only", "LSTM", "--json");
        Assert.Equal((ExitCode.Ok, 2), (run.Exit, run.Json.GetProperty("passed").GetInt32()));
        CommandLine none = await CommandLine.RunAsync("selftest", "--device", "cpu", "--only", "transformer");
        Assert.Equal(ExitCode.Usage, none.Exit);
        Assert.Contains("'transformer'; there are transfers", none.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_cpu_has_one_precision()
    {
        CommandLine run = await CommandLine.RunAsync("selftest", "--device", "cpu", "--precision", "bf16");
        Assert.Equal(ExitCode.Usage, run.Exit);
        Assert.Contains("--precision bf16", run.Error, StringComparison.Ordinal);
    }

    /// <summary>Gives the backend each gate's recurrent weights transposed.</summary>
    private sealed class TransposingBench(IBackend backend, ComputeMode mode) : CheckBench(backend, mode)
    {
        public override TensorView Put(float[] values, params ReadOnlySpan<int> shape)
        {
            if (shape.Length != 2 || shape[0] % shape[1] != 0) { return base.Put(values, shape); }
            int n = shape[1];
            return base.Put([.. Enumerable.Range(0, values.Length).Select(i => values[(i / (n * n) * n * n) + (i % n * n) + (i / n % n)])], shape);
        }
    }
}
