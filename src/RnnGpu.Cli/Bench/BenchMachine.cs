using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using RnnGpu.Cli.Verbs;
using RnnGpu.Core;
using RnnGpu.Cuda;
using RnnGpu.Cuda.Driver;

namespace RnnGpu.Cli.Bench;

/// <summary>Where and with what something was measured.</summary>
internal sealed record BenchMachine
{
    private const string KernelModule = "/proc/driver/nvidia/version";

    /// <summary><c>cpu</c>, <c>cuda:0</c>, <c>emulator</c>.</summary>
    public required string Device { get; init; }

    /// <summary>Device in words, without its precision.</summary>
    public required string Description { get; init; }

    /// <summary>Driver, or empty.</summary>
    public required string Driver { get; init; }

    /// <summary>Threads of the CPU backend.</summary>
    public required int Threads { get; init; }

    /// <summary>Whether its times say nothing about a GPU.</summary>
    public bool IsEmulator => Device == "emulator";

    /// <summary>Commit that the program was built from, or "unknown".</summary>
    public static string Commit => InfoVerb.Version.Split('+') is [_, { Length: > 0 } commit] ? commit : "unknown";

    /// <summary>The processor's model, or its architecture where Linux does not tell.</summary>
    public static string Processor
    {
        get
        {
            try
            {
                string? line = File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal));
                if (line?.Split(':', 2) is [_, { Length: > 0 } name]) { return name.Trim(); }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // The architecture, then.
            }

            return RuntimeInformation.ProcessArchitecture.ToString();
        }
    }

    /// <summary>The machine of a backend.</summary>
    public static BenchMachine Of(IBackend backend, DeviceChoice choice) => new()
    {
        Device = backend.Name,
        Description = backend is CudaBackend cuda ? cuda.Device.ToString() : backend.Description,
        Driver = backend is CudaBackend gpu ? DriverName(gpu.Driver.IsEmulator) : "",
        Threads = choice.Threads ?? Environment.ProcessorCount,
    };

    /// <summary>For results.</summary>
    public JsonObject ToJson() => new()
    {
        ["device"] = Device,
        ["description"] = Description,
        ["driver"] = Driver,
        ["cores"] = Environment.ProcessorCount,
        ["threads"] = Threads,
        ["system"] = RuntimeInformation.OSDescription,
        ["runtime"] = RuntimeInformation.FrameworkDescription,
    };

    private static string DriverName(bool emulator)
    {
        ProbeReport report = emulator ? DriverProbe.FindEmulator() : DriverProbe.FindDriver();
        string cuda = $"CUDA {CudaVersion.Text(report.Version)}";
        if (emulator) { return $"emulator, {cuda}"; }
        try
        {
            return File.Exists(KernelModule) ? $"{cuda}; {File.ReadLines(KernelModule).First().Trim()}" : cuda;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            return cuda;
        }
    }
}
