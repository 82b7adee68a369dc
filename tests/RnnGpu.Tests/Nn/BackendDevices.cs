using System.Diagnostics;
using RnnGpu.Core;
using RnnGpu.Cpu;
using RnnGpu.Cuda;
using RnnGpu.Cuda.Driver;
using RnnGpu.Nn;
using RnnGpu.Tests.Contract;
using Xunit;

namespace RnnGpu.Tests.Nn;

/// <summary>Every backend that this machine runs, for tests of layers: the CPU's SIMD paths, and the emulator of the CUDA driver.</summary>
public static class BackendDevices
{
    private const string Emulator = "emulator";
    private static readonly Lazy<string> EmulatorPath = new(BuildEmulator);

    /// <summary>Names, for <c>[MemberData]</c>.</summary>
    public static TheoryData<string> Names
    {
        get
        {
            var names = new TheoryData<string> { Emulator };
            foreach (SimdPath path in Enum.GetValues<SimdPath>())
            {
                if (SimdPaths.IsSupported(path)) { names.Add($"{path}"); }
            }

            return names;
        }
    }

    /// <summary>A fresh device with the seed 7.</summary>
    public static Device Create(string name)
    {
        IBackend backend = name == Emulator
            ? CudaBackend.Create(DriverProbe.Require(DriverProbe.Find([EmulatorPath.Value]), "the emulator that was just built does not load"), 0)
            : CpuBackend.Create(threads: 1, Enum.Parse<SimdPath>(name));
        return new Device(backend, seed: 7);
    }

    private static string BuildEmulator()
    {
        string? given = Environment.GetEnvironmentVariable(EmulatorLibrary.Variable);
        if (!string.IsNullOrEmpty(given)) { return Path.GetFullPath(given); }
        string script = Path.Combine(Repository.Root, "tests", "cuda-emulator", "build.sh");
        using var build = Process.Start(new ProcessStartInfo("bash", script) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
        Task<string> error = build.StandardError.ReadToEndAsync();
        string output = build.StandardOutput.ReadToEnd();
        build.WaitForExit();
        Assert.True(build.ExitCode == 0, $"{script} ended with {build.ExitCode}: {error.Result}{output}\nInstall g++, or set {EmulatorLibrary.Variable} to a built library.");
        return output.Trim().Split('\n')[^1];
    }
}
