using RnnGpu.Core;
using RnnGpu.Cuda.Driver;
using RnnGpu.Cuda.Handles;

namespace RnnGpu.Cuda.Memory;

/// <summary>
/// Device memory for tensors. Blocks come from the driver and are cut into ranges; a freed range joins its free neighbours and is
/// used again. That is safe without waiting, since everything that used the range was queued before everything that will.
/// <para>In exact mode every request is an allocation of its own with its own end, so that memory checkers, and the emulator's
/// canaries, see an overrun of any tensor.</para>
/// </summary>
internal sealed class DeviceArena(CudaContext context, string deviceName, bool exact) : IDisposable
{
    /// <summary>Every range starts at a multiple of this, as the driver's allocations do: enough for any vector, copy or matrix instruction.</summary>
    public const long Alignment = 256;

    // Requests from this size on get blocks of their own kind, so that small long-lived tensors don't split large blocks.
    private const long LargeBytes = 16L << 20;
    private const long SmallBlockBytes = 32L << 20;
    private const long LargeGranularity = 2L << 20;

    // Abandoned buffers come back from the finaliser's thread.
    private readonly Lock _gate = new();
    private readonly List<ArenaBlock> _blocks = [];

    public bool IsDisposed { get; private set; }

    /// <summary>Bytes taken from the driver.</summary>
    public long ReservedBytes { get; private set; }

    /// <summary>Bytes of them that no buffer uses.</summary>
    public long UnusedBytes
    {
        get
        {
            lock (_gate)
            {
                long bytes = 0;
                foreach (ArenaBlock block in _blocks) { bytes += block.FreeBytes; }
                return bytes;
            }
        }
    }

    /// <summary>A buffer; contents undefined.</summary>
    /// <exception cref="OutOfDeviceMemoryException">Not even after giving unused blocks back.</exception>
    public CudaBuffer Allocate(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        lock (_gate)
        {
            if (exact || bytes > long.MaxValue / 2)
            {
                ArenaBlock own = NewBlock(Math.Max(bytes, 1), bytes, large: true);
                return new CudaBuffer(this, own, own.Take(own.Bytes), bytes, own.Bytes);
            }

            long size = Math.Max(Alignment, RoundUp(bytes, Alignment));
            bool large = size >= LargeBytes;
            if (Best(size, large) is { } block) { return new CudaBuffer(this, block, block.Take(size), bytes, size); }
            ArenaBlock fresh = NewBlock(large ? RoundUp(size, LargeGranularity) : SmallBlockBytes, bytes, large, least: size);
            return new CudaBuffer(this, fresh, fresh.Take(size), bytes, size);
        }
    }

    /// <summary>Takes a range back.</summary>
    public void Return(ArenaBlock block, long offset, long size)
    {
        lock (_gate)
        {
            if (IsDisposed) { return; }
            if (exact) { Drop(block); }
            else { block.Return(offset, size); }
        }
    }

    /// <summary>Throws if giving memory back to the driver failed: on the emulator, where a tensor was overrun.</summary>
    public void ThrowUnreported() => context.ThrowUnreported();

    /// <summary>Gives blocks that nothing uses back to the driver.</summary>
    public void Trim()
    {
        lock (_gate)
        {
            for (int i = _blocks.Count - 1; i >= 0; i--)
            {
                if (_blocks[i].IsUnused) { Drop(_blocks[i]); }
            }
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            IsDisposed = true;
            foreach (ArenaBlock block in _blocks) { block.Memory.Dispose(); }
            _blocks.Clear();
            ReservedBytes = 0;
        }
    }

    private static long RoundUp(long bytes, long granularity) => (bytes + granularity - 1) / granularity * granularity;

    private void Drop(ArenaBlock block)
    {
        block.Memory.Dispose();
        ReservedBytes -= block.Bytes;
        _blocks.Remove(block);
    }

    private ArenaBlock? Best(long size, bool large)
    {
        ArenaBlock? best = null;
        long bestGap = long.MaxValue;
        foreach (ArenaBlock block in _blocks)
        {
            if (block.Large != large) { continue; }
            long gap = block.SmallestGap(size);
            if (gap >= bestGap) { continue; }
            best = block;
            bestGap = gap;
        }

        return best;
    }

    /// <param name="bytes">Wanted.</param>
    /// <param name="requested">What the user asked for, for the message.</param>
    /// <param name="large">Kind of block.</param>
    /// <param name="least">What will do where the device is nearly full; 0: nothing less.</param>
    private ArenaBlock NewBlock(long bytes, long requested, bool large, long least = 0)
    {
        using CudaContext.Scope scope = context.Enter();
        CudaResult status = DeviceMemoryHandle.TryAllocate(context.Handle, bytes, out DeviceMemoryHandle? memory);
        if (status == CudaResult.OutOfMemory)
        {
            Trim();
            status = DeviceMemoryHandle.TryAllocate(context.Handle, bytes, out memory);
            if (status == CudaResult.OutOfMemory && least is > 0 && least < bytes)
            {
                bytes = least;
                status = DeviceMemoryHandle.TryAllocate(context.Handle, bytes, out memory);
            }
        }

        if (memory is null) { throw Refusal(status, requested); }
        var block = new ArenaBlock(memory, bytes, large);
        _blocks.Add(block);
        ReservedBytes += bytes;
        return block;
    }

    private Exception Refusal(CudaResult status, long requested)
    {
        if (status != CudaResult.OutOfMemory) { return context.Driver.Failure(status, DriverEntry.cuMemAlloc_v2, $"{requested:N0} bytes"); }
        (long free, long total) = context.Driver.MemoryInfoOrZero();
        string device = total > 0 ? $"{deviceName} ({free:N0} of {total:N0} bytes free, {ReservedBytes:N0} held by this backend)" : deviceName;
        return new OutOfDeviceMemoryException(
            device, requested, context.Driver.Failure(status, DriverEntry.cuMemAlloc_v2, $"{requested:N0} bytes"));
    }
}
