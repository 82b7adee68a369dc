using System.Runtime.InteropServices;

namespace RnnGpu.Cuda.Driver;

/// <summary>One library that a probe tried.</summary>
/// <param name="Library">Name or path.</param>
/// <param name="Loaded">Whether the library is there and loads.</param>
/// <param name="Outcome">What came of it, in words.</param>
public sealed record ProbeAttempt(string Library, bool Loaded, string Outcome);

/// <summary>What a search for a driver found.</summary>
/// <param name="Attempts">Every library tried, in order.</param>
/// <param name="Driver">An initialised driver, or null.</param>
/// <param name="Version">CUDA version of that driver, 0 without one.</param>
/// <param name="Devices">Its devices.</param>
public sealed record ProbeReport(IReadOnlyList<ProbeAttempt> Attempts, CudaDriver? Driver, int Version, IReadOnlyList<DeviceInfo> Devices)
{
    /// <summary>The trace, a line an attempt.</summary>
    public override string ToString() => string.Join(Environment.NewLine, Attempts.Select(attempt => $"{attempt.Library}: {attempt.Outcome}"));
}

/// <summary>
/// Finds the NVIDIA driver, or the emulator, and says what it tried. Each library is loaded and initialised once a process.
/// </summary>
public static class DriverProbe
{
    /// <summary>Environment variable with the path of the driver library to take instead of the usual ones.</summary>
    public const string Variable = "RNNGPU_CUDA_DRIVER";

    private static readonly Lock Gate = new();
    private static readonly Dictionary<string, CudaDriver> Loaded = new(StringComparer.Ordinal);

    /// <summary>Where this system keeps its driver, most likely first.</summary>
    public static IReadOnlyList<string> DriverLibraries
    {
        get
        {
            string? forced = Environment.GetEnvironmentVariable(Variable);
            if (!string.IsNullOrEmpty(forced)) { return [forced]; }
            if (OperatingSystem.IsWindows()) { return ["nvcuda.dll"]; }
            return OperatingSystem.IsLinux() ? ["libcuda.so.1", "libcuda.so", "/usr/lib/wsl/lib/libcuda.so.1"] : [];
        }
    }

    /// <summary>Looks for the NVIDIA driver.</summary>
    public static ProbeReport FindDriver() => Find(DriverLibraries);

    /// <summary>Looks for the emulator.</summary>
    public static ProbeReport FindEmulator() => Find(EmulatorLibrary.Candidates());

    /// <summary>Tries libraries until one gives an initialised driver.</summary>
    public static ProbeReport Find(IReadOnlyList<string> libraries)
    {
        var attempts = new List<ProbeAttempt>();
        lock (Gate)
        {
            foreach (string library in libraries)
            {
                if (Try(library, attempts) is not { } driver) { continue; }
                try
                {
                    int version = driver.Version();
                    DeviceInfo[] devices = [.. Enumerable.Range(0, driver.DeviceCount()).Select(ordinal => DeviceInfo.Query(driver, ordinal))];
                    attempts.Add(new ProbeAttempt(
                        library, true, $"{(driver.IsEmulator ? "emulator of" : "driver of")} CUDA {CudaVersion.Text(version)}, {devices.Length} device{(devices.Length == 1 ? "" : "s")}"));
                    return new ProbeReport(attempts, driver, version, devices);
                }
                catch (CudaException e)
                {
                    attempts.Add(new ProbeAttempt(library, true, e.Message));
                }
            }
        }

        return new ProbeReport(attempts, null, 0, []);
    }

    /// <summary>The driver of a report.</summary>
    /// <param name="report">A finished search.</param>
    /// <param name="what">What was looked for, and what to do without it.</param>
    /// <exception cref="CudaDriverException">None was found; the message has the trace.</exception>
    public static CudaDriver Require(ProbeReport report, string what) => report.Driver ?? throw new CudaDriverException(
        $"{what}; tried {(report.Attempts.Count == 0 ? "nothing, since this system has no NVIDIA driver" : string.Join("; ", report.Attempts.Select(attempt => $"{attempt.Library}: {attempt.Outcome}")))}");

    private static CudaDriver? Try(string library, List<ProbeAttempt> attempts)
    {
        if (Loaded.TryGetValue(library, out CudaDriver? known)) { return known; }
        if (Path.IsPathRooted(library) && !File.Exists(library))
        {
            attempts.Add(new ProbeAttempt(library, false, "no such file"));
            return null;
        }

        bool loaded = false;
        try
        {
            nint handle = NativeLibrary.Load(library);
            loaded = true;
            var driver = new CudaDriver(library, handle);
            driver.Init();
            Loaded.Add(library, driver);
            return driver;
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException or CudaException)
        {
            attempts.Add(new ProbeAttempt(library, loaded, loaded ? e.Message : WhyNotLoaded(e.Message)));
            return null;
        }
    }

    /// <summary>The loader's own reason, without the runtime's advice around it.</summary>
    internal static string WhyNotLoaded(string message)
    {
        string[] lines = message.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        bool NotFound(string line) => line.Contains("No such file", StringComparison.OrdinalIgnoreCase);
        return lines.FirstOrDefault(line => line.Contains(": ", StringComparison.Ordinal) && line.StartsWith('/') && !NotFound(line))
            ?? (lines.Any(NotFound) || OperatingSystem.IsWindows() ? "not found" : lines[0]);
    }
}
