using RnnGpu.Core;
using RnnGpu.Cpu.Simd;
using RnnGpu.Cpu.Threading;

namespace RnnGpu.Cpu;

/// <summary>Makes CPU backends.</summary>
public static class CpuBackend
{
    /// <summary>Environment variable that sets the number of threads when the caller does not.</summary>
    public const string ThreadsVariable = "RNNGPU_THREADS";

    /// <summary>Most threads a team may have.</summary>
    public const int MaxThreads = 256;

    /// <summary>A backend on this machine's cores.</summary>
    /// <param name="threads">Workers, the calling thread included; null: one a core, or what <see cref="ThreadsVariable"/> says.</param>
    /// <param name="path">SIMD path; null: the widest, or what <see cref="SimdPaths.Variable"/> says.</param>
    /// <param name="costs">What this machine's cores and caches do; null: as measured (<see cref="CpuFigures"/>), else <see cref="CpuCosts.Default"/>.</param>
    /// <param name="measured">What was measured of this machine; null: what the cache says, or nothing where costs are given.</param>
    /// <exception cref="ArgumentException">A thread count or path that this machine cannot have.</exception>
    public static IBackend Create(int? threads = null, SimdPath? path = null, CpuCosts? costs = null, MachineRecord? measured = null)
    {
        int workers = threads ?? ThreadsFromEnvironment();
        if (workers is < 1 or > MaxThreads)
        {
            throw new ArgumentException($"the CPU backend runs on 1 to {MaxThreads} threads, not {workers}");
        }

        SimdPath chosen = path ?? SimdPaths.Choose();
        if (!SimdPaths.IsSupported(chosen))
        {
            throw new ArgumentException($"this machine has no {chosen} instructions; choose a narrower SIMD path");
        }

        MachineLookup found = measured is not null ? new MachineLookup(measured, measured.Figures.Count > 0 ? "measured figures, as given" : "built-in figures, strategies as given")
            : costs is not null ? new MachineLookup(null, "figures as given")
            : CpuFigures.Load(chosen);
        CpuCosts known = costs ?? CpuFigures.Of(chosen, found.Record);
        var team = new WorkerTeam(workers);
        return chosen switch
        {
            SimdPath.Avx512 => new CpuBackend<Simd512>(team, chosen, known, found),
            SimdPath.Avx2 => new CpuBackend<Simd256>(team, chosen, known, found),
            SimdPath.V128 => new CpuBackend<Simd128>(team, chosen, known, found),
            _ => new CpuBackend<SimdScalar>(team, chosen, known, found),
        };
    }

    private static int ThreadsFromEnvironment()
    {
        string? text = Environment.GetEnvironmentVariable(ThreadsVariable);
        if (string.IsNullOrEmpty(text)) { return Math.Min(Environment.ProcessorCount, MaxThreads); }
        return int.TryParse(text, out int threads)
            ? threads
            : throw new ArgumentException($"{ThreadsVariable}={text} is not a number of threads");
    }
}
