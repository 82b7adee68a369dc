using RnnGpu.Cli.Training;

namespace RnnGpu.Cli.Bench;

/// <summary>Where the bench's own files and the peers' Python are.</summary>
internal static class Baselines
{
    /// <summary>Environment variable that names the Python to use.</summary>
    public const string PythonVariable = "RNNGPU_PYTHON";

    /// <summary>Pythons to try, in order.</summary>
    public static IReadOnlyList<string> Pythons =>
        Environment.GetEnvironmentVariable(PythonVariable) is { Length: > 0 } forced ? [forced] : ["python3", "/usr/bin/python3"];

    /// <summary>A script of <c>bench/baselines</c>: beside the program, as the GPU kit has it, or in the clone around; null where there is neither.</summary>
    public static string? Find(string script) => Find("baselines", script);

    /// <summary>A grid of <c>bench</c>, likewise.</summary>
    public static string? FindGrid(string grid) => Find("", grid);

    private static string? Find(string folder, string name)
    {
        string beside = Path.Combine(AppContext.BaseDirectory, folder, name);
        if (File.Exists(beside)) { return beside; }
        foreach (string start in new[] { Directory.GetCurrentDirectory(), AppContext.BaseDirectory })
        {
            if (ProjectSources.FindRoot(start) is { } root && Path.Combine(root, "bench", folder, name) is { } file && File.Exists(file)) { return file; }
        }

        return null;
    }
}
