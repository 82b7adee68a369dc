using System.Runtime.InteropServices;
using RnnGpu.Cuda.Driver;

namespace RnnGpu.Cuda.Blas;

/// <summary>What a search for cuBLASLt found.</summary>
/// <param name="Attempts">Every library tried, in order.</param>
/// <param name="Library">The library, or null.</param>
public sealed record CublasLtReport(IReadOnlyList<ProbeAttempt> Attempts, CublasLt? Library)
{
    /// <summary>Why there is none, in one line.</summary>
    public string WhyNot => Attempts.Count == 0
        ? "this system has none"
        : string.Join("; ", Attempts.Select(attempt => $"{attempt.Library}: {attempt.Outcome}"));
}

/// <summary>Finds cuBLASLt and says what it tried. Each library is loaded once a process.</summary>
public static class CublasLtProbe
{
    /// <summary>Environment variable with the path of the library to take instead of the usual ones.</summary>
    public const string Variable = "RNNGPU_CUBLASLT_LIBRARY";

    private static readonly Lock Gate = new();
    private static readonly Dictionary<(string Library, nint Handle), CublasLt> Loaded = [];

    /// <summary>Where this system keeps it, newest first.</summary>
    public static IReadOnlyList<string> Libraries
    {
        get
        {
            string? forced = Environment.GetEnvironmentVariable(Variable);
            if (!string.IsNullOrEmpty(forced)) { return [forced]; }
            if (OperatingSystem.IsWindows()) { return ["cublasLt64_13.dll", "cublasLt64_12.dll"]; }
            return OperatingSystem.IsLinux()
                ? ["libcublasLt.so.13", "libcublasLt.so.12", "/usr/local/cuda/lib64/libcublasLt.so.13", "/usr/local/cuda/lib64/libcublasLt.so.12", "libcublasLt.so"]
                : [];
        }
    }

    /// <summary>The library that goes with a driver: the emulator has one of its own, which computes on its memory.</summary>
    /// <param name="driver">The driver in use.</param>
    /// <param name="library">A library to take instead; null: the usual ones.</param>
    public static CublasLtReport Find(CudaDriver driver, string? library = null)
    {
        ArgumentNullException.ThrowIfNull(driver);
        var attempts = new List<ProbeAttempt>();
        lock (Gate)
        {
            if (library is null && driver.IsEmulator) { return new CublasLtReport(attempts, Open(driver.Library, driver.LibraryHandle, attempts)); }
            foreach (string name in library is null ? Libraries : [library])
            {
                if (Load(name, attempts) is { } handle && Open(name, handle, attempts) is { } found) { return new CublasLtReport(attempts, found); }
            }
        }

        return new CublasLtReport(attempts, null);
    }

    private static nint? Load(string name, List<ProbeAttempt> attempts)
    {
        if (Path.IsPathRooted(name) && !File.Exists(name))
        {
            attempts.Add(new ProbeAttempt(name, false, "no such file"));
            return null;
        }

        try
        {
            return NativeLibrary.Load(name);
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            attempts.Add(new ProbeAttempt(name, false, DriverProbe.WhyNotLoaded(e.Message)));
            return null;
        }
    }

    private static CublasLt? Open(string name, nint handle, List<ProbeAttempt> attempts)
    {
        try
        {
            if (!Loaded.TryGetValue((name, handle), out CublasLt? library))
            {
                library = new CublasLt(name, handle);
                Loaded.Add((name, handle), library);
            }

            attempts.Add(new ProbeAttempt(name, true, $"cuBLASLt {CublasLt.Text(library.Version)}"));
            return library;
        }
        catch (CudaException e)
        {
            attempts.Add(new ProbeAttempt(name, true, e.Message));
            return null;
        }
    }
}
