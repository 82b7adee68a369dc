using System.CommandLine;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using RnnGpu.Core;
using RnnGpu.Cpu;
using RnnGpu.Cuda.Driver;
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
        using IBackend backend = Backends.Create(new DeviceChoice("cpu", Threads: null, ComputeMode.Fp32));
        long memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        var info = new JsonObject
        {
            ["version"] = Version,
            ["runtime"] = RuntimeInformation.FrameworkDescription,
            ["system"] = RuntimeInformation.OSDescription,
            ["architecture"] = RuntimeInformation.ProcessArchitecture.ToString(),
            ["cores"] = Environment.ProcessorCount,
            ["memory_bytes"] = memory,
            ["simd"] = SimdPaths.Choose().ToString(),
            ["simd_supported"] = new JsonArray([.. Enum.GetValues<SimdPath>().Where(SimdPaths.IsSupported).Select(path => (JsonNode)path.ToString())]),
            ["devices"] = new JsonArray([
                new JsonObject { ["name"] = backend.Name, ["description"] = backend.Description },
                .. DriverProbe.FindDriver().Devices.Select(gpu => new JsonObject { ["name"] = $"cuda:{gpu.Ordinal}", ["description"] = gpu.Refusal ?? gpu.ToString() }),
            ]),
        };
        context.WriteResult(info);
        var table = new Table().Border(TableBorder.None).HideHeaders().AddColumns("", "");
        foreach ((string name, JsonNode? value) in info) { table.AddRow(new Text(name), new Text(Words(value))); }
        if (!context.Json) { context.Console.Write(table); }
        return (int)ExitCode.Ok;
    }

    private static string Words(JsonNode? value) => value switch
    {
        JsonArray items => string.Join('\n', items.Select(Words)),
        JsonObject device => string.Join(": ", device.Select(property => Words(property.Value))),
        _ => value?.ToString() ?? "",
    };
}
