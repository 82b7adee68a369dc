using RnnGpu.Core;
using RnnGpu.Cuda;
using RnnGpu.Tests.Contract;
using RnnGpu.Tests.Cuda.Products;
using Xunit;

namespace RnnGpu.Tests.Cuda.Costs;

/// <summary>What was measured of a device decides by which strategy and in which cut its loops run, and never what they compute.</summary>
public sealed class ChoiceTests
{
    private static readonly RecurrentProblem Loop = new(CellKind.Lstm, 64, 40, 5, Training: true);

    private static MachineRecord Record(GpuCosts? costs = null, params (string Problem, string Strategy)[] choices) => new(
        new MachineKey("gpu", []), costs is null ? new Dictionary<string, double>() : GpuFigures.Of(costs), choices.ToDictionary(choice => choice.Problem, choice => choice.Strategy));

    private static string[] Taken(CudaBackend backend) => [.. backend.RecurrentCandidates(Loop).Where(loop => loop.Taken).Select(loop => loop.Strategy)];

    [Fact]
    public void Measured_figures_choose()
    {
        using var emulator = new PrivateEmulator(("RNNGPU_EMULATOR_SMS", "132"));
        foreach ((GpuCosts costs, string expected) in new[]
        {
            (GpuCosts.All[0] with { BarrierSeconds = 1e-3 }, "stepwise"),
            (GpuCosts.All[0] with { LaunchSeconds = 1e-8, BarrierSeconds = 1e-5 }, "stepwise"),
            (GpuCosts.All[0] with { LaunchSeconds = 1e-3 }, "persistent"),
            (GpuCosts.All[0], "persistent"),
        })
        {
            using var backend = CudaBackend.Create(emulator.Driver, 0, ComputeMode.Bf16, new CudaOptions { Measured = Record(costs) });

            // A loop without exchange needs no barrier: forced to exchange by more units than a block holds.
            var problem = Loop with { Hidden = 768 };
            Assert.All(backend.RecurrentCandidates(problem), loop => Assert.Equal(loop.Strategy == expected, loop.Taken));
            Assert.StartsWith("measured figures", backend.DescribeCosts, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Times_that_were_taken_win_over_predictions_and_names_over_both()
    {
        using var emulator = new PrivateEmulator();
        string forward = CudaBackend.ChoiceKey(Loop, ComputeMode.Bf16, backward: false), backward = CudaBackend.ChoiceKey(Loop, ComputeMode.Bf16, backward: true);
        Assert.Equal("lstm/64/40/bf16/forward", forward);
        CudaBackend Make(CudaStrategy? strategy, params (string, string)[] choices) =>
            CudaBackend.Create(emulator.Driver, 0, ComputeMode.Bf16, new CudaOptions { Strategy = strategy ?? CudaStrategy.Auto, Measured = Record(null, choices) });
        foreach (string first in (string[])["persistent", "stepwise"])
        {
            foreach (string second in (string[])["persistent", "stepwise"])
            {
                using CudaBackend backend = Make(null, (forward, first), (backward, second));
                Assert.Equal([first, second], Taken(backend));
                using CudaBackend named = Make(CudaStrategy.Stepwise, (forward, first), (backward, second));
                Assert.Equal(["stepwise", "stepwise"], Taken(named));
            }
        }

        using CudaBackend plain = Make(null);
        using CudaBackend odd = Make(
            null, (forward.Replace("bf16", "fp32", StringComparison.Ordinal), "stepwise"), ("lstm/64/40/bf16", "stepwise"), ("lstm/-64/40/bf16/forward", "stepwise"),
            ("lstm/64/99999999999/bf16/forward", "stepwise"), (forward, "fastest"), (backward, "STEPWISE"), ("", "stepwise"));
        Assert.Equal(Taken(plain), Taken(odd));
    }

    [Fact]
    public void A_tuned_strategy_that_does_not_fit_is_left_aside()
    {
        using var emulator = new PrivateEmulator();
        var large = Loop with { Hidden = 4096 };
        using var backend = CudaBackend.Create(
            emulator.Driver, 0, ComputeMode.Bf16, new CudaOptions { Measured = Record(null, (CudaBackend.ChoiceKey(large, ComputeMode.Bf16, backward: false), "persistent")) });
        Assert.All(backend.RecurrentCandidates(large), loop => Assert.Equal(loop.Strategy == "stepwise", loop.Taken));
        Assert.Null(backend.RefuseRecurrent(large));
    }

    [Theory]
    [InlineData(ComputeMode.Fp32)]
    [InlineData(ComputeMode.Bf16)]
    public void Bits_do_not_depend_on_what_was_measured(ComputeMode mode)
    {
        using var emulator = new PrivateEmulator(("RNNGPU_EMULATOR_SMS", "16"));
        RecurrentCase x = new RecurrentCase(CellKind.GruResetBefore, 4, 35, 70, Reverse: true, HasLengths: true, HasResets: true).Make();
        var problem = new RecurrentProblem(x.Cell, x.Hidden, x.Batch, x.Steps, Training: true);
        RecurrentRun? first = null;
        var seen = new HashSet<string>();
        foreach (GpuCosts costs in new[]
        {
            GpuCosts.All[0], GpuCosts.All[0] with { BarrierSeconds = 1e-3 }, GpuCosts.All[0] with { LaunchSeconds = 1e-3, TileSeconds = 1e-9, SharedRate = 1e9 },
            GpuCosts.All[0] with { LaunchSeconds = 1e-3, L2ToMultiprocessorRate = 1e9, BarrierSeconds = 1e-8 },
        })
        {
            using var backend = CudaBackend.Create(emulator.Driver, 0, mode, new CudaOptions { Measured = Record(costs) });
            seen.Add(backend.DescribeRecurrent(problem).Split(" us a step", 2)[0]);
            RecurrentRun run = SameBitsTests.Run(backend, x);
            if (first is null) { first = run; }
            else
            {
                SameBitsTests.CheckSame(x, first, run);
                if (run != first) { run.Dispose(); }
            }
        }

        first!.Dispose();
        Assert.True(seen.Count > 1, "every set of figures led to the same strategy and cut");
    }

    [Fact]
    public void A_strategy_that_is_required_and_does_not_fit_stops_the_plan()
    {
        using var emulator = new PrivateEmulator();
        using var backend = CudaBackend.Create(emulator.Driver, 0, ComputeMode.Bf16, new CudaOptions { Strategy = CudaStrategy.Persistent, StrategyRequired = true });
        RnnSpec spec = new() { Cell = CellKind.Lstm, InputSize = 8, HiddenSize = 4096 };
        var refusal = Assert.Throws<StrategyNotAvailableException>(() => RnnPlan.Create(backend, spec, new RnnPlanOptions { Batch = 2, Steps = 10, Training = true }));
        Assert.Contains("lstm 4096, batch 2, cannot run persistently", refusal.Message, StringComparison.Ordinal);
        Assert.NotNull(RnnPlan.Create(backend, spec, new RnnPlanOptions { Batch = 2, Steps = 1, Training = true }));
        Assert.NotNull(RnnPlan.Create(backend, spec with { HiddenSize = 64 }, new RnnPlanOptions { Batch = 2, Steps = 10, Training = true }));
    }
}
