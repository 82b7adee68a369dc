using System.Text;
using RnnGpu.Cuda.Driver;
using RnnGpu.Cuda.Handles;
using RnnGpu.Cuda.Modules;

namespace RnnGpu.Cuda;

/// <summary>
/// A device's context with the modules loaded into it: the device's primary context, which other users of CUDA in the process
/// share, or one that somebody else owns.
/// </summary>
public sealed unsafe class CudaContext : IDisposable
{
    private readonly Dictionary<string, CudaModuleHandle> _modules = new(StringComparer.Ordinal);
    private readonly HashSet<int> _lentTo = [];
    private readonly long _failuresBefore;

    private CudaContext(CudaDriver driver, ContextHandle handle, DeviceInfo device, long failuresBefore)
    {
        Driver = driver;
        Handle = handle;
        Device = device;
        _failuresBefore = failuresBefore;
    }

    /// <summary>The driver.</summary>
    public CudaDriver Driver { get; }

    /// <summary>The device.</summary>
    public DeviceInfo Device { get; }

    internal ContextHandle Handle { get; }

    /// <summary>Retains the primary context of a device.</summary>
    /// <exception cref="CudaException">No such device, one that the kernels don't run on, or a driver that fails.</exception>
    public static CudaContext Create(CudaDriver driver, int ordinal)
    {
        ArgumentNullException.ThrowIfNull(driver);
        long failures = driver.Failures;
        int count = driver.DeviceCount();
        if (ordinal < 0 || ordinal >= count)
        {
            throw new CudaException(count == 0
                ? $"the driver {driver.Library} sees no GPU: see nvidia-smi and CUDA_VISIBLE_DEVICES; a container needs --gpus all"
                : $"there is no device cuda:{ordinal}; this machine has cuda:0{(count > 1 ? $" to cuda:{count - 1}" : "")}");
        }

        var device = DeviceInfo.Query(driver, ordinal);
        if (device.Refusal is { } why) { throw new CudaException(why); }
        return new CudaContext(driver, ContextHandle.RetainPrimary(driver, device.Handle), device, failures);
    }

    /// <summary>Lives in a context that the caller owns and keeps alive.</summary>
    /// <param name="driver">The driver that made it.</param>
    /// <param name="context">A <c>CUcontext</c>.</param>
    public static CudaContext Borrow(CudaDriver driver, nint context)
    {
        ArgumentNullException.ThrowIfNull(driver);
        ArgumentOutOfRangeException.ThrowIfZero(context);
        long failures = driver.Failures;
        driver.PushContext(context);
        int handle;
        try
        {
            handle = driver.CurrentDevice();
        }
        finally
        {
            driver.PopContext();
        }

        DeviceInfo device = Enumerable.Range(0, driver.DeviceCount()).Select(ordinal => DeviceInfo.Query(driver, ordinal)).First(info => info.Handle == handle);
        if (device.Refusal is { } why) { throw new CudaException(why); }
        return new CudaContext(driver, ContextHandle.Borrow(driver, context), device, failures);
    }

    /// <summary>
    /// Makes this context current for calls that follow on this thread. A thread that had none keeps it; one that had another
    /// gets that back at the end of the scope, so that other CUDA code never finds its own context gone.
    /// </summary>
    internal Scope Enter()
    {
        if (Handle.IsClosed) { throw new ObjectDisposedException(nameof(CudaContext), "the backend was disposed"); }
        nint own = Handle.DangerousGetHandle(), current = Driver.CurrentContext();
        if (current == own) { return default; }
        if (current == 0)
        {
            Driver.SetCurrentContext(own);
            lock (_lentTo) { _ = _lentTo.Add(Environment.CurrentManagedThreadId); }
            return default;
        }

        Driver.PushContext(own);
        return new Scope(Driver);
    }

    /// <summary>A kernel of an embedded module, loaded when first asked for.</summary>
    /// <exception cref="CudaException">The driver can't load the module.</exception>
    internal nint Function(string module, string name)
    {
        using Scope scope = Enter();
        if (!_modules.TryGetValue(module, out CudaModuleHandle? loaded))
        {
            loaded = Load(PtxImage.For(module, Device.Capability));
            _modules.Add(module, loaded);
        }

        fixed (byte* text = Encoding.UTF8.GetBytes(name + '\0'))
        {
            CudaResult status = Driver.TryGetFunction(loaded.Value, text, out nint function);
            if (status != CudaResult.Success)
            {
                Driver.Fail(
                    status, DriverEntry.cuModuleGetFunction, $"kernel {name} of module {module}",
                    status == CudaResult.NotFound ? "the kernels are older than the program: run kernels/build.sh and build again" : null);
            }

            return function;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Handle.IsClosed) { return; }
        foreach (CudaModuleHandle module in _modules.Values) { module.Dispose(); }
        _modules.Clear();
        ClearCurrent();
        Handle.Dispose();

        ThrowUnreported();
    }

    /// <summary>
    /// Throws what a release failed with, which can't throw where it happens. Whoever already got an exception from this context
    /// knows: a second one would hide the first.
    /// </summary>
    internal void ThrowUnreported()
    {
        if (Handle.TakeFailure() is not { } failure || Driver.Failures != _failuresBefore) { return; }
        Driver.Reported();
        throw failure;
    }

    /// <summary>A thread that got this context from <see cref="Enter"/> must not keep it past its end; one that had it before does.</summary>
    private void ClearCurrent()
    {
        lock (_lentTo)
        {
            if (!_lentTo.Contains(Environment.CurrentManagedThreadId)) { return; }
        }

        Handle.Note(Driver.TryCurrentContext(out nint current), DriverEntry.cuCtxGetCurrent);
        if (current == Handle.DangerousGetHandle()) { Handle.Note(Driver.TrySetCurrentContext(0), DriverEntry.cuCtxSetCurrent); }
    }

    private CudaModuleHandle Load(PtxImage image)
    {
        const int LogBytes = 4096;
        byte* log = stackalloc byte[LogBytes];
        log[0] = 0;
        CudaResult status;
        nint module;
        fixed (byte* text = Encoding.UTF8.GetBytes(image.Text + '\0'))
        {
            status = Driver.TryLoadModule(text, log, LogBytes, out module);
        }

        if (status != CudaResult.Success)
        {
            var said = new ReadOnlySpan<byte>(log, LogBytes);
            int end = said.IndexOf((byte)0);
            string detail = $"{image.Module}.{image.Architecture}.ptx {Encoding.UTF8.GetString(end < 0 ? said : said[..end]).Trim()}".Trim();
            int needed = CudaVersion.OfPtxIsa(image.IsaVersion);
            string? advice = status != CudaResult.UnsupportedPtxVersion
                ? null
                : $"the driver{(Driver.VersionOrNull() is { } version ? $" of CUDA {CudaVersion.Text(version)}" : "")} is older than PTX {image.IsaVersion / 10}.{image.IsaVersion % 10}: "
                    + $"update it to one of CUDA {CudaVersion.Text(needed)} or newer";
            Driver.Fail(status, DriverEntry.cuModuleLoadDataEx, detail, advice);
        }

        return new CudaModuleHandle(Handle, module);
    }

    /// <summary>Gives a thread its own context back.</summary>
    internal readonly ref struct Scope(CudaDriver driver)
    {
        private readonly CudaDriver? _driver = driver;

        public void Dispose() => _driver?.PopContext();
    }
}
