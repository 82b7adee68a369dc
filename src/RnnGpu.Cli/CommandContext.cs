using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Spectre.Console;

namespace RnnGpu.Cli;

/// <summary>
/// Where a verb writes. With <c>--json</c> standard output gets exactly one JSON object, and everything for people goes to
/// standard error.
/// </summary>
internal sealed class CommandContext
{
    private static readonly JsonSerializerOptions JsonFormat = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly TextWriter _out;

    /// <summary>For one run of a verb.</summary>
    public CommandContext(TextWriter output, TextWriter error, bool json)
    {
        _out = output;
        Error = error;
        Json = json;
        bool console = ReferenceEquals(output, System.Console.Out) && ReferenceEquals(error, System.Console.Error);
        Interactive = console && !(json ? System.Console.IsErrorRedirected : System.Console.IsOutputRedirected);
        Text = json ? error : output;
        Console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(Text),
            Ansi = Interactive ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = Interactive ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = Interactive ? InteractionSupport.Detect : InteractionSupport.No,
        });
        if (!Interactive) { Console.Profile.Width = 100; }
    }

    /// <summary>Whether a JSON object is wanted.</summary>
    public bool Json { get; }

    /// <summary>Whether a person watches: bars that redraw themselves make sense.</summary>
    public bool Interactive { get; }

    /// <summary>Errors and notes, one line each.</summary>
    public TextWriter Error { get; }

    /// <summary>Plain text for people.</summary>
    public TextWriter Text { get; }

    /// <summary>Formatted text for people, to the same place.</summary>
    public IAnsiConsole Console { get; }

    /// <summary>The verb's result: printed with <c>--json</c>, else nothing.</summary>
    public void WriteResult(JsonObject result)
    {
        if (Json) { WriteJson(_out, result); }
    }

    /// <summary>Prints a JSON object on one line.</summary>
    public static void WriteJson(TextWriter writer, JsonObject value)
    {
        writer.WriteLine(value.ToJsonString(JsonFormat));
        writer.Flush();
    }

    /// <summary>A figure for JSON, which has no NaN and no infinity: null for those.</summary>
    public static JsonNode? Figure(double value) => double.IsFinite(value) ? JsonValue.Create(value) : null;
}
