using System.CommandLine;
using RnnGpu.Cli.Bench;
using RnnGpu.Cli.Bench.Cpu;

namespace RnnGpu.Cli.Verbs;

/// <summary><c>rnngpu bench cpu</c>: the CPU backend beside ONNX Runtime and PyTorch, in turn in one run, and beside what the machine can do.</summary>
internal static class BenchCpuVerb
{
    /// <summary>The verb.</summary>
    public static Command Create(CommandContext context)
    {
        var options = new CpuBenchOptions();
        var command = new Command("cpu", "Check and time recurrent layers on the CPU beside ONNX Runtime and PyTorch (bench/cpu.sh installs them)");
        options.AddTo(command);
        command.SetAction((given, stop) => Task.FromResult(Run(context, options, given, stop)));
        return command;
    }

    private static int Run(CommandContext context, CpuBenchOptions options, ParseResult given, CancellationToken stop)
    {
        CpuBenchRequest request = options.Request(given);
        var files = new BenchFiles(given.GetValue(options.JsonFile), given.GetValue(options.Markdown), svg: null);
        files.Reserve();
        using var bench = new CpuBench(request, BenchVerb.CommandOf(given), Say, stop);
        CpuReport report = bench.Report;
        try
        {
            bench.Run(stop);
        }
        finally
        {
            bench.Finish();
            files.Write(report.ToJson, report.ToMarkdown);
            if (!context.Json) { context.Text.WriteLine("\n" + report.ToMarkdown()); }
        }

        context.WriteResult(report.ToJson());
        return (int)(report.Failures == 0 ? ExitCode.Ok : ExitCode.Device);

        void Say(string line)
        {
            context.Text.WriteLine(line);
            context.Text.Flush();
        }
    }
}
