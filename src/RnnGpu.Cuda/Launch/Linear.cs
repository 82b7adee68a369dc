using RnnGpu.Cuda.Driver;
using RnnGpu.Cuda.Memory;
using RnnGpu.Cuda.Modules;

namespace RnnGpu.Cuda;

public sealed unsafe partial class CudaBackend
{
    /// <summary>Elements of a block of the linear kernels: twin of <c>linearElements</c> in <c>quad.cuh</c>.</summary>
    private const int LinearElements = 4 * DefaultThreads;

    private CudaBuffer? _scratch;

    /// <summary>Queues a linear kernel, four elements a thread; nothing for no elements.</summary>
    private void LaunchLinear<TParameters>(Kernel<TParameters> kernel, long count, in TParameters parameters)
        where TParameters : unmanaged
    {
        if (count > 0) { _queue.Launch(kernel, GridOf(Blocks(count, LinearElements)), new Dim3(DefaultThreads), 0, parameters); }
    }

    private static long Blocks(long count, long each) => (count + each - 1) / each;

    /// <summary>A grid of so many blocks in a row.</summary>
    /// <exception cref="ArgumentException">More than a grid holds.</exception>
    private static Dim3 GridOf(long blocks) => blocks <= int.MaxValue
        ? new Dim3((int)blocks)
        : throw new ArgumentException($"a tensor that takes {blocks:N0} blocks is too large for one launch");

    /// <summary>
    /// Memory for an operation's partial sums, good until the next operation that asks. It grows to the largest request and stays, so
    /// that training allocates nothing after the first step.
    /// </summary>
    /// <exception cref="InvalidOperationException">Work goes to a side stream, where this memory may be in use by another.</exception>
    private ulong Scratch(long bytes)
    {
        if (_queue.Current != 0) { throw new InvalidOperationException("this operation takes scratch memory of the main stream's: it can not go to a side stream"); }
        if (_scratch is null || _scratch.Bytes < bytes)
        {
            // Operations that are still queued use the old memory before anyone who gets it next: all stand on one stream.
            _scratch?.Dispose();
            _scratch = null;
            _scratch = (CudaBuffer)_arena.Allocate(Math.Max(bytes, 1 << 16));
        }

        return _scratch.Pointer;
    }

    /// <summary>Releases what operations hold on the device.</summary>
    private void ReleaseOperations()
    {
        _scratch?.Dispose();
        _squares.Dispose();
        _slots.Dispose();
    }
}
