using System.CommandLine;
using System.Text.Json.Nodes;
using RnnGpu.Core;

namespace RnnGpu.Cli.Verbs;

/// <summary><c>rnngpu plan</c>: what the time-step scheduler would do with a recurrent stack, and in how many bytes. Runs nothing.</summary>
internal static class PlanVerb
{
    /// <summary>The verb.</summary>
    public static Command Create(CommandContext context)
    {
        Option<string?> cell = NumberOptions.Word("--cell", "Recurrent cell (default: lstm)", CommonOptions.Cells);
        Option<int?> input = NumberOptions.Int32("--input", "Features of the input (default: 128)", 1, RnnSpec.MaxSize);
        Option<int?> hidden = NumberOptions.Int32("--hidden", "Units of each layer (default: 256)", 1, RnnSpec.MaxSize);
        Option<int?> layers = NumberOptions.Int32("--layers", "Layers (default: 1)", 1, RnnSpec.MaxLayers);
        Option<int?> batch = NumberOptions.Int32("--batch", "Sequences side by side (default: 32)", 1, RnnPlanOptions.MaxBatch);
        Option<int?> steps = NumberOptions.Int32("--seq-length", "Time steps (default: 64)", 1, RnnPlanOptions.MaxSteps);
        Option<double?> dropout = NumberOptions.Real("--dropout", "Probability of dropout between layers (default: 0)", 0, 0.99);
        Option<double?> budget = NumberOptions.Real("--memory-budget", "MiB that the plan's own memory may take (default: no limit)", 0, 1e9, withoutLow: true);
        Option<int?> chunk = NumberOptions.Int32("--chunk", "Steps of a hoisted product (default: chosen)", 1, RnnPlanOptions.MaxSteps);
        Option<int?> span = NumberOptions.Int32("--span", "Steps held or recomputed at a time (default: chosen)", 1, RnnPlanOptions.MaxSteps);
        var bidirectional = new Option<bool>("--bidirectional") { Description = "Run each layer in both directions" };
        var noBias = new Option<bool>("--no-bias") { Description = "Cells without biases" };
        var inference = new Option<bool>("--inference") { Description = "Plan the forward pass only" };
        var inputGradient = new Option<bool>("--input-gradient") { Description = "Plan for gradients of the input too" };
        var device = new DeviceOptions();
        var command = new Command("plan", "Explain how a recurrent stack would run, and in how many bytes")
        {
            cell, input, hidden, layers, bidirectional, noBias, dropout, batch, steps, inference, inputGradient, budget, chunk, span,
        };
        device.AddTo(command);
        command.SetAction(given =>
        {
            _ = Layouts.TryParseCell(given.GetValue(cell) ?? "lstm", out CellKind kind);
            var spec = new RnnSpec
            {
                Cell = kind,
                InputSize = given.GetValue(input) ?? 128,
                HiddenSize = given.GetValue(hidden) ?? 256,
                Layers = given.GetValue(layers) ?? 1,
                Bidirectional = given.GetValue(bidirectional),
                Bias = !given.GetValue(noBias),
                Dropout = (float)(given.GetValue(dropout) ?? 0),
            };
            var options = new RnnPlanOptions
            {
                Batch = given.GetValue(batch) ?? 32,
                Steps = given.GetValue(steps) ?? 64,
                Training = !given.GetValue(inference),
                InputGradient = given.GetValue(inputGradient),
                MemoryBudget = given.GetValue(budget) is { } mebibytes ? (long)(mebibytes * (1 << 20)) : null,
                ChunkSteps = given.GetValue(chunk),
                SpanSteps = given.GetValue(span),
            };
            using IBackend backend = Backends.Create(device.Read(given));
            RnnPlanExplanation explanation = Explain(backend, spec, options);
            if (context.Json) { context.WriteResult(JsonNode.Parse(explanation.ToJson())!.AsObject()); }
            else { context.Text.Write(explanation.ToString()); }
            return (int)ExitCode.Ok;
        });
        return command;
    }

    private static RnnPlanExplanation Explain(IBackend backend, RnnSpec spec, RnnPlanOptions options)
    {
        try
        {
            return RnnPlan.Create(backend, spec, options).Explain();
        }
        catch (ArgumentException e)
        {
            throw new UsageException(e.Message);
        }
    }
}
