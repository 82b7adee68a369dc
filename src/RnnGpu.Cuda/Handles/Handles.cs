using RnnGpu.Cuda.Driver;

namespace RnnGpu.Cuda.Handles;

/// <summary>A stream of our own (<c>CUstream</c>).</summary>
internal sealed class StreamHandle : CudaHandle
{
    /// <summary>Creates one in the current context.</summary>
    public StreamHandle(ContextHandle context)
        : base(context) => Own(context.Driver.CreateStream());

    protected override DriverEntry ReleaseEntry => DriverEntry.cuStreamDestroy_v2;

    protected override CudaResult Release(nint value) => Driver.DestroyStream(value);
}

/// <summary>An event (<c>CUevent</c>).</summary>
internal sealed class EventHandle : CudaHandle
{
    /// <summary>Creates one in the current context.</summary>
    /// <param name="context">The context.</param>
    /// <param name="timing">Whether times are read from it, for which the driver does more.</param>
    public EventHandle(ContextHandle context, bool timing = false)
        : base(context) => Own(context.Driver.CreateEvent(timing));

    protected override DriverEntry ReleaseEntry => DriverEntry.cuEventDestroy_v2;

    protected override CudaResult Release(nint value) => Driver.DestroyEvent(value);
}

/// <summary>A loaded module (<c>CUmodule</c>).</summary>
internal sealed class CudaModuleHandle : CudaHandle
{
    /// <summary>Owns a module of the current context.</summary>
    public CudaModuleHandle(ContextHandle context, nint module)
        : base(context) => Own(module);

    protected override DriverEntry ReleaseEntry => DriverEntry.cuModuleUnload;

    protected override CudaResult Release(nint value) => Driver.UnloadModule(value);
}

/// <summary>An executable graph (<c>CUgraphExec</c>).</summary>
internal sealed class GraphExecHandle : CudaHandle
{
    /// <summary>Owns an executable graph.</summary>
    public GraphExecHandle(ContextHandle context, nint executable)
        : base(context) => Own(executable);

    protected override DriverEntry ReleaseEntry => DriverEntry.cuGraphExecDestroy;

    protected override CudaResult Release(nint value) => Driver.DestroyGraphExec(value);
}

/// <summary>Device memory.</summary>
internal sealed class DeviceMemoryHandle : CudaHandle
{
    private DeviceMemoryHandle(ContextHandle context, ulong pointer)
        : base(context) => Own((nint)pointer);

    public ulong Pointer => (ulong)Value;

    /// <summary>Allocates in the current context.</summary>
    /// <returns>What the driver said; with success, a handle.</returns>
    public static CudaResult TryAllocate(ContextHandle context, long bytes, out DeviceMemoryHandle? memory)
    {
        CudaResult status = context.Driver.TryAllocate(bytes, out ulong pointer);
        memory = status == CudaResult.Success ? new DeviceMemoryHandle(context, pointer) : null;
        return status;
    }

    protected override DriverEntry ReleaseEntry => DriverEntry.cuMemFree_v2;

    protected override CudaResult Release(nint value) => Driver.Free((ulong)value);
}

/// <summary>Page-locked host memory.</summary>
internal sealed unsafe class PinnedMemoryHandle : CudaHandle
{
    /// <summary>Allocates in the current context.</summary>
    /// <exception cref="CudaException">The host has no such block to lock.</exception>
    public PinnedMemoryHandle(ContextHandle context, long bytes)
        : base(context)
    {
        CudaResult status = context.Driver.TryAllocatePinned(bytes, out nint pointer);
        if (status != CudaResult.Success)
        {
            context.Driver.Fail(status, DriverEntry.cuMemAllocHost_v2, $"{bytes:N0} bytes of page-locked host memory", "free host memory or raise the limit of locked memory (ulimit -l)");
        }

        Own(pointer);
        Bytes = bytes;
    }

    public long Bytes { get; }

    public byte* Pointer => (byte*)Value;

    protected override DriverEntry ReleaseEntry => DriverEntry.cuMemFreeHost;

    protected override CudaResult Release(nint value) => Driver.FreePinned(value);
}
