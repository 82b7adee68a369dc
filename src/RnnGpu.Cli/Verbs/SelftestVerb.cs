using System.CommandLine;
using System.Diagnostics;
using System.Text.Json.Nodes;
using RnnGpu.Cli.SelfTest;
using RnnGpu.Core;
using RnnGpu.Cuda.Driver;

namespace RnnGpu.Cli.Verbs;

/// <summary><c>rnngpu selftest</c>: whether a device computes what float64 on the host does.</summary>
internal static class SelftestVerb
{
    /// <summary>The verb.</summary>
    public static Command Create(CommandContext context)
    {
        var only = new Option<string?>("--only") { Description = "Only checks whose names hold this text, such as lstm (default: every check)", HelpName = "TEXT" };
        var device = new DeviceOptions();
        var command = new Command("selftest", "Check a device's operations against float64 on the host") { only };
        device.AddTo(command);
        command.SetAction((given, stop) => Task.FromResult(Run(context, device.Read(given), Chosen(given.GetValue(only)), stop)));
        return command;
    }

    private static SelfCheck[] Chosen(string? part)
    {
        SelfCheck[] checks = [.. SelfChecks.All.Where(check => part is null || check.Name.Contains(part, StringComparison.OrdinalIgnoreCase))];
        return checks.Length > 0 ? checks : throw new UsageException($"--only: no check's name holds '{part}'; there are {string.Join(", ", SelfChecks.All.Select(check => check.Name))}");
    }

    private static int Run(CommandContext context, DeviceChoice choice, SelfCheck[] checks, CancellationToken stop)
    {
        using IBackend backend = Backends.Create(choice);
        context.Text.WriteLine($"{backend.Name}: {backend.Description}");
        List<Outcome> outcomes = [.. checks.Select(check =>
        {
            stop.ThrowIfCancellationRequested();
            Outcome outcome = Try(check, backend, choice.Mode);
            context.Text.WriteLine($"  {(outcome.Passed ? "ok    " : "FAILED")} {outcome.Name,-28} {outcome.Numbers,10:N0} numbers  {outcome.Seconds,6:0.00} s  {outcome.Words}");
            return outcome;
        })];
        int failed = outcomes.Count(outcome => !outcome.Passed);
        context.Text.WriteLine(failed == 0
            ? $"{outcomes.Count} checks passed on {backend.Name}"
            : $"{failed} of {outcomes.Count} checks failed on {backend.Name}: its results are not to be trusted; report this with what `rnngpu doctor` prints");
        context.WriteResult(new JsonObject
        {
            ["device"] = backend.Name,
            ["description"] = backend.Description,
            ["precision"] = DeviceOptions.NameOf(choice.Mode),
            ["passed"] = outcomes.Count - failed,
            ["failed"] = failed,
            ["checks"] = new JsonArray([.. outcomes.Select(outcome => new JsonObject
            {
                ["name"] = outcome.Name,
                ["passed"] = outcome.Passed,
                ["numbers"] = outcome.Numbers,
                ["worst"] = CommandContext.Figure(outcome.Worst),
                ["seconds"] = outcome.Seconds,
                ["error"] = outcome.Error,
            })]),
        });
        return (int)(failed == 0 ? ExitCode.Ok : ExitCode.Device);
    }

    private static Outcome Try(SelfCheck check, IBackend backend, ComputeMode mode)
    {
        var clock = Stopwatch.StartNew();
        var bench = new CheckBench(backend, mode);
        string? error = null;
        try
        {
            using (bench) { check.Run(bench); }
        }
        catch (Exception e) when (e is CudaException or OutOfDeviceMemoryException or ArgumentException or NotSupportedException)
        {
            error = e.Message;
        }

        return new Outcome(check.Name, error is null && bench.Worst <= 1, bench.Compared, bench.Worst, clock.Elapsed.TotalSeconds, error);
    }

    /// <param name="Worst">Largest error as a multiple of its tolerance.</param>
    private sealed record Outcome(string Name, bool Passed, long Numbers, double Worst, double Seconds, string? Error)
    {
        public string Words => Error ?? (Passed ? $"largest error {Worst:0.000} of what is allowed" : $"an error is {Worst:0.0} times what is allowed");
    }
}
