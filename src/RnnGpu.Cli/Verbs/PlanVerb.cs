using System.CommandLine;
using System.Text.Json.Nodes;
using RnnGpu.Cli.Bench;
using RnnGpu.Cli.Tuning;
using RnnGpu.Core;
using RnnGpu.Cuda;

namespace RnnGpu.Cli.Verbs;

/// <summary>
/// <c>rnngpu plan</c>: what the time-step scheduler would do with a recurrent stack, and in how many bytes. Runs nothing, but with <c>--tune</c> the loops, to
/// time them. With <c>--grid</c>, what it would do with each row of a grid.
/// </summary>
internal static class PlanVerb
{
    // Multiprocessors of the emulator, which reads it itself.
    private const string EmulatorSize = "RNNGPU_EMULATOR_SMS";

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
        var tune = new Option<bool>("--tune") { Description = "Time the strategies of the loop on the device, take the fastest, and remember it" };
        var grid = new Option<string?>("--grid") { Description = "Predict the rows of a grid (bench/grid.json) on a GPU or, with made-up sizes, on the emulator", HelpName = "FILE" };
        var markdown = new Option<string?>("--markdown") { Description = "With --grid: write a table", HelpName = "FILE" };
        var device = new DeviceOptions();
        var command = new Command("plan", "Explain how a recurrent stack would run, and in how many bytes")
        {
            cell, input, hidden, layers, bidirectional, noBias, dropout, batch, steps, inference, inputGradient, budget, chunk, span, tune, grid, markdown,
        };
        device.AddTo(command, strategy: true);
        Option[] shape = [cell, input, hidden, layers, bidirectional, noBias, dropout, batch, steps, inference, inputGradient, budget, chunk, span, tune, device.PrecisionOption];
        command.Validators.Add(result =>
        {
            bool Given(Option option) => result.GetResult(option) is { Implicit: false };
            if (Given(grid) && shape.FirstOrDefault(Given) is { } other) { result.AddError($"{other.Name} does not go with --grid: the rows say what runs"); }
            if (Given(markdown) && !Given(grid)) { result.AddError("--markdown is the table of a grid: give one with --grid"); }
            if (Given(tune) && Given(device.StrategyOption)) { result.AddError("--tune finds the strategy: leave --strategy out"); }
        });
        command.SetAction((given, stop) =>
        {
            DeviceChoice choice = Backends.Resolve(device.Read(given));
            if (given.GetValue(grid) is { } path) { return Task.FromResult(Predict(context, choice, path, given.GetValue(markdown))); }
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
            return Task.FromResult(Plan(context, choice, spec, options, given.GetValue(tune), stop));
        });
        return command;
    }

    private static int Plan(CommandContext context, DeviceChoice choice, RnnSpec spec, RnnPlanOptions options, bool tune, CancellationToken stop)
    {
        RnnPlanExplanation explanation;
        TuningResult? tuned = null;
        using (IBackend backend = Backends.Create(choice))
        {
            RnnPlan plan = Make(backend, spec, options);
            explanation = plan.Explain();
            var problem = new RecurrentProblem(spec.Cell, spec.HiddenSize, options.Batch, plan.ChunkSteps, options.Training);
            if (tune) { tuned = LoopTuning.Run(choice, problem, stop); }
        }

        if (tuned is { Record: { } record })
        {
            // What a plan does from now on, with the times beside the predictions.
            using IBackend backend = Backends.Create(choice, record);
            explanation = Make(backend, spec, options).Explain();
            explanation = explanation with { Candidates = [.. explanation.Candidates.Select((candidate, i) => candidate with { MeasuredSeconds = tuned.Candidates[i].MeasuredSeconds })] };
        }

        JsonObject json = JsonNode.Parse(explanation.ToJson())!.AsObject();
        if (tuned is not null) { json["tuning"] = tuned.Outcome; }
        context.WriteResult(json);
        if (context.Json) { return (int)ExitCode.Ok; }
        context.Text.Write(explanation.ToString());
        if (tuned is not null) { context.Text.WriteLine($"tuning: {tuned.Outcome}"); }
        return (int)ExitCode.Ok;
    }

    private static int Predict(CommandContext context, DeviceChoice choice, string path, string? markdown)
    {
        if (choice.Device == "cpu") { throw new UsageException("--grid predicts GPUs: name one with --device, or the emulator"); }
        IReadOnlyList<RowPrediction> predictions = GridPrediction.Of(choice, BenchGrid.Read(path));
        string costs, device;
        using (var backend = CudaBackend.Create(choice.Device, ComputeMode.Fp32, Backends.Options(choice))) { (device, costs) = (backend.Device.ToString(), backend.DescribeCosts); }
        if (markdown is not null)
        {
            string? size = choice.Device == "emulator" ? Environment.GetEnvironmentVariable(EmulatorSize) : null;
            string command = $"{(size is null ? "" : $"{EmulatorSize}={size} ")}rnngpu plan --grid {(Path.IsPathRooted(path) ? Path.GetFileName(path) : path)} --device {choice.Device}";
            File.WriteAllText(markdown, GridPrediction.ToMarkdown(predictions, device, costs, command, DateTimeOffset.UtcNow));
        }

        context.WriteResult(new JsonObject
        {
            ["device"] = device,
            ["costs"] = costs,
            ["measured"] = false,
            ["rows"] = GridPrediction.ToJson(predictions),
        });
        if (context.Json) { return (int)ExitCode.Ok; }
        context.Text.WriteLine($"{device}; {costs}. Predictions: nothing is measured.");
        foreach (RowPrediction row in predictions) { context.Text.WriteLine(Line(row)); }
        if (markdown is not null) { context.Text.WriteLine($"written: {markdown}"); }
        return (int)ExitCode.Ok;
    }

    private static string Line(RowPrediction row)
    {
        string Loop(string pass) => row.Taken(pass) is { } loop ? $"{loop.Strategy,-10} {loop.PredictedSeconds * 1e6,7:0.00} us/step" : $"{"",26}";
        string limit = double.IsFinite(row.LimitMilliseconds) ? $"limit {row.LimitMilliseconds,8:0.000}" : "";
        return $"  {row.Row.Name,-4} {BenchNames.Of(row.Mode)} {BenchNames.Of(row.Training),-9}  forward {Loop("forward")}  {(row.Training ? "backward" : "        ")} {Loop("backward")}  {row.Milliseconds,9:0.000} ms  {limit}  {string.Join("; ", row.Published)}";
    }

    private static RnnPlan Make(IBackend backend, RnnSpec spec, RnnPlanOptions options)
    {
        try
        {
            return RnnPlan.Create(backend, spec, options);
        }
        catch (ArgumentException e)
        {
            throw new UsageException(e.Message);
        }
    }
}
