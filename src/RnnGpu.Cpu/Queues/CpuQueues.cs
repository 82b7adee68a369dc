using RnnGpu.Cpu.Simd;
using RnnGpu.Cpu.Threading;

namespace RnnGpu.Cpu;

/// <summary>
/// A CPU backend's queues: the main one (0) and the sides. Between a fork and its join, calls gather here; they run when the first join, or a call
/// that cannot wait, asks for them. Queues that hold calls at one time are independent of each other: a fork or join that would put two of
/// them in an order runs everything first. So nothing ever waits for another queue, and there is no order in which they could block each other.
/// </summary>
internal sealed class CpuQueues<T>(CpuBackend<T> whole, WorkerTeam team, SimdPath path, CpuCosts costs) : IDisposable
    where T : struct, ISimd<T>
{
    private readonly CallList[] _lists = NewLists(team.Workers);
    private readonly CallList[] _busy = new CallList[team.Workers];
    private readonly QueueLanes<T>?[] _lanes = new QueueLanes<T>?[team.Workers + 1];
    private readonly int[] _back = new int[team.Workers];
    private int _forks;
    private int _current;

    /// <summary>Calls that have not run.</summary>
    public int Pending { get; private set; }

    /// <summary>Whether calls wait: inside a fork, or behind one on the main queue.</summary>
    public bool IsOpen => _forks > 0 || Pending > 0;

    public void Fork(int queue)
    {
        if (queue == _current || Array.IndexOf(_back, queue, 0, _forks) >= 0)
        {
            throw new InvalidOperationException($"work goes to side queue {queue - 1} already: return from it first");
        }

        if (_lists[_current].Count > 0) { Run(); }
        _back[_forks++] = _current;
        _current = queue;
    }

    public void Return()
    {
        if (_forks == 0) { throw new InvalidOperationException("work goes to no side queue"); }
        _current = _back[--_forks];
    }

    public void Join(int queue)
    {
        if (_lists[queue].Count > 0) { Run(); }
    }

    /// <summary>A place for a call on the present queue.</summary>
    public ref QueuedCall Next()
    {
        Pending++;
        return ref _lists[_current].Next();
    }

    /// <summary>Runs every call, one queue beside the other, each on its share of the workers.</summary>
    public void Run()
    {
        int count = 0;
        foreach (CallList list in _lists)
        {
            if (list.Count > 0) { _busy[count++] = list; }
        }

        (int forks, int current) = (_forks, _current);
        try
        {
            // What runs here is not to be kept again.
            (_forks, _current, Pending) = (0, 0, 0);
            if (count == 1) { _busy[0].Run(whole); }
            else { (_lanes[count] ??= new QueueLanes<T>(count, team, path, costs)).Run(_busy, team); }
        }
        finally
        {
            (_forks, _current) = (forks, current);
            for (int i = 0; i < count; i++) { _busy[i].Clear(); }
        }
    }

    public void Dispose()
    {
        foreach (QueueLanes<T>? lanes in _lanes) { lanes?.Dispose(); }
    }

    private static CallList[] NewLists(int count)
    {
        var lists = new CallList[count];
        for (int i = 0; i < count; i++) { lists[i] = new CallList(); }
        return lists;
    }
}
