using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>A leased block of device memory, shared by the tensors that view it.</summary>
internal sealed class Storage(IDeviceBuffer buffer, long bytes)
{
    public IDeviceBuffer Buffer { get; } = buffer;

    public long Bytes { get; } = bytes;

    /// <summary>Counts writes to a block that layouts may have been made of: a parameter's weight.</summary>
    public long Version { get; set; }

    /// <summary>Holders; 0 while the block lies in the pool.</summary>
    public int References { get; set; }
}

/// <summary>
/// Caching allocator: blocks come from the backend once and go round through free lists of equal size. A training loop asks
/// for the same sizes every step, so after the first step nothing is allocated any more.
/// </summary>
internal sealed class BufferPool(IBackend backend) : IDisposable
{
    private const long Granularity = 64;

    private readonly Dictionary<long, Stack<Storage>> _free = [];
    private readonly List<Storage> _all = [];
    private bool _disposed;

    public long LeasedBytes { get; private set; }

    public long PeakBytes { get; private set; }

    public long AllocatedBytes { get; private set; }

    public long AllocationCount { get; private set; }

    /// <summary>A block of at least <paramref name="bytes"/>, contents undefined, with one reference.</summary>
    /// <exception cref="OutOfDeviceMemoryException">Not even after giving cached blocks back to the backend.</exception>
    public Storage Lease(long bytes)
    {
        long size = Math.Max(Granularity, (bytes + Granularity - 1) / Granularity * Granularity);
        Storage storage = _free.TryGetValue(size, out Stack<Storage>? stack) && stack.Count > 0 ? stack.Pop() : Allocate(size);
        storage.References = 1;
        LeasedBytes += size;
        PeakBytes = Math.Max(PeakBytes, LeasedBytes);
        return storage;
    }

    /// <summary>Drops one reference; the last one returns the block to the free list.</summary>
    public void Release(Storage storage)
    {
        if (--storage.References > 0 || _disposed) { return; }
        LeasedBytes -= storage.Bytes;
        _free[storage.Bytes].Push(storage);
    }

    /// <summary>Gives all cached blocks back to the backend.</summary>
    public void Trim()
    {
        foreach (Stack<Storage> stack in _free.Values)
        {
            while (stack.Count > 0)
            {
                Storage storage = stack.Pop();
                AllocatedBytes -= storage.Bytes;
                storage.Buffer.Dispose();
            }
        }

        _all.RemoveAll(static storage => storage.References == 0);
    }

    public void ResetPeak() => PeakBytes = LeasedBytes;

    public void Dispose()
    {
        _disposed = true;
        foreach (Storage storage in _all) { storage.Buffer.Dispose(); }
        _all.Clear();
        _free.Clear();
        LeasedBytes = 0;
        AllocatedBytes = 0;
    }

    private Storage Allocate(long size)
    {
        IDeviceBuffer buffer;
        try
        {
            buffer = backend.Allocate(size);
        }
        catch (OutOfDeviceMemoryException) when (AllocatedBytes > LeasedBytes)
        {
            Trim();
            buffer = backend.Allocate(size);
        }

        if (!_free.ContainsKey(size)) { _free.Add(size, new Stack<Storage>()); }
        var storage = new Storage(buffer, size);
        _all.Add(storage);
        AllocatedBytes += size;
        AllocationCount++;
        return storage;
    }
}
