using RnnGpu.Core;

namespace RnnGpu.Cuda.Memory;

/// <summary>Device memory as operations see it.</summary>
internal abstract class DeviceBuffer : IDeviceBuffer
{
    public abstract long Bytes { get; }

    /// <summary>Address on the device.</summary>
    /// <exception cref="ObjectDisposedException">Released.</exception>
    public abstract ulong Pointer { get; }

    public abstract void Dispose();
}

/// <summary>A range of the arena. One that its owner forgets returns when it is collected.</summary>
internal sealed class CudaBuffer(DeviceArena arena, ArenaBlock block, long offset, long bytes, long size) : DeviceBuffer
{
    private bool _released;

    ~CudaBuffer() => Release();

    public override long Bytes => bytes;

    public override ulong Pointer => _released || arena.IsDisposed
        ? throw new ObjectDisposedException("tensor", "the tensor's memory was released; keep its owner alive while it is in use")
        : block.Pointer + (ulong)offset;

    public override void Dispose()
    {
        Release();
        GC.SuppressFinalize(this);
        arena.ThrowUnreported();
    }

    private void Release()
    {
        if (_released) { return; }
        _released = true;
        arena.Return(block, offset, size);
    }
}

/// <summary>Memory that somebody else allocated and frees.</summary>
internal sealed class BorrowedBuffer(ulong pointer, long bytes) : DeviceBuffer
{
    private bool _released;

    public override long Bytes => bytes;

    public override ulong Pointer => _released
        ? throw new ObjectDisposedException("tensor", "the view of borrowed memory was disposed")
        : pointer;

    public override void Dispose() => _released = true;
}
