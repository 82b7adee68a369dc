namespace RnnGpu.Cuda.Driver;

/// <summary>Where the emulator of the driver API is looked for.</summary>
public static class EmulatorLibrary
{
    /// <summary>Environment variable with the library's path.</summary>
    public const string Variable = "RNNGPU_EMULATOR";

    /// <summary>File name on this system.</summary>
    public static string FileName => OperatingSystem.IsWindows() ? "rnngpu-cuda-emulator.dll"
        : OperatingSystem.IsMacOS() ? "librnngpu-cuda-emulator.dylib" : "librnngpu-cuda-emulator.so";

    /// <summary>
    /// Paths in order: what <see cref="Variable"/> says and nothing else; else beside the program, then where a clone of the
    /// project that the program or the working directory lies in builds it.
    /// </summary>
    public static IReadOnlyList<string> Candidates()
    {
        string? given = Environment.GetEnvironmentVariable(Variable);
        if (!string.IsNullOrEmpty(given)) { return [Path.GetFullPath(given)]; }
        var paths = new List<string> { Path.Combine(AppContext.BaseDirectory, FileName) };
        foreach (string start in (ReadOnlySpan<string>)[AppContext.BaseDirectory, Environment.CurrentDirectory])
        {
            string? folder = start;
            while (folder is not null && !File.Exists(Path.Combine(folder, "RnnGpu.sln"))) { folder = Path.GetDirectoryName(folder); }
            if (folder is null) { continue; }
            string built = Path.Combine(folder, "tests", "cuda-emulator", "bin", FileName);
            if (!paths.Contains(built)) { paths.Add(built); }
        }

        return paths;
    }
}
