using RnnGpu.Core;
using RnnGpu.Cuda;
using RnnGpu.Tests.Contract;
using Xunit;

namespace RnnGpu.Tests.Cuda.Products;

/// <summary>
/// Loops in one launch give the bits of stepwise ones, however a made-up chip's size cuts them: one block without exchange, several that exchange
/// states, several tiles a block.
/// </summary>
public sealed class PersistentTests
{
    public static TheoryData<ComputeMode, string> Chips()
    {
        var data = new TheoryData<ComputeMode, string>();
        foreach (ComputeMode mode in Enum.GetValues<ComputeMode>())
        {
            foreach (string multiprocessors in (string[])["1", "7", "132"]) { data.Add(mode, multiprocessors); }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Chips))]
    public void One_launch_gives_the_bits_of_many(ComputeMode mode, string multiprocessors)
    {
        using var emulator = new PrivateEmulator(("RNNGPU_EMULATOR_SMS", multiprocessors));
        using var persistent = CudaBackend.Create(emulator.Driver, 0, mode, new CudaOptions { Strategy = CudaStrategy.Persistent });
        using var stepwise = CudaBackend.Create(emulator.Driver, 0, mode, new CudaOptions { Strategy = CudaStrategy.Stepwise });
        foreach (CellKind cell in Enum.GetValues<CellKind>())
        {
            foreach ((int steps, int batch, int hidden, bool flags) in new[] { (2, 1, 1, false), (5, 3, 7, true), (3, 62, 63, true), (2, 3, 168, false) })
            {
                RecurrentCase x = new RecurrentCase(cell, steps, batch, hidden, Reverse: flags, HasLengths: flags, HasResets: flags).Make();
                using RecurrentRun expected = SameBitsTests.Run(stepwise, x), actual = SameBitsTests.Run(persistent, x);
                SameBitsTests.CheckSame(x, expected, actual);
            }
        }
    }

    [Fact]
    public void Launches_do_not_grow_with_steps()
    {
        using var emulator = new PrivateEmulator();
        using var backend = CudaBackend.Create(emulator.Driver, 0, ComputeMode.Bf16, new CudaOptions { Strategy = CudaStrategy.Persistent });
        long Launches(int steps)
        {
            RecurrentCase x = new RecurrentCase(CellKind.Lstm, steps, 3, 20, Reverse: false, HasLengths: false, HasResets: false).Make();
            long before = backend.Driver.TotalCalls;
            using RecurrentRun run = SameBitsTests.Run(backend, x);
            return backend.Driver.TotalCalls - before;
        }

        _ = Launches(2);
        Assert.Equal(Launches(2), Launches(300));
    }

    [Theory]
    [InlineData(512, 16, CudaStrategy.Auto, "persistent, one launch for all steps")]
    [InlineData(512, 16, CudaStrategy.Stepwise, "as asked for")]
    [InlineData(4096, 32, CudaStrategy.Auto, "do not fit the device's shared memory")]
    public void A_plan_says_how_its_loop_runs(int hidden, int batch, CudaStrategy strategy, string expected)
    {
        using var emulator = new PrivateEmulator(("RNNGPU_EMULATOR_SMS", "132"));
        using var backend = CudaBackend.Create(emulator.Driver, 0, ComputeMode.Bf16, new CudaOptions { Strategy = strategy });
        var plan = RnnPlan.Create(backend, new RnnSpec { Cell = CellKind.Lstm, InputSize = 16, HiddenSize = hidden }, new RnnPlanOptions { Batch = batch, Steps = 100, Training = true });
        Assert.Contains(plan.Explain().Strategy, line => line.StartsWith("recurrence: forward ", StringComparison.Ordinal) && line.Contains(expected, StringComparison.Ordinal));
    }
}
