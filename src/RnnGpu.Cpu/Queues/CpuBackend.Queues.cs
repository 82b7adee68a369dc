using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using RnnGpu.Core;
using RnnGpu.Cpu.Threading;

namespace RnnGpu.Cpu;

internal sealed unsafe partial class CpuBackend<T>
{
    private CpuQueues<T>? _queues;

    /// <summary>Queues that run beside the main one: each has workers of the team to itself.</summary>
    public int SideQueues => _team.Workers - 1;

    /// <inheritdoc/>
    /// <remarks>
    /// From here to the join calls are kept, and run together: queues that no fork or join puts in an order, at the same time. A call that cannot
    /// be kept runs what is queued, then itself. Failures of kept calls surface where they run.
    /// </remarks>
    public void Fork(int side)
    {
        if ((uint)side >= (uint)SideQueues)
        {
            throw new ArgumentOutOfRangeException(nameof(side), side, $"a CPU backend of {_team.Workers} threads has {SideQueues} side queues");
        }

        _queues ??= new CpuQueues<T>(this, _team, path, costs);
        _queues.Fork(side + 1);
    }

    /// <inheritdoc/>
    public void Return()
    {
        if (_queues is null) { throw new InvalidOperationException("work goes to no side queue"); }
        _queues.Return();
    }

    /// <inheritdoc/>
    public void Join(int side) => _queues?.Join(side + 1);

    /// <summary>Whether calls that can be kept are kept at present.</summary>
    [MemberNotNullWhen(true, nameof(_queues))]
    private bool IsQueueing
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _queues is { IsOpen: true };
    }

    private ref QueuedCall NextCall() => ref _queues!.Next();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void RunQueued()
    {
        if (_queues is { Pending: > 0 }) { _queues.Run(); }
    }
}
