using RnnGpu.Cli.Machine;
using RnnGpu.Core;
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
        if (backend is not CudaBackend cuda) { return new TuningResult(candidates, null, "nothing to choose between: on this device loops run one way"); }
        if (problem.Steps < 2) { return new TuningResult(candidates, null, "nothing to choose between: there is one step"); }
        candidates = Times(cuda, choice, problem, candidates, stop);
        Dictionary<string, string> winners = Winners(candidates, problem, cuda.Mode);
        MachineRecord record = MachineStore.With(cuda.Lookup.Record, cuda.Key, winners);
        if (cuda.Driver.IsEmulator) { return new TuningResult(candidates, record, "not kept: times of the emulator mean nothing"); }
        string? file = MachineStore.KeepChoices(cuda.Lookup, cuda.Key, winners);
        return new TuningResult(candidates, record, file is null ? $"not kept: {MachineCache.Variable} turns the cache off, or there is no folder for it" : $"kept in {file}");
    }

    /// <summary>The candidates, in their order, with times; each strategy has a backend of its own.</summary>
    private static LoopCandidate[] Times(CudaBackend known, DeviceChoice choice, RecurrentProblem problem, IReadOnlyList<LoopCandidate> candidates, CancellationToken stop)
    {
        LoopCandidate[] timed = [.. candidates];
        foreach (string strategy in candidates.Where(candidate => candidate.Eligible).Select(candidate => candidate.Strategy).Distinct())
        {
            CudaOptions options = new() { Strategy = Enum.Parse<CudaStrategy>(strategy, ignoreCase: true), Measured = known.Lookup.Record };
            using IBackend backend = CudaBackend.Create(choice.Device, choice.Mode, options);
            using var timer = new LoopTimer(backend, problem);
            for (int i = 0; i < timed.Length; i++)
            {
                if (timed[i].Strategy != strategy || !timed[i].Eligible) { continue; }
                timed[i] = timed[i] with { MeasuredSeconds = timer.Measure(timed[i].Pass == "backward", once: known.Driver.IsEmulator, stop) };
            }
        }

        return timed;
    }

    /// <summary>The fastest of each pass that can run in several ways.</summary>
    private static Dictionary<string, string> Winners(IReadOnlyList<LoopCandidate> candidates, RecurrentProblem problem, ComputeMode mode)
    {
        var winners = new Dictionary<string, string>();
        foreach (IGrouping<string, LoopCandidate> pass in candidates.GroupBy(candidate => candidate.Pass))
        {
            LoopCandidate[] timed = [.. pass.Where(candidate => double.IsFinite(candidate.MeasuredSeconds))];
            if (timed.Length > 1) { winners[CudaBackend.ChoiceKey(problem, mode, pass.Key == "backward")] = timed.MinBy(candidate => candidate.MeasuredSeconds)!.Strategy; }
        }

        return winners;
    }
}
