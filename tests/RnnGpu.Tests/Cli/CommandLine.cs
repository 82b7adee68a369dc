using System.Text.Json;
using RnnGpu.Cli;

namespace RnnGpu.Tests.Cli;

/// <summary>Runs command lines in this process and keeps what they print.</summary>
internal sealed record CommandLine(int Code, string Output, string Error)
{
    public ExitCode Exit => (ExitCode)Code;

    /// <summary>The one JSON object on standard output.</summary>
    public JsonElement Json => JsonDocument.Parse(Output).RootElement;

    public static async Task<CommandLine> RunAsync(params string[] args) => await RunAsync(CancellationToken.None, args);

    public static async Task<CommandLine> RunAsync(CancellationToken stop, params string[] args)
    {
        using StringWriter output = new(), error = new();
        int code = await Program.RunAsync(args, output, error, stop);
        return new CommandLine(code, output.ToString(), error.ToString());
    }

    /// <summary>Runs and, as Ctrl-C would, stops it once it has printed a text so many times: at the same moment on every machine.</summary>
    public static async Task<CommandLine> RunUntilAsync(string printed, int times, params string[] args)
    {
        using var stop = new CancellationTokenSource();
        using StringWriter output = new StoppingWriter(printed, times, stop), error = new();
        int code = await Program.RunAsync(args, output, error, stop.Token);
        return new CommandLine(code, output.ToString(), error.ToString());
    }

    private sealed class StoppingWriter(string text, int times, CancellationTokenSource stop) : StringWriter
    {
        public override void Write(char[] buffer, int index, int count)
        {
            base.Write(buffer, index, count);
            Look();
        }

        public override void Write(string? value)
        {
            base.Write(value);
            Look();
        }

        public override void WriteLine(string? value)
        {
            base.WriteLine(value);
            Look();
        }

        private void Look()
        {
            if (!stop.IsCancellationRequested && ToString().Split(text).Length > times) { stop.Cancel(); }
        }
    }
}
