using System.Runtime.InteropServices;
using RnnGpu.Cuda.Handles;

namespace RnnGpu.Cuda.Blas;

/// <summary>An object of cuBLASLt's with the call that destroys it: a handle of the library, the description of a product, a layout, a preference.</summary>
internal sealed class LtHandle : SafeHandle
{
    private readonly CublasLt _library;
    private readonly ContextHandle _context;
    private readonly CublasLtEntry _destroy;

    public LtHandle(CublasLt library, ContextHandle context, nint value, CublasLtEntry destroy)
        : base(0, ownsHandle: true)
    {
        _library = library;
        _context = context;
        _destroy = destroy;
        SetHandle(value);
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>The raw handle.</summary>
    public nint Value => IsClosed ? throw new ObjectDisposedException(nameof(CublasLt), "the backend that owned it was disposed") : handle;

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        CublasLtStatus status = _library.Destroy(_destroy, handle);
        if (status != CublasLtStatus.Success) { _context.Note(new CublasLtException(_destroy, status)); }
        return status == CublasLtStatus.Success;
    }
}
