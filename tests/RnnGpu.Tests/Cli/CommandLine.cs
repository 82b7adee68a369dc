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
}
