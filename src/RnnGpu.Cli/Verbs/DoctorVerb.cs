using System.CommandLine;
using System.Text.Json.Nodes;
using RnnGpu.Cpu;
using RnnGpu.Cuda;
using RnnGpu.Cuda.Blas;
using RnnGpu.Cuda.Driver;
using RnnGpu.Cuda.Modules;

namespace RnnGpu.Cli.Verbs;

/// <summary><c>rnngpu doctor</c>: what the program can compute on here, where it looked, and what to do about what is missing.</summary>
internal static class DoctorVerb
{
    /// <summary>The verb.</summary>
    public static Command Create(CommandContext context)
    {
        var command = new Command("doctor", "Look for GPUs, drivers and the emulator; say what is missing and what to do");
        command.SetAction(_ => Run(context));
        return command;
    }

    private static int Run(CommandContext context)
    {
        ProbeReport driver = DriverProbe.FindDriver(), emulator = DriverProbe.FindEmulator();
        CublasLtReport? library = driver.Driver is { } found ? CublasLtProbe.Find(found) : null;
        List<PtxImage> images = [.. PtxImage.FileNames.Select(PtxImage.Read)];
        List<string> advice = [.. Advice(driver, emulator, images)];
        context.WriteResult(ToJson(driver, emulator, library, images, advice));
        TextWriter text = context.Text;
        text.WriteLine($"rnngpu {InfoVerb.Version}");
        text.WriteLine($"CPU: {Simd()}, {Environment.ProcessorCount} cores");
        Write(text, "NVIDIA driver", driver);
        foreach (DeviceInfo device in driver.Devices) { text.WriteLine($"  cuda:{device.Ordinal}: {device.Refusal ?? device.ToString()}"); }
        text.WriteLine(images.Count == 0 ? "kernels: none are built in" : $"kernels: {Kernels(images)}");
        Write(text, library);
        Write(text, "emulator", emulator);
        text.WriteLine("calibration (by which strategies are chosen):");
        foreach ((string device, string note) in Calibrations(driver)) { text.WriteLine($"  {device}: {note}"); }
        text.WriteLine("devices: " + string.Join(", ", Devices(driver, emulator)));
        if (advice.Count > 0) { text.WriteLine("what to do:"); }
        foreach (string item in advice) { text.WriteLine($"  - {item}"); }
        return (int)ExitCode.Ok;
    }

    /// <summary>What to do, an item a line; nothing where all is well.</summary>
    public static IEnumerable<string> Advice(ProbeReport driver, ProbeReport emulator, IReadOnlyList<PtxImage> images)
    {
        if (driver.Driver is null)
        {
            yield return driver.Attempts.Any(attempt => attempt.Loaded)
                ? "the driver's library is there but does not work: follow what is said behind it above"
                : "to compute on a GPU, install the NVIDIA driver (no CUDA toolkit is needed); on a machine without one, use --device cpu";
        }
        else if (driver.Devices.Count == 0)
        {
            yield return $"the driver sees no GPU: {CudaStatus.Advice(CudaResult.NoDevice)}";
        }
        else if (driver.Devices.All(device => device.Refusal is not null))
        {
            yield return "no GPU here runs the kernels: use --device cpu";
        }

        int newest = images.Count == 0 ? 0 : images.Where(image => image.Architecture == "sm_80").Select(image => CudaVersion.OfPtxIsa(image.IsaVersion)).DefaultIfEmpty().Max();
        if (driver.Driver is not null && driver.Version < newest)
        {
            yield return $"the driver is of CUDA {CudaVersion.Text(driver.Version)}, the kernels need one of CUDA {CudaVersion.Text(newest)} or newer: update it";
        }

        if (images.Count == 0) { yield return "the kernels are missing: run kernels/build.sh and build again"; }
        if (emulator.Driver is null)
        {
            yield return $"to run the GPU's code on the CPU (--device emulator), build tests/cuda-emulator/build.sh in a clone, or set {EmulatorLibrary.Variable}";
        }
    }

    private static string Simd() =>
        $"{SimdPaths.Choose().ToString().ToLowerInvariant()} of {string.Join(", ", Enum.GetValues<SimdPath>().Where(SimdPaths.IsSupported).Select(path => path.ToString().ToLowerInvariant()))}";

    private static IEnumerable<string> Devices(ProbeReport driver, ProbeReport emulator)
    {
        yield return "cpu";
        foreach (DeviceInfo device in driver.Devices.Where(device => device.Refusal is null)) { yield return $"cuda:{device.Ordinal}"; }
        if (emulator.Driver is not null) { yield return "emulator"; }
    }

    /// <summary>What the cache holds of each device, in words.</summary>
    private static IEnumerable<(string Device, string Note)> Calibrations(ProbeReport driver)
    {
        yield return ("cpu", CpuFigures.Load(SimdPaths.Choose()).Note);
        foreach (DeviceInfo device in driver.Devices.Where(device => device.Refusal is null))
        {
            string name = $"cuda:{device.Ordinal}";
            yield return (name, GpuFigures.Load(GpuFigures.KeyOf(device, driver.Version), name).Note);
        }
    }

    private static string Kernels(List<PtxImage> images) => string.Join("; ", images
        .GroupBy(image => image.Architecture)
        .Select(group => $"{group.Sum(image => image.Kernels.Count)} in {group.Count()} modules for {group.Key} (driver of CUDA {CudaVersion.Text(group.Max(image => CudaVersion.OfPtxIsa(image.IsaVersion)))} or newer)"));

    private static void Write(TextWriter text, string what, ProbeReport report)
    {
        text.WriteLine($"{what}: {(report.Driver is { } found ? $"{found.Library}, CUDA {CudaVersion.Text(report.Version)}" : "not found")}");
        if (report.Attempts.Count == 0) { text.WriteLine("  this system has none"); }
        foreach (ProbeAttempt attempt in report.Attempts) { text.WriteLine($"  {attempt.Library}: {attempt.Outcome}"); }
    }

    private static void Write(TextWriter text, CublasLtReport? report)
    {
        text.WriteLine("cuBLASLt (large products; optional): " + (report is null ? "not looked for without a driver"
            : report.Library is { } library ? $"{library.Library}, {CublasLt.Text(library.Version)}"
            : "not found, own kernels are used"));
        foreach (ProbeAttempt attempt in report?.Attempts ?? []) { text.WriteLine($"  {attempt.Library}: {attempt.Outcome}"); }
        string? use = Environment.GetEnvironmentVariable(CudaOptions.CublasLtVariable);
        if (!string.IsNullOrEmpty(use)) { text.WriteLine($"  {CudaOptions.CublasLtVariable}={use}"); }
    }

    private static JsonObject? ToJson(CublasLtReport? report) => report is null ? null : new()
    {
        ["library"] = report.Library?.Library,
        ["version"] = report.Library is { } library ? CublasLt.Text(library.Version) : null,
        ["use"] = Environment.GetEnvironmentVariable(CudaOptions.CublasLtVariable),
        ["tried"] = new JsonArray([.. report.Attempts.Select(attempt => new JsonObject { ["library"] = attempt.Library, ["outcome"] = attempt.Outcome })]),
    };

    private static JsonObject ToJson(ProbeReport driver, ProbeReport emulator, CublasLtReport? library, List<PtxImage> images, List<string> advice) => new()
    {
        ["version"] = InfoVerb.Version,
        ["simd"] = SimdPaths.Choose().ToString(),
        ["driver"] = ToJson(driver),
        ["emulator"] = ToJson(emulator),
        ["cublaslt"] = ToJson(library),
        ["kernels"] = new JsonArray([.. images.Select(image => new JsonObject
        {
            ["module"] = image.Module,
            ["architecture"] = image.Architecture,
            ["ptx"] = image.IsaVersion / 10.0,
            ["kernels"] = image.Kernels.Count,
        })]),
        ["calibration"] = new JsonObject(Calibrations(driver).Select(found => KeyValuePair.Create<string, JsonNode?>(found.Device, found.Note))),
        ["devices"] = new JsonArray([.. Devices(driver, emulator).Select(name => (JsonNode)name)]),
        ["advice"] = new JsonArray([.. advice.Select(item => (JsonNode)item)]),
    };

    private static JsonObject ToJson(ProbeReport report) => new()
    {
        ["library"] = report.Driver?.Library,
        ["cuda"] = report.Driver is null ? null : CudaVersion.Text(report.Version),
        ["tried"] = new JsonArray([.. report.Attempts.Select(attempt => new JsonObject { ["library"] = attempt.Library, ["outcome"] = attempt.Outcome })]),
        ["devices"] = new JsonArray([.. report.Devices.Select(device => new JsonObject
        {
            ["name"] = device.Name,
            ["compute_capability"] = device.Capability / 10.0,
            ["multiprocessors"] = device.Multiprocessors,
            ["memory_bytes"] = device.MemoryBytes,
            ["refusal"] = device.Refusal,
        })]),
    };
}
