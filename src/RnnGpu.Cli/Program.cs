using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using RnnGpu.Cli.Verbs;
using RnnGpu.Tasks;
using RnnGpu.Tasks.Frame;

namespace RnnGpu.Cli;

/// <summary>The program <c>rnngpu</c>.</summary>
internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
        using var stop = new CancellationTokenSource();

        // The first signal asks the verb to save and end; a second one ends the process at once, as it would without us.
        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = !stop.IsCancellationRequested;
            stop.Cancel();
        }

        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        return await RunAsync(args, Console.Out, Console.Error, stop.Token);
    }

    /// <summary>Runs a command line and returns its exit code (<see cref="ExitCode"/>). Throws nothing.</summary>
    /// <param name="args">Words after the program's name.</param>
    /// <param name="output">Standard output.</param>
    /// <param name="error">Standard error: gets one line when the code is not 0.</param>
    /// <param name="stop">Asks the verb to end early, as Ctrl-C does.</param>
    public static Task<int> RunAsync(string[] args, TextWriter output, TextWriter error, CancellationToken stop = default) =>
        RunAsync(args, output, error, TaskList.All, stop);

    /// <summary>Runs a command line in which <c>train</c>, <c>eval</c> and <c>predict</c> know other tasks.</summary>
    internal static async Task<int> RunAsync(
        string[] args, TextWriter output, TextWriter error, IReadOnlyList<LearningTask> tasks, CancellationToken stop)
    {
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        bool json = args.Contains("--json", StringComparer.Ordinal);
        try
        {
            ParseResult parsed = CreateRoot(new CommandContext(output, error, json), tasks).Parse(args);
            if (parsed.Errors.Count > 0 && parsed.Action is ParseErrorAction or null) { throw WrongUsage(parsed); }

            return await parsed.InvokeAsync(
                new InvocationConfiguration { Output = output, Error = error, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null },
                stop);
        }
        catch (Exception exception)
        {
            Failure failure = Failure.Of(exception);
            Report(failure, json, output, error);
            if (Environment.GetEnvironmentVariable("RNNGPU_DEBUG") == "1") { await error.WriteLineAsync(exception.ToString()); }
            return (int)failure.Code;
        }
    }

    private static void Report(Failure failure, bool json, TextWriter output, TextWriter error)
    {
        try
        {
            error.WriteLine($"rnngpu: {failure.Message}");
            error.Flush();
            if (json)
            {
                CommandContext.WriteJson(output, new JsonObject { ["error"] = failure.Message, ["code"] = (int)failure.Code });
            }
        }
        catch (IOException)
        {
            // Nobody reads any more (a closed pipe); the exit code still tells.
        }
    }

    private static RootCommand CreateRoot(CommandContext context, IReadOnlyList<LearningTask> tasks)
    {
        var root = new RootCommand("RnnGpu trains and runs recurrent networks.")
        {
            new Option<bool>("--json") { Description = "Print one JSON object with every figure on standard output", Recursive = true },
            TrainVerb.Create(context, tasks),
            SampleVerb.Create(context),
            EvalVerb.Create(context, tasks),
            PredictVerb.Create(context, tasks),
            PlanVerb.Create(context),
            CalibrateVerb.Create(context),
            InfoVerb.Create(context),
            DoctorVerb.Create(context),
            SelftestVerb.Create(context),
            BenchVerb.Create(context),
        };
        foreach (Option option in root.Options)
        {
            if (option is HelpOption { Action: HelpAction help }) { option.Action = new HelpWithExitCodes(help); }
        }

        return root;
    }

    private static UsageException WrongUsage(ParseResult parsed)
    {
        string what = parsed.UnmatchedTokens.Count > 0
            ? $"unrecognized word '{parsed.UnmatchedTokens[0]}'"
            : parsed.Errors[0].SymbolResult is System.CommandLine.Parsing.CommandResult { Command.Subcommands.Count: > 0 }
                ? "no command is given"
                : parsed.Errors[0].Message;
        return new UsageException($"{what} (see {string.Join(' ', CommandPath(parsed))} --help)");
    }

    private static IEnumerable<string> CommandPath(ParseResult parsed)
    {
        var path = new Stack<string>();
        for (System.CommandLine.Parsing.SymbolResult? at = parsed.CommandResult; at is System.CommandLine.Parsing.CommandResult command; at = at.Parent)
        {
            path.Push(command.Command is RootCommand ? "rnngpu" : command.Command.Name);
        }

        return path;
    }

    /// <summary>The usual help, and below that of the program itself its exit codes.</summary>
    private sealed class HelpWithExitCodes(HelpAction help) : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            int code = help.Invoke(parseResult);
            if (parseResult.CommandResult.Command is not RootCommand) { return code; }
            TextWriter output = parseResult.InvocationConfiguration.Output;
            output.WriteLine("Exit codes:");
            foreach ((ExitCode exit, string meaning) in ExitCodes.All) { output.WriteLine($"  {(int)exit,3}  {meaning}"); }
            output.WriteLine();
            return code;
        }
    }
}
