using System.Globalization;
using RnnGpu.Core;
using RnnGpu.Cuda.Driver;
using RnnGpu.Cuda.Memory;
using RnnGpu.Cuda.Streams;

namespace RnnGpu.Cuda;

/// <summary>
/// The backend on an NVIDIA GPU, or on the emulator of its driver. Operations stand in <c>Launch/</c>, one file a kernel family.
/// <see cref="ComputeMode"/> concerns the products only; everything else is fp32.
/// </summary>
public sealed partial class CudaBackend : IBackend
{
    private readonly CudaContext _context;
    private readonly CudaQueue _queue;
    private readonly DeviceArena _arena;
    private readonly PinnedStaging _staging;
    private readonly DeviceFaults _faults;
    private bool _disposed;

    private CudaBackend(string name, CudaContext context, nint? stream, ComputeMode mode, CudaOptions options)
    {
        Name = name;
        Mode = mode;
        _strategy = options.ChooseStrategy();
        _strategyRequired = options.StrategyRequired;
        _context = context;
        Key = GpuFigures.KeyOf(context.Device, context.Driver.VersionOrNull() ?? 0);
        Lookup = LookUp(context, Key, options.Measured);
        Costs = GpuCosts.Of(context.Device, Lookup.Record);
        Remember(Lookup.Record);
        _libraryWork = options.LibraryWork;
        CublasLtUse use = options.ChooseCublasLt();
        bool exact = options.ChooseMemory(context.Driver.IsEmulator) == CudaMemory.Exact;
        using CudaContext.Scope scope = context.Enter();
        _arena = new DeviceArena(context, name, exact);
        _staging = new PinnedStaging(context);
        _queue = stream is { } borrowed ? new CudaQueue(context, borrowed) : new CudaQueue(context);
        _queue.CapturesLoops = options.Graphs;
        try
        {
            _faults = new DeviceFaults(_queue);
            _library = StartLibrary(use, options.CublasLtLibrary, out _whyNoLibrary);
        }
        catch (CudaException)
        {
            _faults?.Dispose();
            _queue.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <summary>Precision of products.</summary>
    public ComputeMode Mode { get; }

    /// <summary>The device.</summary>
    public DeviceInfo Device => _context.Device;

    /// <summary>The driver, with its counters of calls.</summary>
    public CudaDriver Driver => _context.Driver;

    /// <summary>What this device takes for the parts of a step: by it strategies are chosen.</summary>
    public GpuCosts Costs { get; }

    /// <summary>What measured figures and strategies of the device belong to.</summary>
    public MachineKey Key { get; }

    /// <summary>What was found of the device when the backend was made.</summary>
    public MachineLookup Lookup { get; }

    /// <inheritdoc/>
    public string Description => $"{Device}, {Mode.ToString().ToLowerInvariant()} products{(Driver.IsEmulator ? " (emulator)" : "")}";

    /// <summary>Bytes of device memory that the backend holds, in use or kept for later.</summary>
    public long ReservedBytes => _arena.ReservedBytes;

    /// <inheritdoc/>
    public long AvailableBytes
    {
        get
        {
            using CudaContext.Scope scope = _context.Enter();
            (long free, long total) = Driver.MemoryInfoOrZero();
            return total == 0 ? long.MaxValue : free + _arena.UnusedBytes;
        }
    }

    /// <summary>Where its work goes.</summary>
    internal CudaQueue Queue => _queue;

    /// <summary>A backend by the name of its device.</summary>
    /// <param name="device"><c>cuda</c>, <c>cuda:N</c> or <c>emulator</c>.</param>
    /// <param name="mode">Precision of products.</param>
    /// <param name="options">How it runs; null: defaults.</param>
    /// <exception cref="ArgumentException">No such name.</exception>
    /// <exception cref="CudaException">No driver, no such device, or a device that the kernels don't run on; the message says what to do.</exception>
    public static CudaBackend Create(string device, ComputeMode mode = ComputeMode.Fp32, CudaOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(device);
        if (device == "emulator")
        {
            CudaDriver emulator = DriverProbe.Require(
                DriverProbe.FindEmulator(), $"the CUDA emulator is not there: build it with tests/cuda-emulator/build.sh, or set {EmulatorLibrary.Variable} to its path");
            return Create(emulator, 0, mode, options);
        }

        if (device == "cuda") { return Create(0, mode, options); }
        return device.StartsWith("cuda:", StringComparison.Ordinal)
            && int.TryParse(device.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out int ordinal)
            ? Create(ordinal, mode, options)
            : throw new ArgumentException($"there is no device '{device}'; use cuda, cuda:N or emulator");
    }

    /// <summary>A backend on a GPU.</summary>
    /// <exception cref="CudaException">No driver, no such device, or a device that the kernels don't run on; the message says what to do.</exception>
    public static CudaBackend Create(int ordinal, ComputeMode mode = ComputeMode.Fp32, CudaOptions? options = null) =>
        Create(
            DriverProbe.Require(DriverProbe.FindDriver(), "there is no NVIDIA driver: install it (no CUDA toolkit is needed), or use --device cpu"),
            ordinal, mode, options);

    /// <summary>A backend on a device of a driver that is at hand.</summary>
    /// <exception cref="CudaException">No such device, or one that the kernels don't run on.</exception>
    public static CudaBackend Create(CudaDriver driver, int ordinal, ComputeMode mode = ComputeMode.Fp32, CudaOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(driver);
        return Over(CudaContext.Create(driver, ordinal), driver.IsEmulator ? "emulator" : $"cuda:{ordinal}", stream: null, mode, options);
    }

    /// <summary>
    /// A backend inside a context, and on a stream, that other CUDA code of this process owns and keeps alive. It queues its work on that
    /// stream, in order with the owner's. Dispose it before the context goes.
    /// </summary>
    /// <param name="driver">The driver that made them; <see cref="DriverProbe.FindDriver"/> finds it.</param>
    /// <param name="context">A <c>CUcontext</c>.</param>
    /// <param name="stream">A <c>CUstream</c> of it; 0: the default stream.</param>
    /// <param name="mode">Precision of products.</param>
    /// <param name="options">How it runs; null: defaults.</param>
    /// <exception cref="CudaException">The driver doesn't know the context, or the kernels don't run on its device.</exception>
    public static CudaBackend Borrow(CudaDriver driver, nint context, nint stream, ComputeMode mode = ComputeMode.Fp32, CudaOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(driver);
        var borrowed = CudaContext.Borrow(driver, context);
        return Over(borrowed, driver.IsEmulator ? "emulator" : $"cuda:{borrowed.Device.Ordinal}", stream, mode, options);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_disposed) { return; }
        _disposed = true;
        WaitBeforeRelease();
        ReleaseOperations();
        ReleaseLibrary();
        _faults.Dispose();
        _staging.Dispose();
        _queue.Dispose();
        _arena.Dispose();
        _context.Dispose();
    }

    /// <summary>What is still queued uses what is about to be freed. A failure is reported once everything is released.</summary>
    private void WaitBeforeRelease()
    {
        CudaResult pushed = Driver.TryPushContext(_context.Handle.DangerousGetHandle());
        _context.Handle.Note(pushed, DriverEntry.cuCtxPushCurrent_v2);
        _context.Handle.Note(Driver.TrySynchronizeStream(_queue.Stream), DriverEntry.cuStreamSynchronize);
        _queue.DrainSides();
        if (pushed == CudaResult.Success) { _context.Handle.Note(Driver.TryPopContext(), DriverEntry.cuCtxPopCurrent_v2); }
    }

    private static MachineLookup LookUp(CudaContext context, MachineKey key, MachineRecord? given) =>
        given is not null ? new MachineLookup(given, given.Figures.Count > 0 ? "measured figures, as given" : "built-in figures, strategies as given")
        : context.Driver.IsEmulator ? new MachineLookup(null, "built-in figures: times of the emulator mean nothing")
        : GpuFigures.Load(key, $"cuda:{context.Device.Ordinal}");

    private static CudaBackend Over(CudaContext context, string name, nint? stream, ComputeMode mode, CudaOptions? options)
    {
        try
        {
            return new CudaBackend(name, context, stream, mode, options ?? new CudaOptions());
        }
        catch (Exception e) when (e is CudaException or ArgumentException)
        {
            context.Dispose();
            throw;
        }
    }
}
