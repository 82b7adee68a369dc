using RnnGpu.Core;

namespace RnnGpu.Cpu.Recurrent;

/// <summary>How a team shares out a time loop.</summary>
internal enum LoopShare
{
    /// <summary>One worker runs it, the others wait.</summary>
    Alone,

    /// <summary>Each worker has rows of the batch, reads all weights, and meets nobody.</summary>
    ByRows,

    /// <summary>Each worker has hidden units, reads their weights only, and meets the others at each product.</summary>
    ByUnits,
}

/// <summary>
/// Predicted times of a recurrent loop and of its products: what decides how they are shared out.
/// <c>t_step = max(2 r G H u / F, r' G H u 4 / bw) + 0.1 min(...) + t_cells + meets t_barrier</c> for a worker with r rows and u units: r' counts how often its weights pass by (once
/// a strip of the register tile), bw is that of the cache that holds them.
/// </summary>
/// <param name="costs">The machine.</param>
/// <param name="block">Units of a block, the least that a worker can have.</param>
/// <param name="tileRows">Rows of a register tile.</param>
internal readonly struct LoopModel(CpuCosts costs, int block, int tileRows)
{
    // A gate's activation and its share of the cell, in operations of a product: a polynomial and a division, at half of a product's rate.
    private const double GateOperations = 60;

    // Part of the shorter of multiplying and reading that the longer does not hide.
    private const double Shown = 0.1;

    // Lists, calls and loop ends: once a step, and once a panel.
    private const double StepSeconds = 30e-9;
    private const double PanelSeconds = 8e-9;

    // What leaves room in a cache for gates and states that stream through it.
    private const double Resident = 0.75;
    private const double Evicted = 1.25;

    /// <summary>The share with the shortest loop.</summary>
    /// <param name="loop">The loop; its steps are those of a chunk.</param>
    /// <param name="workers">Workers of the team or part that runs it.</param>
    /// <param name="others">Further loops that run at the same time and take room in the shared cache.</param>
    public LoopShare Choose(RecurrentProblem loop, int workers, int others = 0)
    {
        if (workers == 1) { return LoopShare.Alone; }
        LoopShare best = LoopShare.Alone;
        double least = double.PositiveInfinity;
        foreach (LoopShare share in (ReadOnlySpan<LoopShare>)[LoopShare.Alone, LoopShare.ByRows, LoopShare.ByUnits])
        {
            double seconds = LoopSeconds(loop, share, workers, others);
            if (seconds < least) { (best, least) = (share, seconds); }
        }

        return best;
    }

    /// <summary>Seconds of a loop over its steps, its start included.</summary>
    public double LoopSeconds(RecurrentProblem loop, LoopShare share, int workers, int others = 0) =>
        (loop.Steps * StepSecondsOf(loop, share, workers, others)) + (share == LoopShare.Alone ? 0 : costs.TeamStartSeconds);

    /// <summary>Seconds of one step.</summary>
    public double StepSecondsOf(RecurrentProblem loop, LoopShare share, int workers, int others = 0)
    {
        int blocks = (loop.Hidden + block - 1) / block;
        int rows = share == LoopShare.ByRows ? (loop.Batch + workers - 1) / workers : loop.Batch;
        int units = share == LoopShare.ByUnits ? Math.Min(loop.Hidden, (blocks + workers - 1) / workers * block) : loop.Hidden;
        int gates = Layouts.Gates(loop.Cell);
        int strips = (rows + tileRows - 1) / tileRows;
        double weights = 4.0 * gates * loop.Hidden * units, whole = 4.0 * gates * loop.Hidden * loop.Hidden;
        double operations = 2.0 * rows * gates * loop.Hidden * units;
        double bandwidth = Bandwidth(weights, whole * (1 + others), share == LoopShare.Alone ? 1 + others : workers * (1 + others));
        double reading = (weights / bandwidth) + ((strips - 1) * weights / costs.L2BytesPerSecond);
        double multiplying = operations / costs.FlopsPerSecond;
        double seconds = Math.Max(multiplying, reading) + (Shown * Math.Min(multiplying, reading))
            + (rows * units * gates * GateOperations / costs.FlopsPerSecond)
            + StepSeconds + (PanelSeconds * gates * ((units + block - 1) / block));
        int meets = share != LoopShare.ByUnits ? 0 : loop.Cell == CellKind.GruResetBefore ? 2 : 1;
        return seconds + (meets * costs.BarrierSeconds);
    }

    /// <summary>
    /// Seconds of a product <c>[m, k] x [k, n]</c>. Operands come from the shared cache, since others used the cores' own in between, and the result goes there: few
    /// rows, or a short sum, and that is most of the time.
    /// </summary>
    public double ProductSeconds(double m, double k, double n, int workers) =>
        ((2 * m * k * n / costs.FlopsPerSecond) + (4 * ((m * k) + (k * n) + (2 * m * n)) / costs.L3BytesPerSecond)) / workers;

    /// <summary>Bytes a second at which one of <paramref name="readers"/> reads the same weights again and again.</summary>
    private double Bandwidth(double own, double all, int readers)
    {
        double beyond = Mix(all, costs.L3Bytes, costs.L3BytesPerSecond, costs.MemoryBytesPerSecond / readers);
        return Mix(own, costs.L2Bytes, costs.L2BytesPerSecond, beyond);
    }

    /// <summary>The inner rate where the bytes fit with room to spare, the outer where they displace each other, in between the mean of both times.</summary>
    private static double Mix(double bytes, double capacity, double inner, double outer)
    {
        double missing = Math.Clamp(((bytes / capacity) - Resident) / (Evicted - Resident), 0, 1);
        return 1 / (((1 - missing) / inner) + (missing / outer));
    }
}
