using System.Runtime.InteropServices;
using RnnGpu.Cuda.Driver;

namespace RnnGpu.Cuda.Handles;

/// <summary>A device's primary context, retained; or one that somebody else owns.</summary>
internal sealed class ContextHandle : SafeHandle
{
    private readonly int _device;
    private readonly bool _borrowed;
    private CudaException? _failure;

    private ContextHandle(CudaDriver driver, int device, nint context, bool borrowed)
        : base(0, ownsHandle: true)
    {
        Driver = driver;
        _device = device;
        _borrowed = borrowed;
        SetHandle(context);
    }

    public CudaDriver Driver { get; }

    public override bool IsInvalid => handle == 0;

    /// <summary>Retains a device's primary context, which other users of CUDA in this process share.</summary>
    public static ContextHandle RetainPrimary(CudaDriver driver, int device) => new(driver, device, driver.RetainPrimaryContext(device), borrowed: false);

    /// <summary>Uses a context without owning it.</summary>
    public static ContextHandle Borrow(CudaDriver driver, nint context) => new(driver, 0, context, borrowed: true);

    /// <summary>Keeps the first failure of a release, which can't throw where it happens.</summary>
    public void Note(CudaResult status, DriverEntry entry)
    {
        if (status != CudaResult.Success) { _failure ??= Driver.Describe(status, entry); }
    }

    /// <summary>The same for what is not the driver's.</summary>
    public void Note(CudaException failure) => _failure ??= failure;

    /// <summary>The first failed release since the last call, for the owner to report; null if all went well.</summary>
    public CudaException? TakeFailure()
    {
        CudaException? failure = _failure;
        _failure = null;
        return failure;
    }

    protected override bool ReleaseHandle()
    {
        CudaResult status = _borrowed ? CudaResult.Success : Driver.ReleasePrimaryContext(_device);
        Note(status, DriverEntry.cuDevicePrimaryCtxRelease_v2);
        return status == CudaResult.Success;
    }
}
