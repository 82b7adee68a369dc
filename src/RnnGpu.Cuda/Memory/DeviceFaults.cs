using RnnGpu.Core;
using RnnGpu.Cuda.Driver;
using RnnGpu.Cuda.Handles;
using RnnGpu.Cuda.Streams;

namespace RnnGpu.Cuda.Memory;

/// <summary>
/// Indices beyond their limits, which only the device can see: a kernel notes the one in the first row and goes on with a harmless value; the next
/// wait throws. Each limit has a word of its own, 0 or what <c>noteIndex</c> in <c>fault.cuh</c> makes of row and index: the word of the first
/// row is the largest, and words only grow, so that what is thrown does not depend on the order in which threads run.
/// </summary>
internal sealed unsafe class DeviceFaults : IDisposable
{
    /// <summary>Different limits before the oldest are looked at and forgotten.</summary>
    private const int Capacity = 256;

    private const int Bytes = Capacity * sizeof(ulong);

    private readonly CudaQueue _queue;
    private readonly DeviceMemoryHandle _device;
    private readonly PinnedMemoryHandle _host;
    private readonly IndexLimit[] _limits = new IndexLimit[Capacity];
    private int _known;
    private bool _armed;

    public DeviceFaults(CudaQueue queue)
    {
        _queue = queue;
        ContextHandle context = queue.Context.Handle;
        CudaResult status = DeviceMemoryHandle.TryAllocate(context, Bytes, out DeviceMemoryHandle? memory);
        if (memory is null) { throw context.Driver.Failure(status, DriverEntry.cuMemAlloc_v2, $"{Bytes} bytes"); }
        _device = memory;
        try
        {
            _host = new PinnedMemoryHandle(context, Bytes);
            Clear();
        }
        catch (CudaException)
        {
            Dispose();
            throw;
        }
    }

    /// <summary>For a kernel that looks at indices: the word where it notes a bad one. The next wait looks at it.</summary>
    /// <exception cref="ArgumentException">There are more limits than words, so this had to wait; and a kernel had met a bad index.</exception>
    public ulong Arm(in IndexLimit limit)
    {
        int word = 0;
        while (word < _known && _limits[word] != limit) { word++; }
        if (word == Capacity)
        {
            QueueRead();
            _queue.Synchronize();
            _known = word = 0;
            ThrowIfNoted(Capacity);
        }

        if (word == _known) { _limits[_known++] = limit; }
        _armed = true;
        return _device.Pointer + ((ulong)word * sizeof(ulong));
    }

    /// <summary>Queues reading the words, if a kernel that may have written one was queued.</summary>
    public void QueueRead()
    {
        if (_armed) { _queue.Context.Driver.CopyToHost(_host.Pointer, _device.Pointer, (long)_known * sizeof(ulong), _queue.Stream); }
    }

    /// <summary>After a wait that followed <see cref="QueueRead"/>.</summary>
    /// <exception cref="ArgumentException">A kernel met a bad index.</exception>
    public void ThrowIfNoted() => ThrowIfNoted(_known);

    public void Dispose()
    {
        _device.Dispose();
        _host?.Dispose();
    }

    private void ThrowIfNoted(int words)
    {
        if (!_armed) { return; }
        _armed = false;
        for (int i = 0; i < words; i++)
        {
            ulong word = ((ulong*)_host.Pointer)[i];
            if (word == 0) { continue; }
            Clear();
            throw _limits[i].Exceeded((int)(uint)word, uint.MaxValue - (uint)(word >> 32));
        }
    }

    private void Clear() => _queue.Context.Driver.Fill(_device.Pointer, 0, Bytes / sizeof(uint), _queue.Stream);
}
