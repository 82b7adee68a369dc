using System.CommandLine;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Spectre.Console;

namespace RnnGpu.Cli.Verbs;

/// <summary><c>rnngpu info</c>: the machine as the program sees it.</summary>
internal static class InfoVerb
{
    /// <summary>The verb.</summary>
    public static Command Create(CommandContext context)
    {
        var command = new Command("info", "Show version, machine, instruction set, memory and devices");
        command.SetAction(_ => Run(context));
        return command;
    }

    /// <summary>Version of the program, with the commit it was built from where the build knew it.</summary>
    public static string Version =>
        typeof(InfoVerb).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    private static int Run(CommandContext context)
    {
        long memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        var info = new JsonObject
        {
            ["version"] = Version,
            ["runtime"] = RuntimeInformation.FrameworkDescription,
            ["system"] = RuntimeInformation.OSDescription,
            ["architecture"] = RuntimeInformation.ProcessArchitecture.ToString(),
            ["cores"] = Environment.ProcessorCount,
            ["memory_bytes"] = memory,
        };
        context.WriteResult(info);
        var table = new Table().Border(TableBorder.None).HideHeaders().AddColumns("", "");
        foreach ((string name, JsonNode? value) in info) { table.AddRow(new Text(name), new Text(value?.ToString() ?? "")); }
        if (!context.Json) { context.Console.Write(table); }
        return (int)ExitCode.Ok;
    }
}
