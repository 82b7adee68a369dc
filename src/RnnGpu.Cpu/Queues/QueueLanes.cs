using System.Runtime.ExceptionServices;
using RnnGpu.Cpu.Simd;
using RnnGpu.Cpu.Threading;

namespace RnnGpu.Cpu;

/// <summary>
/// The team in so many parts, a queue each. A part has a backend of its own: jobs and scratch memory of two operations that run at the same time
/// have nothing in common.
/// </summary>
internal sealed class QueueLanes<T> : Job, IDisposable
    where T : struct, ISimd<T>
{
    private readonly int _count;
    private readonly WorkerTeam[] _parts;
    private readonly CpuBackend<T>[] _backends;
    private readonly Exception?[] _failures;
    private CallList[] _lists = [];

    public QueueLanes(int count, WorkerTeam team, SimdPath path, CpuCosts costs)
    {
        _count = count;
        _parts = new WorkerTeam[count];
        _backends = new CpuBackend<T>[count];
        _failures = new Exception?[count];
        for (int lane = 0; lane < count; lane++)
        {
            _parts[lane] = WorkerTeam.Part(First(lane + 1, team) - First(lane, team));
            _backends[lane] = new CpuBackend<T>(_parts[lane], path, costs);
        }
    }

    /// <summary>Runs each list on its part.</summary>
    /// <exception cref="Exception">That of the first list that failed; the others ran.</exception>
    public void Run(CallList[] lists, WorkerTeam team)
    {
        _lists = lists;
        Array.Clear(_failures);
        foreach (WorkerTeam part in _parts) { part.Enlist(); }
        team.Run(this);
        foreach (Exception? failure in _failures)
        {
            if (failure is not null) { ExceptionDispatchInfo.Throw(failure); }
        }
    }

    /// <inheritdoc/>
    public override void Execute(int worker, WorkerTeam team)
    {
        int lane = 0;
        while (First(lane + 1, team) <= worker) { lane++; }
        WorkerTeam part = _parts[lane];
        if (worker > First(lane, team))
        {
            part.Serve(worker - First(lane, team));
            return;
        }

        try
        {
            _lists[lane].Run(_backends[lane]);
        }
        catch (Exception failure)
        {
            _failures[lane] = failure;
        }
        finally
        {
            part.Dismiss();
        }
    }

    public void Dispose()
    {
        foreach (CpuBackend<T> backend in _backends) { backend.Dispose(); }
    }

    private int First(int lane, WorkerTeam team) => team.Workers * lane / _count;
}
