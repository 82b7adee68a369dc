using System.Diagnostics;
using RnnGpu.Cli.Bench.Cpu;
using Xunit;

namespace RnnGpu.Tests.Cli.Bench.Cpu;

public sealed class MachineLoadTests
{
    [Fact]
    public void Busy_and_stolen_time_are_read_from_the_kernels_line()
    {
        // user nice system idle iowait irq softirq steal guest guest_nice; guest time is part of user's
        Assert.Equal((1.0 + 2 + 3 + 6 + 7, 8.0), MachineLoad.Processors("cpu  100 200 300 400 500 600 700 800 900 1000"));
        Assert.Equal((double.NaN, double.NaN), MachineLoad.Processors("cpu0 1 2 3 4 5 6 7 8 9 10"));
        Assert.Equal((double.NaN, double.NaN), MachineLoad.Processors("cpu 1 2"));
        Assert.Equal((double.NaN, double.NaN), MachineLoad.Processors(""));
    }

    [Fact]
    public void Others_are_what_is_busy_beside_our_own()
    {
        var before = new MachineLoad(0.5, BusySeconds: 100, StolenSeconds: 1, OwnSeconds: 10, Timestamp: 0);
        var after = new MachineLoad(2, BusySeconds: 125, StolenSeconds: 2, OwnSeconds: 30, Timestamp: 10 * Stopwatch.Frequency);
        Assert.Equal(10, after.Seconds(before), 1e-9);
        Assert.Equal(0.5, after.Others(before), 1e-9);
        Assert.Equal(0.1, after.Stolen(before), 1e-9);
        Assert.Equal(0, (after with { OwnSeconds = 60 }).Others(before));
    }
}
