using System.Runtime.InteropServices;
using RnnGpu.Cuda.Driver;

namespace RnnGpu.Cuda.Handles;

/// <summary>
/// Something of the driver's that lives inside a context. It holds on to the context, so that, whatever the order in which
/// owners dispose or the finaliser comes, the context is released last.
/// </summary>
internal abstract class CudaHandle : SafeHandle
{
    private readonly ContextHandle _context;

    /// <summary>For a handle to be set once it exists.</summary>
    protected CudaHandle(ContextHandle context)
        : base(0, ownsHandle: true)
    {
        _context = context;
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>The raw handle.</summary>
    /// <exception cref="ObjectDisposedException">It was released.</exception>
    public nint Value => IsClosed ? throw new ObjectDisposedException(GetType().Name, "the backend that owned it was disposed") : handle;

    protected CudaDriver Driver => _context.Driver;

    /// <summary>Takes ownership of what was just created.</summary>
    protected void Own(nint value)
    {
        bool added = false;
        _context.DangerousAddRef(ref added);
        SetHandle(value);
    }

    /// <summary>The call that <see cref="Release"/> makes.</summary>
    protected abstract DriverEntry ReleaseEntry { get; }

    /// <summary>Gives it back to the driver; the context is current.</summary>
    protected abstract CudaResult Release(nint value);

    /// <inheritdoc/>
    protected sealed override bool ReleaseHandle()
    {
        CudaResult pushed = Driver.TryPushContext(_context.DangerousGetHandle());
        _context.Note(pushed, DriverEntry.cuCtxPushCurrent_v2);
        CudaResult status = Release(handle);
        _context.Note(status, ReleaseEntry);
        if (pushed == CudaResult.Success) { _context.Note(Driver.TryPopContext(), DriverEntry.cuCtxPopCurrent_v2); }
        _context.DangerousRelease();
        return status == CudaResult.Success;
    }
}
