using RnnGpu.Cpu.Threading;

namespace RnnGpu.Cpu;

/// <summary>A range job whose grain its operation sets.</summary>
internal abstract class GrainedJob : RangeJob
{
    /// <summary>Elements of cheap work (a load, some arithmetic, a store) that pay for waking another thread.</summary>
    public const long WorthAThread = 16384;

    private long _grain = WorthAThread;

    /// <inheritdoc/>
    protected sealed override long Grain => _grain;

    /// <summary>Runs over elements of which <paramref name="cost"/> times as few are worth a thread.</summary>
    public void Over(long length, long cost, WorkerTeam team)
    {
        _grain = Math.Max(16, WorthAThread / cost / 16 * 16);
        Over(length, team);
    }

    /// <summary>Runs over rows of <paramref name="columns"/> elements each.</summary>
    public void OverRows(long rows, long columns, long cost, WorkerTeam team)
    {
        _grain = Math.Max(1, WorthAThread / cost / Math.Max(1, columns));
        Over(rows, team);
    }

    /// <summary>Runs all on the calling thread, in order.</summary>
    public void Alone(long length) => Run(0, length);

    /// <summary>Runs over columns of <paramref name="rows"/> elements each, cut at cache lines.</summary>
    public void OverColumns(long columns, long rows, WorkerTeam team)
    {
        _grain = columns * rows < 2 * WorthAThread ? columns : 16;
        Over(columns, team);
    }
}
