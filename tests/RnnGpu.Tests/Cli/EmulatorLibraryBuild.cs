using System.Diagnostics;
using RnnGpu.Cuda.Driver;
using RnnGpu.Tests.Contract;
using Xunit;

namespace RnnGpu.Tests.Cli;

/// <summary>The emulator of this clone, built once, where command lines with <c>--device emulator</c> find it.</summary>
internal static class EmulatorLibraryBuild
{
    private static readonly Lazy<Task> Built = new(BuildAsync);

    /// <summary>Ends when it is there; fails the test with the compiler's words.</summary>
    public static Task Done => Built.Value;

    private static async Task BuildAsync()
    {
        if (!string.IsNullOrEmpty(Environment.GetEnvironmentVariable(EmulatorLibrary.Variable))) { return; }
        string script = Path.Combine(Repository.Root, "tests", "cuda-emulator", "build.sh");
        using Process build = Process.Start(new ProcessStartInfo("bash", script) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
        Task<string> error = build.StandardError.ReadToEndAsync();
        string output = await build.StandardOutput.ReadToEndAsync();
        await build.WaitForExitAsync();
        Assert.True(build.ExitCode == 0, $"{script} ended with {build.ExitCode}: {await error}{output}");
    }
}
