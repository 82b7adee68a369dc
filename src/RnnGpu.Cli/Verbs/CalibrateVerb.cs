using System.CommandLine;
using System.Text.Json.Nodes;
using RnnGpu.Cli.Bench.Cpu;
using RnnGpu.Cli.Machine;
using RnnGpu.Core;
using Spectre.Console;

namespace RnnGpu.Cli.Verbs;

/// <summary><c>rnngpu calibrate</c>: measures the constants by which strategies are predicted and chosen, and keeps them for later runs.</summary>
internal static class CalibrateVerb
{
    // Processors that other programs may use while a CPU is measured.
    private const double Idle = 0.1;

    /// <summary>The verb.</summary>
    public static Command Create(CommandContext context)
    {
        var device = new DeviceOptions();
        var command = new Command("calibrate", $"Measure a device's memories, products and exchange, by which strategies are chosen; kept in a cache ({MachineCache.Variable})");
        device.AddTo(command, precision: false, threads: false);
        var keep = new Option<bool>("--keep") { Description = "Keep the figures of a CPU on which other programs ran meanwhile, too" };
        command.Add(keep);
        command.SetAction(given => Run(context, Backends.Resolve(device.Read(given)), given.GetValue(keep)));
        return command;
    }

    private static int Run(CommandContext context, DeviceChoice choice, bool keep)
    {
        MachineLoad before = Load();
        var calibration = Calibration.Run(choice);
        double others = choice.Device == "cpu" && !keep ? Load().Others(before) : 0;
        bool busy = others > Idle;
        string? file = null;
        string outcome;
        if (calibration.IsEmulator) { outcome = "not kept: times of the emulator mean nothing; this shows that the measurements run"; }
        else if (calibration.Figures.FirstOrDefault(figure => !figure.IsSane) is { } odd)
        {
            outcome = $"not kept: {odd.Range.Name} came out as {odd.Measured:G3}, which no machine has ({odd.Range.Least:G3} to {odd.Range.Most:G3}); is something else running? try again";
        }
        else if (busy)
        {
            outcome = $"not kept: other programs used {others:0.0} of {Environment.ProcessorCount} processors meanwhile, and strategies chosen by such figures suit no other time; "
                + "run it again when the machine is idle, or with --keep where it never is";
        }
        else
        {
            file = MachineStore.KeepFigures(calibration.Found, calibration.Key, calibration.Figures.ToDictionary(figure => figure.Range.Name, figure => figure.Measured));
            outcome = file is null ? $"not kept: {MachineCache.Variable} turns the cache off, or there is no folder for it" : $"kept in {file}";
        }

        context.WriteResult(new JsonObject
        {
            ["device"] = calibration.Device,
            ["description"] = calibration.Description,
            ["emulator"] = calibration.IsEmulator,
            ["file"] = file,
            ["outcome"] = outcome,
            ["figures"] = new JsonArray([.. calibration.Figures.Select(figure => new JsonObject
            {
                ["name"] = figure.Range.Name,
                ["measured"] = CommandContext.Figure(figure.Measured),
                ["built_in"] = figure.BuiltIn,
            })]),
        });
        if (!context.Json) { Write(context, calibration, outcome); }
        return (int)(calibration.IsEmulator || (calibration.IsSane && !busy) ? ExitCode.Ok : ExitCode.Device);
    }

    private static MachineLoad Load() => MachineLoad.Now(Environment.CpuUsage.TotalTime.TotalSeconds);

    private static void Write(CommandContext context, Calibration calibration, string outcome)
    {
        context.Text.WriteLine($"{calibration.Device}: {calibration.Description}");
        Table table = new Table().Border(TableBorder.None).AddColumn("").AddColumn(new TableColumn("measured").RightAligned())
            .AddColumn(new TableColumn("built in").RightAligned()).AddColumn(new TableColumn("ratio").RightAligned());
        foreach (CalibratedFigure figure in calibration.Figures)
        {
            table.AddRow(
                new Text(figure.Meaning), new Text(figure.Text(figure.Measured)), new Text(figure.Text(figure.BuiltIn)), new Text($"{figure.Measured / figure.BuiltIn:0.00}"));
        }

        context.Console.Write(table);
        context.Text.WriteLine(outcome);
    }
}
