using RnnGpu.Core;
using RnnGpu.Cpu;

namespace RnnGpu.Cli;

/// <summary>Makes the backend that the command line asks for: the only place that knows them all.</summary>
internal static class Backends
{
    /// <summary>A backend.</summary>
    /// <param name="device">Name as of <c>--device</c>; null: the default.</param>
    /// <param name="threads">Threads of the CPU backend; null: one a core.</param>
    /// <exception cref="UsageException">Environment variables that this machine cannot follow.</exception>
    public static IBackend Create(string? device, int? threads)
    {
        if (device is not null and not "cpu") { throw new UsageException($"--device: there is no device '{device}'; use cpu"); }
        try
        {
            return CpuBackend.Create(threads);
        }
        catch (ArgumentException e)
        {
            throw new UsageException(e.Message);
        }
    }
}
