using RnnGpu.Core;
using RnnGpu.Cpu;
using RnnGpu.Cpu.Recurrent;
using Xunit;

namespace RnnGpu.Tests.Cpu.Queues;

/// <summary>What the cost model chooses where there is no doubt, on a machine given in figures.</summary>
public sealed class LoopModelTests
{
    private const int Block = 64;
    private const int TileRows = 6;
    private static readonly CpuCosts Machine = new()
    {
        FlopsPerSecond = 150e9,
        BarrierSeconds = 0.2e-6,
        TeamStartSeconds = 1e-6,
        L2Bytes = 1 << 20,
        L3Bytes = 32 << 20,
        L2BytesPerSecond = 150e9,
        L3BytesPerSecond = 60e9,
        MemoryBytesPerSecond = 20e9,
    };

    private static readonly LoopModel Loops = new(Machine, Block, TileRows);

    public static TheoryData<int, int, int, string> SharedLoops() => new()
    {
        // hidden, batch, workers, share
        { 16, 1, 2, "Alone" },
        { 512, 1, 1, "Alone" },
        { 512, 1, 2, "ByUnits" },
        { 1024, 4, 4, "ByUnits" },
        { 128, 64, 2, "ByRows" },
        { 64, 256, 8, "ByRows" },
    };

    [Theory]
    [MemberData(nameof(SharedLoops))]
    public void A_loop_is_shared_out(int hidden, int batch, int workers, string share) =>
        Assert.Equal(share, Loops.Choose(new RecurrentProblem(CellKind.Lstm, hidden, batch, 100, Training: true), workers).ToString());

    [Fact]
    public void A_slow_barrier_keeps_a_loop_on_one_worker()
    {
        var problem = new RecurrentProblem(CellKind.Lstm, 128, 1, 100, Training: true);
        Assert.Equal(LoopShare.ByUnits, Loops.Choose(problem, workers: 2));
        Assert.Equal(LoopShare.Alone, new LoopModel(Machine with { BarrierSeconds = 5e-6 }, Block, TileRows).Choose(problem, workers: 2));
    }

    [Fact]
    public void Directions_run_beside_each_other_where_the_barrier_counts()
    {
        Assert.True(Choose(2, layers: 1, bidirectional: true, hidden: 128, batch: 1, steps: 200).DirectionsBeside);
        Assert.True(Choose(2, layers: 2, bidirectional: true, hidden: 64, batch: 4, steps: 50).DirectionsBeside);

        // Half of the weights stay in a core's cache, all of them do not.
        Assert.False(Choose(2, layers: 1, bidirectional: true, hidden: 300, batch: 1, steps: 200).DirectionsBeside);
        Assert.False(Choose(1, layers: 1, bidirectional: true, hidden: 128, batch: 1, steps: 200).DirectionsBeside);
    }

    [Fact]
    public void Layers_run_as_a_wavefront_where_the_barrier_counts()
    {
        StackSchedule two = Choose(2, layers: 2, bidirectional: false, hidden: 128, batch: 1, steps: 400);
        Assert.Equal(2, two.Stages);
        Assert.InRange(two.ChunkSteps, 10, 100);
        Assert.Contains("a wavefront of 2 stages", two.Prediction, StringComparison.Ordinal);
        Assert.Equal(1, Choose(2, layers: 1, bidirectional: false, hidden: 128, batch: 1, steps: 400).Stages);
        Assert.Equal(1, Choose(1, layers: 2, bidirectional: false, hidden: 128, batch: 1, steps: 400).Stages);
        Assert.Equal(1, Choose(2, layers: 2, bidirectional: false, hidden: 300, batch: 1, steps: 400).Stages);
        Assert.Equal(1, Choose(2, layers: 2, bidirectional: false, hidden: 128, batch: 1, steps: 1).Stages);
    }

    [Fact]
    public void Options_overrule_the_model()
    {
        Assert.False(Choose(2, 1, true, 128, 1, 200, new() { Batch = 1, Steps = 200, SideBySide = false }).DirectionsBeside);
        Assert.True(Choose(2, 1, true, 300, 1, 200, new() { Batch = 1, Steps = 200, SideBySide = true }).DirectionsBeside);
        StackSchedule chunks = Choose(4, 3, false, 300, 1, 200, new() { Batch = 1, Steps = 200, SideBySide = true, ChunkSteps = 7 });
        Assert.Equal(7, chunks.ChunkSteps);
        Assert.InRange(chunks.Stages, 2, 3);
    }

    [Fact]
    public void A_plan_says_what_was_chosen_and_predicted()
    {
        using IBackend backend = CpuBackend.Create(threads: 2, costs: Machine);
        var spec = new RnnSpec { Cell = CellKind.Lstm, InputSize = 64, HiddenSize = 128, Bidirectional = true };
        RnnPlanExplanation explanation = RnnPlan.Create(backend, spec, new RnnPlanOptions { Batch = 1, Steps = 200, Training = true }).Explain();
        Assert.Contains(explanation.Strategy, line => line.StartsWith("prediction: both directions at the same time: ", StringComparison.Ordinal) && line.Contains(" ms an iteration; one loop after another"));
        Assert.Contains(explanation.Strategy, line => line.StartsWith("recurrence: ", StringComparison.Ordinal) && line.Contains("predicted a step: "));
    }

    private static StackSchedule Choose(int workers, int layers, bool bidirectional, int hidden, int batch, int steps, RnnPlanOptions? options = null)
    {
        var spec = new RnnSpec { Cell = CellKind.Lstm, InputSize = hidden, HiddenSize = hidden, Layers = layers, Bidirectional = bidirectional };
        options ??= new RnnPlanOptions { Batch = batch, Steps = steps };
        return new StackModel(Loops, Machine, spec, options, workers, preferredChunk: 1024 / batch).Choose();
    }
}
