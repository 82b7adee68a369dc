using RnnGpu.Core;
using RnnGpu.Cuda.Driver;

namespace RnnGpu.Cuda;

public sealed unsafe partial class CudaBackend
{
    /// <summary>
    /// A problem as the cache of measured strategies names it: <c>lstm/512/16/bf16/forward</c> (cell, H, B, precision, direction). Steps make no difference.
    /// </summary>
    /// <param name="problem">Cell and sizes.</param>
    /// <param name="mode">Precision of products.</param>
    /// <param name="backward">Direction of the pass.</param>
    public static string ChoiceKey(RecurrentProblem problem, ComputeMode mode, bool backward) =>
        $"{Layouts.Name(problem.Cell)}/{problem.Hidden}/{problem.Batch}/{mode.ToString().ToLowerInvariant()}/{(backward ? "backward" : "forward")}";

    /// <inheritdoc/>
    public string DescribeRecurrent(RecurrentProblem problem)
    {
        RecurrentLayout layout = LayoutOf(problem.Cell, problem.Hidden);
        string forward = Describe(layout, problem, backward: false);
        return problem.Training ? $"forward {forward}; backward {Describe(layout, problem, backward: true)}" : forward;
    }

    /// <inheritdoc/>
    public string DescribeCosts => $"{Lookup.Note} (figures of {Costs.Name}, {Costs.Multiprocessors} SMs)";

    /// <inheritdoc/>
    public IReadOnlyList<LoopCandidate> RecurrentCandidates(RecurrentProblem problem)
    {
        var candidates = new List<LoopCandidate>();
        foreach (bool backward in (ReadOnlySpan<bool>)(problem.Training ? [false, true] : [false]))
        {
            RecurrentLayout layout = LayoutOf(problem.Cell, problem.Hidden);
            string pass = backward ? "backward" : "forward", misfit = Misfit(layout, problem.Batch, backward) ?? "";
            PersistentShape? shape = misfit.Length == 0 ? Fitting(layout, problem.Batch, backward) : null;
            bool taken = Persistent(layout, problem.Batch, problem.Steps, backward) is not null;
            string why = Why(layout, problem, backward), key = ChoiceKey(problem, Mode, backward);
            candidates.Add(new LoopCandidate(pass, "persistent", shape?.StepSeconds ?? double.NaN, taken, shape is null ? misfit : why) { Problem = key });
            candidates.Add(new LoopCandidate(pass, "stepwise", Stepwise(layout, problem.Batch, backward), !taken, shape is null ? "the only one that can" : why) { Problem = key });
        }

        return candidates;
    }

    /// <inheritdoc/>
    public string? RefuseRecurrent(RecurrentProblem problem)
    {
        if (!_strategyRequired || _strategy != CudaStrategy.Persistent || problem.Steps < 2) { return null; }
        RecurrentLayout layout = LayoutOf(problem.Cell, problem.Hidden);
        string? forward = Misfit(layout, problem.Batch, backward: false), backward = problem.Training ? Misfit(layout, problem.Batch, backward: true) : null;
        if (forward is null && backward is null) { return null; }
        return $"the {(forward is null ? "backward " : "")}loop of {Layouts.Name(problem.Cell)} {problem.Hidden}, batch {problem.Batch}, cannot run persistently on {Device.Name}: "
            + $"{forward ?? backward}; use the strategy auto or stepwise, or fewer units";
    }

    /// <summary>
    /// Whether two such loops, the directions of a layer, can run at the same time: loops in one launch hold their SMs to their end, and start only where all of
    /// their blocks find room.
    /// </summary>
    public bool FitsTwice(RecurrentProblem problem)
    {
        foreach (bool backward in (ReadOnlySpan<bool>)(problem.Training ? [false, true] : [false]))
        {
            RecurrentLayout layout = LayoutOf(problem.Cell, problem.Hidden);
            if (Persistent(layout, problem.Batch, problem.Steps, backward) is not { } shape) { continue; }
            int threads = StepTile.Of(layout.Mode, shape.Large).Threads;
            int resident = Loop(layout.Cell, backward).For(layout.Mode, shape.Large).MaxResidentBlocks(_context, new Dim3(threads), shape.SharedBytes);
            if (2 * shape.Blocks > resident) { return false; }
        }

        return true;
    }

    /// <summary>Why a loop cannot run in one launch here; null: it can.</summary>
    private string? Misfit(in RecurrentLayout layout, int batch, bool backward)
    {
        if (!_context.Device.CooperativeLaunch) { return "the device has no cooperative launches"; }
        if (Fitting(layout, batch, backward) is not null) { return null; }
        long bytes = 0;
        Span<LoopProduct> products = stackalloc LoopProduct[2];
        foreach (LoopProduct product in Products(layout, backward, products)) { bytes += 4L * layout.Hidden * product.Gates * layout.Pitch(product.Blocks); }
        long room = (long)_context.Device.MaxSharedBytesPerBlock * _context.Device.Multiprocessors;
        return $"its weights ({bytes:N0} bytes) do not fit the device's shared memory ({room:N0} bytes), which holds states too";
    }

    /// <summary>What decided between the strategies of a loop that can run by both.</summary>
    private string Why(in RecurrentLayout layout, RecurrentProblem problem, bool backward)
    {
        if (problem.Steps < 2) { return "there is one step"; }
        if (_strategy != CudaStrategy.Auto) { return "as asked for"; }
        return _tuned.ContainsKey(new PersistentKey(backward, layout.Cell, layout.Hidden, problem.Batch)) ? "by the times that `plan --tune` took" : "by the prediction";
    }

    /// <summary>What the cache says of strategies in this backend's precision; words that it does not know are left aside.</summary>
    private void Remember(MachineRecord? record)
    {
        if (record is null) { return; }
        foreach ((string problem, string strategy) in record.Choices)
        {
            string[] parts = problem.Split('/');
            bool known = parts.Length == 5 && Layouts.TryParseCell(parts[0], out _) && parts[3].Equals(Mode.ToString(), StringComparison.OrdinalIgnoreCase) && parts[4] is "forward" or "backward"
                && Size(parts[1], RnnSpec.MaxSize) > 0 && Size(parts[2], RnnPlanOptions.MaxBatch) > 0 && strategy is "persistent" or "stepwise";
            if (!known) { continue; }
            _ = Layouts.TryParseCell(parts[0], out CellKind cell);
            _tuned[new PersistentKey(parts[4] == "backward", cell, Size(parts[1], RnnSpec.MaxSize), Size(parts[2], RnnPlanOptions.MaxBatch))] =
                strategy == "persistent" ? CudaStrategy.Persistent : CudaStrategy.Stepwise;
        }
    }

    private static int Size(string text, int most) =>
        int.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out int size) && size <= most ? size : 0;

    private string Describe(in RecurrentLayout layout, RecurrentProblem problem, bool backward)
    {
        double stepwise = Stepwise(layout, problem.Batch, backward) * 1e6;
        string launches = layout.Products == 2 ? "two launches a step" : "one launch a step";
        if (Misfit(layout, problem.Batch, backward) is { } misfit)
        {
            return $"stepwise, {launches} in a graph, {stepwise:F1} us a step predicted: {misfit}";
        }

        PersistentShape shape = Fitting(layout, problem.Batch, backward)!;
        double persistent = shape.StepSeconds * 1e6;
        string why = Why(layout, problem, backward);
        if (Persistent(layout, problem.Batch, problem.Steps, backward) is null)
        {
            return $"stepwise, {launches} in a graph, {stepwise:F1} us a step predicted, persistent {persistent:F1}: {why}";
        }

        string exchange = shape.UnitBlocks > 1 ? $"{shape.UnitBlocks} blocks exchange each state" : "no exchange between blocks";
        return $"persistent, one launch for all steps, weights in the shared memory of {shape.Blocks} blocks ({shape.SharedBytes:N0} bytes each, {exchange}), "
            + $"{persistent:F1} us a step predicted, stepwise {stepwise:F1}: {why}";
    }
}
