using RnnGpu.Core;
using RnnGpu.Cpu.Recurrent;

namespace RnnGpu.Cpu;

internal sealed unsafe partial class CpuBackend<T>
{
    private static readonly (string Name, LoopShare Share)[] Shares = [("alone", LoopShare.Alone), ("by-rows", LoopShare.ByRows), ("by-units", LoopShare.ByUnits)];

    private readonly Dictionary<TunedLoop, LoopShare> _tuned = Tuned(found?.Record, team.Workers);

    /// <inheritdoc/>
    public string DescribeCosts => found?.Note ?? "";

    /// <inheritdoc/>
    public IReadOnlyList<LoopCandidate> RecurrentCandidates(RecurrentProblem problem)
    {
        if (_team.Workers == 1) { return []; }
        var candidates = new List<LoopCandidate>();
        foreach (bool backward in (ReadOnlySpan<bool>)(problem.Training ? [false, true] : [false]))
        {
            var loop = new TunedLoop(problem.Cell, problem.Hidden, problem.Batch, backward);
            bool timed = _tuned.TryGetValue(loop, out LoopShare chosen);
            if (!timed) { chosen = _loops.Choose(problem, _team.Workers); }
            foreach ((string name, LoopShare share) in Shares)
            {
                double seconds = _loops.LoopSeconds(problem, share, _team.Workers) / problem.Steps;
                candidates.Add(new LoopCandidate(backward ? "backward" : "forward", name, seconds, share == chosen, timed ? "by the times that `plan --tune` took" : "by the prediction")
                {
                    Problem = loop.Name(_team.Workers),
                });
            }
        }

        return candidates;
    }

    /// <summary>How the whole team shares out a loop: as was the fastest when all ways were timed, else as is predicted to be.</summary>
    private LoopShare ShareOf(in RecurrentChunk chunk, bool backward)
    {
        if (_tuned.Count > 0 && _tuned.TryGetValue(new TunedLoop(chunk.Cell, chunk.Hidden, chunk.Batch, backward), out LoopShare timed)) { return timed; }
        return _loops.Choose(new RecurrentProblem(chunk.Cell, chunk.Hidden, chunk.Batch, chunk.Steps, Training: false), _team.Workers);
    }

    /// <summary>What a record says of loops on so many threads; words that it does not know are left aside.</summary>
    private static Dictionary<TunedLoop, LoopShare> Tuned(MachineRecord? record, int workers)
    {
        var tuned = new Dictionary<TunedLoop, LoopShare>();
        foreach ((string problem, string strategy) in record?.Choices ?? new Dictionary<string, string>())
        {
            if (TunedLoop.Read(problem, workers) is not { } loop) { continue; }
            foreach ((string name, LoopShare share) in Shares)
            {
                if (name == strategy) { tuned[loop] = share; }
            }
        }

        return tuned;
    }
}

/// <summary>A loop as the cache of measured strategies names it: <c>lstm/512/16/2-threads/forward</c> (cell, H, B, threads, direction of the pass).</summary>
internal readonly record struct TunedLoop(CellKind Cell, int Hidden, int Batch, bool Backward)
{
    public string Name(int workers) => $"{Layouts.Name(Cell)}/{Hidden}/{Batch}/{workers}-threads/{(Backward ? "backward" : "forward")}";

    /// <summary>The loop of a name; null if it is of another number of threads, or no name at all.</summary>
    public static TunedLoop? Read(string name, int workers)
    {
        string[] parts = name.Split('/');
        if (parts.Length != 5 || !Layouts.TryParseCell(parts[0], out CellKind cell)) { return null; }
        _ = int.TryParse(parts[1], out int hidden);
        _ = int.TryParse(parts[2], out int batch);
        var loop = new TunedLoop(cell, hidden, batch, parts[4] == "backward");
        return hidden is > 0 and <= RnnSpec.MaxSize && batch is > 0 and <= RnnPlanOptions.MaxBatch && loop.Name(workers) == name ? loop : null;
    }
}
