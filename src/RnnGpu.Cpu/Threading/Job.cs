namespace RnnGpu.Cpu.Threading;

/// <summary>Work that a <see cref="WorkerTeam"/> runs on all its workers at once. Made once and reused: running it allocates nothing.</summary>
internal abstract class Job
{
    /// <summary>This worker's share.</summary>
    /// <param name="worker">0 to team.Workers - 1; 0 is the calling thread.</param>
    /// <param name="team">For its barrier.</param>
    public abstract void Execute(int worker, WorkerTeam team);
}

/// <summary>A job over independent elements: each worker takes one run of them, cut at multiples of <see cref="Grain"/>.</summary>
internal abstract class RangeJob : Job
{
    private long _length;

    /// <summary>Least elements worth a thread of its own, and the unit at which ranges are cut.</summary>
    protected virtual long Grain => 4096;

    /// <summary>Elements <paramref name="start"/> to <paramref name="end"/> - 1.</summary>
    protected abstract void Run(long start, long end);

    /// <summary>Runs over 0..length-1, on the calling thread alone when that is not worth a team.</summary>
    public void Over(long length, WorkerTeam team)
    {
        if (length <= 0) { return; }
        if (team.Workers == 1 || length < 2 * Grain)
        {
            Run(0, length);
            return;
        }

        _length = length;
        team.Run(this);
    }

    /// <inheritdoc/>
    public sealed override void Execute(int worker, WorkerTeam team)
    {
        long units = (_length + Grain - 1) / Grain;
        long start = units * worker / team.Workers * Grain;
        long end = Math.Min(_length, units * (worker + 1) / team.Workers * Grain);
        if (start < end) { Run(start, end); }
    }
}
