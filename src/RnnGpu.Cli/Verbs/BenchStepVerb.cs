using System.CommandLine;
using System.Text.Json.Nodes;
using RnnGpu.Cli.Bench;
using RnnGpu.Core;

namespace RnnGpu.Cli.Verbs;

/// <summary><c>rnngpu bench step</c>: how long a step of streams takes for one who waits for it.</summary>
internal static class BenchStepVerb
{
    /// <summary>The verb.</summary>
    public static Command Create(CommandContext context)
    {
        Option<string?> cell = NumberOptions.Word("--cell", "Recurrent cell (default: lstm)", CommonOptions.Cells);
        Option<int?> input = NumberOptions.Int32("--input", "Features of the input (default: as --hidden)", 1, RnnSpec.MaxSize);
        Option<int?> hidden = NumberOptions.Int32("--hidden", "Units of each layer (default: 256)", 1, RnnSpec.MaxSize);
        Option<int?> layers = NumberOptions.Int32("--layers", "Layers (default: 1)", 1, RnnSpec.MaxLayers);
        Option<int?> streams = NumberOptions.Int32("--streams", "Streams that step together (default: 1)", 1, 4096);
        Option<double?> seconds = NumberOptions.Real("--seconds", "Seconds to measure, warm-up apart (default: 2)", 0, 3600, withoutLow: true);
        var device = new DeviceOptions();
        var command = new Command("step", "Time single steps of streams: the latency of serving") { cell, input, hidden, layers, streams, seconds };
        device.AddTo(command);
        command.SetAction((given, stop) =>
        {
            _ = Layouts.TryParseCell(given.GetValue(cell) ?? "lstm", out CellKind kind);
            int units = given.GetValue(hidden) ?? 256;
            var spec = new RnnSpec { Cell = kind, InputSize = given.GetValue(input) ?? units, HiddenSize = units, Layers = given.GetValue(layers) ?? 1 };

            // One stream makes small products: a second thread costs more in waiting than it saves.
            int count = given.GetValue(streams) ?? 1;
            DeviceChoice choice = Backends.Resolve(device.Read(given, threads: count == 1 ? 1 : null));
            using IBackend backend = Backends.Create(choice);
            BenchMachine machine = BenchMachine.Of(backend, choice);
            StepResult result = StepBench.Measure(backend, spec, count, given.GetValue(seconds) ?? 2, stop);
            context.Text.WriteLine($"{Layouts.Name(kind)} {spec.InputSize} -> {units}, layers {spec.Layers}, streams {count}; {machine.Description}");
            context.Text.WriteLine($"  step in a session    {result.Step}");
            context.Text.WriteLine($"  the backend's calls  {result.Calls}");
            context.Text.WriteLine($"  around them          p50 {result.Around,8:0.00} us");
            context.WriteResult(new JsonObject
            {
                ["cell"] = Layouts.Name(kind),
                ["input"] = spec.InputSize,
                ["hidden"] = units,
                ["layers"] = spec.Layers,
                ["streams"] = count,
                ["step"] = result.Step.ToJson(),
                ["calls"] = result.Calls.ToJson(),
                ["around_us"] = result.Around,
                ["machine"] = machine.ToJson(),
            });
            return Task.FromResult((int)ExitCode.Ok);
        });
        return command;
    }
}
