using RnnGpu.Cli.Machine;
using RnnGpu.Core;
using RnnGpu.Cpu;
using RnnGpu.Cuda;

namespace RnnGpu.Cli.Tuning;

/// <summary>What came of timing the strategies of a problem.</summary>
/// <param name="Candidates">Every way to run its loops, in the order of <see cref="IBackend.RecurrentCandidates"/>, with measured times.</param>
/// <param name="Record">The device's record with the winners.</param>
/// <param name="Outcome">One line: where the winners are kept, or why they are not.</param>
internal sealed record TuningResult(IReadOnlyList<LoopCandidate> Candidates, MachineRecord? Record, string Outcome);

/// <summary><c>plan --tune</c>: times the strategies by which a problem's loops can run on a device, and remembers the fastest.</summary>
internal static class LoopTuning
{
    /// <summary>Times.</summary>
    /// <param name="choice">Where; a device by name, not "auto", and no strategy.</param>
    /// <param name="problem">The loop of one chunk.</param>
    /// <param name="stop">Ends it between runs.</param>
    public static TuningResult Run(DeviceChoice choice, RecurrentProblem problem, CancellationToken stop)
    {
        using IBackend backend = Backends.Create(choice);
        IReadOnlyList<LoopCandidate> candidates = backend.RecurrentCandidates(problem);
        if (candidates.Count(candidate => candidate.Eligible && candidate.Pass == "forward") < 2) { return new TuningResult(candidates, null, "nothing to choose between: the loop can run one way only"); }
        if (problem.Steps < 2) { return new TuningResult(candidates, null, "nothing to choose between: there is one step"); }
        (MachineKey key, MachineLookup found) = backend is CudaBackend cuda
            ? (cuda.Key, cuda.Lookup)
            : (CpuFigures.KeyOf(SimdPaths.Choose()), CpuFigures.Load(SimdPaths.Choose()));
        bool dry = backend is CudaBackend { Driver.IsEmulator: true };
        LoopCandidate[] timed = Times(key, found, choice, problem, candidates, dry, stop);
        Dictionary<string, string> winners = Winners(timed);
        MachineRecord record = MachineStore.With(found.Record, key, winners);
        if (dry) { return new TuningResult(timed, record, "not kept: times of the emulator mean nothing"); }
        string? file = MachineStore.KeepChoices(found, key, winners);
        return new TuningResult(timed, record, file is null ? $"not kept: {MachineCache.Variable} turns the cache off, or there is no folder for it" : $"kept in {file}");
    }

    /// <summary>The candidates, in their order, with times; each strategy has a backend of its own, which takes it since the record names it as the fastest.</summary>
    private static LoopCandidate[] Times(
        MachineKey key, MachineLookup found, DeviceChoice choice, RecurrentProblem problem, IReadOnlyList<LoopCandidate> candidates, bool dry, CancellationToken stop)
    {
        LoopCandidate[] timed = [.. candidates];
        foreach (string strategy in candidates.Where(candidate => candidate.Eligible).Select(candidate => candidate.Strategy).Distinct())
        {
            Dictionary<string, string> forced = candidates.Where(candidate => candidate.Strategy == strategy).ToDictionary(candidate => candidate.Problem, _ => strategy);
            using IBackend backend = Backends.Create(choice with { Strategy = choice.Device == "cpu" ? null : CudaStrategy.Auto }, MachineStore.With(found.Record, key, forced));
            using var timer = new LoopTimer(backend, problem);
            for (int i = 0; i < timed.Length; i++)
            {
                if (timed[i].Strategy != strategy || !timed[i].Eligible) { continue; }
                timed[i] = timed[i] with { MeasuredSeconds = timer.Measure(timed[i].Pass == "backward", once: dry, stop) };
            }
        }

        return timed;
    }

    /// <summary>The fastest of each pass that can run in several ways.</summary>
    private static Dictionary<string, string> Winners(IReadOnlyList<LoopCandidate> candidates)
    {
        var winners = new Dictionary<string, string>();
        foreach (IGrouping<string, LoopCandidate> pass in candidates.GroupBy(candidate => candidate.Problem))
        {
            LoopCandidate[] timed = [.. pass.Where(candidate => double.IsFinite(candidate.MeasuredSeconds))];
            if (timed.Length > 1) { winners[pass.Key] = timed.MinBy(candidate => candidate.MeasuredSeconds)!.Strategy; }
        }

        return winners;
    }
}
