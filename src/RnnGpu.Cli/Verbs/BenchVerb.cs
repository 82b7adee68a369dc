using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using RnnGpu.Cli.Bench;
using RnnGpu.Core;

namespace RnnGpu.Cli.Verbs;

/// <summary><c>rnngpu bench kernels</c>: how fast the forms of the recurrence are, beside the limit and beside PyTorch.</summary>
internal static class BenchVerb
{
    /// <summary>The verb.</summary>
    public static Command Create(CommandContext context)
    {
        var options = new BenchOptions();
        var kernels = new Command(
            "kernels", "Check and time the forms of a recurrence: " + string.Join("; ", BenchStrategy.All.Select(strategy => $"{strategy.Name} ({strategy.Description})")));
        options.AddTo(kernels);
        kernels.SetAction((given, stop) => Task.FromResult(Run(context, options, given, stop)));
        return new Command("bench", "Measure speed") { kernels, BenchCpuVerb.Create(context), BenchStepVerb.Create(context) };
    }

    private static int Run(CommandContext context, BenchOptions options, ParseResult given, CancellationToken stop)
    {
        DeviceChoice choice = Backends.Resolve(options.Device.Read(given));
        BenchRequest request = options.Request(given, onCpu: choice.Device == "cpu");
        var files = new BenchFiles(given.GetValue(options.JsonFile), given.GetValue(options.Markdown), given.GetValue(options.Svg));
        string? peer = given.GetValue(options.Peer);
        PeerResults? known = peer is null or BenchOptions.Torch ? null : PeerResults.Read(peer);
        TorchPeer? torch = peer == BenchOptions.Torch ? TorchPeer.Find() : null;
        files.Reserve();

        BenchReport? report = null;
        using var bench = new KernelBench(request, choice, result =>
        {
            report!.Add(result);
            context.Text.WriteLine(BenchReport.Line(result));
            context.Text.Flush();
        });
        report = new BenchReport(bench.Machine, bench.LimitName, CommandOf(given), DateTimeOffset.UtcNow) { Peer = known };
        context.Text.WriteLine($"{bench.Machine.Device}: {bench.Machine.Description}; limit: {bench.LimitName}");
        if (bench.Machine.IsEmulator) { context.Text.WriteLine("times of the emulator say nothing about a GPU"); }
        try
        {
            bench.Run(stop);
            if (torch is not null)
            {
                context.Text.WriteLine("PyTorch on the same rows");
                report.Peer = torch.Measure(request.Rows, bench.Machine, request.Effort, stop);
            }

            report.Complete = true;
        }
        finally
        {
            files.Write(report.ToJson, report.ToMarkdown, () => BenchSvg.Draw(report, string.Create(CultureInfo.InvariantCulture, $"rnngpu bench kernels, {BenchMachine.Commit[..Math.Min(8, BenchMachine.Commit.Length)]}")));
        }

        context.WriteResult(report.ToJson());
        if (!context.Json) { Summarise(context, report, files); }
        return (int)(report.Failures == 0 ? ExitCode.Ok : ExitCode.Device);
    }

    /// <summary>The command line as a table shows it: of files elsewhere, the names alone.</summary>
    public static string CommandOf(ParseResult given) =>
        "rnngpu " + string.Join(' ', given.Tokens.Select(token => Path.IsPathRooted(token.Value) ? Path.GetFileName(token.Value) : token.Value));

    private static void Summarise(CommandContext context, BenchReport report, BenchFiles files)
    {
        foreach (BenchResult result in report.Results)
        {
            double ratio = report.Ratio(result);
            if (!double.IsFinite(ratio)) { continue; }
            context.Text.WriteLine($"  {result.Row.Name,-4} {BenchNames.Of(result.Mode)} {BenchNames.Of(result.Training),-9} {result.Strategy,-17} {ratio,8:0.00} times as fast as {report.Peer!.Name}");
        }

        if (report.Failures > 0) { context.Text.WriteLine($"{report.Failures} of {report.Results.Count} measurements failed: their forms are not to be trusted on this device"); }
        foreach (string file in files.Named) { context.Text.WriteLine($"written: {file}"); }
    }
}

/// <summary>The files that results go to.</summary>
internal sealed class BenchFiles(string? json, string? markdown, string? svg)
{
    /// <summary>Those that are wanted.</summary>
    public IEnumerable<string> Named => new[] { json, markdown, svg }.OfType<string>();

    /// <summary>Makes sure, before anything is measured, that they can be written.</summary>
    /// <exception cref="IOException">One can't.</exception>
    public void Reserve()
    {
        foreach (string path in Named)
        {
            if (path.Length == 0) { throw new UsageException("a results file needs a name"); }
            if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder) { Directory.CreateDirectory(folder); }
            File.Open(path, FileMode.OpenOrCreate, FileAccess.Write).Dispose();
        }
    }

    /// <summary>Writes what there is, in the forms that are wanted.</summary>
    public void Write(Func<JsonObject> toJson, Func<string> toMarkdown, Func<string>? toSvg = null)
    {
        if (json is not null)
        {
            using var writer = new StreamWriter(json);
            CommandContext.WriteJson(writer, toJson());
        }

        if (markdown is not null) { File.WriteAllText(markdown, toMarkdown()); }
        if (svg is not null && toSvg is not null) { File.WriteAllText(svg, toSvg()); }
    }
}
