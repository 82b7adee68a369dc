using System.Text;
using System.Text.Json.Nodes;
using RnnGpu.Cli.Bench;
using RnnGpu.Core;
using RnnGpu.Cuda;

namespace RnnGpu.Cli.Tuning;

/// <summary>What the model says of one row in one precision and mode.</summary>
/// <param name="Row">The row.</param>
/// <param name="Mode">Precision of products.</param>
/// <param name="Training">Forward and backward, or forward alone.</param>
/// <param name="Loops">The ways that the loops of one direction of one layer would take.</param>
/// <param name="Milliseconds">An iteration.</param>
/// <param name="LimitMilliseconds">What no kernel can beat (<see cref="LimitModel"/>).</param>
/// <param name="Published">What others published for it; empty: nothing.</param>
internal sealed record RowPrediction(
    BenchRow Row, ComputeMode Mode, bool Training, IReadOnlyList<LoopCandidate> Loops, double Milliseconds, double LimitMilliseconds, IReadOnlyList<PublishedTime> Published)
{
    /// <summary>The loop of a pass as it would run; null where there is none.</summary>
    public LoopCandidate? Taken(string pass) => Loops.FirstOrDefault(loop => loop.Taken && loop.Pass == pass);
}

/// <summary>
/// Predicts the rows of a grid on a GPU, running nothing on it: by <see cref="IBackend.RecurrentCandidates"/> for the loops, and for the products around them by the
/// rate that large products reach. An iteration is
/// <code>
/// t = sum over layers of ( products / (rate share) + T ( t_fwd + t_bwd ) directions' turns )
/// </code>
/// Two directions of a layer run at the same time where the blocks of both fit the GPU together, else one after the other.
/// </summary>
internal static class GridPrediction
{
    /// <summary>Predicts.</summary>
    /// <param name="choice">A GPU or the emulator.</param>
    /// <param name="rows">The rows; those for CPUs are left out.</param>
    public static IReadOnlyList<RowPrediction> Of(DeviceChoice choice, IReadOnlyList<BenchRow> rows)
    {
        var predictions = new List<RowPrediction>();
        var open = new Dictionary<ComputeMode, CudaBackend>();
        try
        {
            foreach (BenchRow row in rows.Where(row => !row.OnCpu))
            {
                foreach (ComputeMode mode in row.Modes)
                {
                    if (!open.TryGetValue(mode, out CudaBackend? backend)) { open[mode] = backend = CudaBackend.Create(choice.Device, mode, Backends.Options(choice)); }
                    foreach (bool training in row.Training) { predictions.Add(Predict(backend, row, mode, training)); }
                }
            }
        }
        finally
        {
            foreach (CudaBackend backend in open.Values) { backend.Dispose(); }
        }

        return predictions;
    }

    private static RowPrediction Predict(CudaBackend backend, BenchRow row, ComputeMode mode, bool training)
    {
        BenchShape shape = row.Shape;
        RnnSpec spec = shape.Spec;
        var plan = RnnPlan.Create(backend, spec, new RnnPlanOptions { Batch = shape.Batch, Steps = shape.Steps, Training = training });
        var problem = new RecurrentProblem(shape.Cell, shape.Hidden, shape.Batch, plan.ChunkSteps, training);
        IReadOnlyList<LoopCandidate> loops = backend.RecurrentCandidates(problem);
        GpuCosts costs = backend.Costs;
        double step = loops.Where(loop => loop.Taken).Sum(loop => loop.PredictedSeconds), positions = (double)shape.Steps * shape.Batch;
        int turns = spec.Directions == 2 && !backend.FitsTwice(problem) ? 2 : 1;
        double seconds = 0;
        for (int layer = 0; layer < spec.Layers; layer++)
        {
            double projection = 2 * positions * spec.GateSize * spec.LayerInputSize(layer) * spec.Directions, recurrent = 2 * positions * spec.GateSize * shape.Hidden * spec.Directions;
            seconds += ((training ? (3 * projection) + recurrent : projection) / (costs.Rate(mode) * costs.GemmShare)) + (turns * shape.Steps * step);
        }

        GpuCosts? limit = GpuCosts.LimitOf(backend.Device, backend.Lookup.Record) ?? (backend.Driver.IsEmulator ? GpuCosts.All[0] : null);
        return new RowPrediction(
            row, mode, training, loops, seconds * 1e3, limit is null ? double.NaN : LimitModel.Milliseconds(limit, shape, mode, training, (long)positions),
            [.. row.Published.Where(time => time.Mode == mode && time.Training == training)]);
    }

    /// <summary>A page with one table.</summary>
    /// <param name="predictions">Rows.</param>
    /// <param name="device">In words.</param>
    /// <param name="costs">Where the figures come from.</param>
    /// <param name="command">That made the page.</param>
    /// <param name="date">Of the page.</param>
    public static string ToMarkdown(IReadOnlyList<RowPrediction> predictions, string device, string costs, string command, DateTimeOffset date)
    {
        var page = new StringBuilder();
        page.Append($"# Predictions of the grid, {date.UtcDateTime:yyyy-MM-dd}\n\n");
        page.Append("**These are predictions of a model. Nothing on this page was measured on a GPU.** They say which strategy a plan takes and what the model expects of it; a\n");
        page.Append("measurement (`rnngpu bench kernels --grid bench/grid.json`) stands beside them as soon as there is one.\n\n");
        page.Append($"- Command: `{command}`\n- Commit: {BenchMachine.Commit}\n- Device: {device}\n- Constants: {costs}\n");
        page.Append("- µs/step: one direction of one layer, forward and backward loop. ms: an iteration, products around the loops included. Limit: `LimitModel.cs`.\n");
        page.Append("- Rows with lengths count all positions, so that their limit is comparable. Published: figures of others with their source, on the GPU that they name.\n\n");
        page.Append("| row | stack | dtype | mode | forward loop | µs/step | other way | backward loop | µs/step | other way | ms | limit ms | published |\n");
        page.Append("|---|---|---|---|---|---|---|---|---|---|---|---|---|\n");
        foreach (RowPrediction row in predictions)
        {
            page.Append($"| {row.Row.Name} | {row.Row.Shape} | {BenchNames.Of(row.Mode)} | {BenchNames.Of(row.Training)} | {Loop(row, "forward")} | {Loop(row, "backward")} | ");
            page.Append($"{row.Milliseconds:0.000} | {(double.IsFinite(row.LimitMilliseconds) ? $"{row.LimitMilliseconds:0.000}" : "")} | {string.Join("; ", row.Published)} |\n");
        }

        return page.ToString();
    }

    /// <summary>Everything.</summary>
    public static JsonArray ToJson(IReadOnlyList<RowPrediction> predictions) => new([.. predictions.Select(row => new JsonObject
    {
        ["row"] = row.Row.Name,
        ["stack"] = row.Row.Shape.ToString(),
        ["dtype"] = BenchNames.Of(row.Mode),
        ["mode"] = BenchNames.Of(row.Training),
        ["loops"] = new JsonArray([.. row.Loops.Select(loop => new JsonObject
        {
            ["pass"] = loop.Pass,
            ["strategy"] = loop.Strategy,
            ["predicted_us_per_step"] = CommandContext.Figure(loop.PredictedSeconds * 1e6),
            ["taken"] = loop.Taken,
            ["reason"] = loop.Reason,
        })]),
        ["predicted_ms"] = row.Milliseconds,
        ["limit_ms"] = CommandContext.Figure(row.LimitMilliseconds),
        ["published"] = new JsonArray([.. row.Published.Select(time => (JsonNode)time.ToString())]),
    })]);

    private static string Loop(RowPrediction row, string pass)
    {
        if (row.Taken(pass) is not { } taken) { return " | | "; }
        LoopCandidate? other = row.Loops.FirstOrDefault(loop => !loop.Taken && loop.Pass == pass);
        return $"{taken.Strategy} | {taken.PredictedSeconds * 1e6:0.00} | {(other is null ? "" : other.Eligible ? $"{other.Strategy} {other.PredictedSeconds * 1e6:0.00}" : $"no {other.Strategy}: does not fit")}";
    }
}
