using System.Diagnostics;
using System.Runtime.InteropServices;
using RnnGpu.Cuda.Driver;
using RnnGpu.Tests.Contract;
using Xunit;

namespace RnnGpu.Tests.Cuda;

/// <summary>The emulator's library, built once for all tests from this clone's sources.</summary>
internal static partial class EmulatorBuild
{
    private static readonly Lock EnvironmentGate = new();
    private static readonly Lazy<string> Built = new(Build);
    private static readonly Lazy<string> BuiltRunner = new(static () => Run("--runner"));
    private static readonly Lazy<CudaDriver> Shared = new(Open);

    /// <summary>Path of the library: what <c>RNNGPU_EMULATOR</c> says, else built.</summary>
    public static string Path => Built.Value;

    /// <summary>Path of the program with the emulator's own tests, built.</summary>
    public static string Runner => BuiltRunner.Value;

    /// <summary>The emulator that tests share which break nothing.</summary>
    public static CudaDriver Driver => Shared.Value;

    /// <summary>
    /// Runs what makes an emulator read its environment. Settings go to the C library's environment, which the runtime's own never reaches.
    /// </summary>
    public static T WithSettings<T>(Func<T> open, params (string Name, string Value)[] settings)
    {
        lock (EnvironmentGate)
        {
            foreach ((string name, string value) in settings) { Assert.Equal(0, SetEnvironment(name, value, 1)); }
            try
            {
                return open();
            }
            finally
            {
                foreach ((string name, _) in settings) { _ = UnsetEnvironment(name); }
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnvironment(string name, string value, int overwrite);

    [LibraryImport("libc", EntryPoint = "unsetenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int UnsetEnvironment(string name);

    private static CudaDriver Open() => WithSettings(() => DriverProbe.Require(DriverProbe.Find([Path]), "the emulator that was just built does not load"));

    private static string Build()
    {
        string? given = Environment.GetEnvironmentVariable(EmulatorLibrary.Variable);
        if (!string.IsNullOrEmpty(given)) { return System.IO.Path.GetFullPath(given); }
        return Run();
    }

    private static string Run(params string[] arguments)
    {
        string script = System.IO.Path.Combine(Repository.Root, "tests", "cuda-emulator", "build.sh");
        using var build = Process.Start(new ProcessStartInfo("bash", [script, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
        Task<string> error = build.StandardError.ReadToEndAsync();
        string output = build.StandardOutput.ReadToEnd();
        build.WaitForExit();
        Assert.True(
            build.ExitCode == 0,
            $"{script} ended with {build.ExitCode}: {error.Result}{output}\nInstall g++, or set {EmulatorLibrary.Variable} to a built library.");
        return output.Trim().Split('\n')[^1];
    }
}
