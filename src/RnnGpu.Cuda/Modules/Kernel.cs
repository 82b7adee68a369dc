using RnnGpu.Cuda.Driver;

namespace RnnGpu.Cuda.Modules;

/// <summary>
/// A kernel of one context. Its only parameter is one struct by value, the twin of the one in <c>rnn_abi.h</c>. Loaded at its first
/// launch; launching allocates nothing.
/// </summary>
/// <param name="module">Source file without its ending: <c>elementwise</c> for <c>kernels/cuda/.../elementwise.cu</c>.</param>
/// <param name="name">Entry point.</param>
internal sealed unsafe class Kernel<TParameters>(string module, string name)
    where TParameters : unmanaged
{
    // Up to this much dynamic shared memory needs no permission.
    private const int DefaultSharedBytes = 48 * 1024;

    private CudaContext? _context;
    private nint _function;
    private int _dynamicLimit = DefaultSharedBytes;
    private int _staticShared;
    private int _maxThreads;

    public string Module => module;

    public string Name => name;

    /// <summary>Queues a launch.</summary>
    /// <exception cref="CudaLaunchRefusedException">The device can't run it with that block or that much shared memory.</exception>
    /// <exception cref="CudaException">The driver refused, or an earlier kernel failed.</exception>
    public void Launch(CudaContext context, nint stream, Dim3 grid, Dim3 block, int sharedBytes, in TParameters parameters)
    {
        using CudaContext.Scope scope = context.Enter();
        Prepare(context, block, sharedBytes);
        fixed (TParameters* first = &parameters)
        {
            void* argument = first;
            CudaResult status = context.Driver.Launch(_function, grid, block, sharedBytes, stream, &argument);
            if (status != CudaResult.Success) { Fail(context, status, DriverEntry.cuLaunchKernel, grid, block, sharedBytes); }
        }
    }

    /// <summary>Queues a launch whose blocks all run at the same time and may wait for one another.</summary>
    /// <exception cref="CudaLaunchRefusedException">The device has no room for all blocks at once.</exception>
    /// <exception cref="CudaException">The driver refused, or an earlier kernel failed.</exception>
    public void LaunchCooperative(CudaContext context, nint stream, Dim3 grid, Dim3 block, int sharedBytes, in TParameters parameters)
    {
        using CudaContext.Scope scope = context.Enter();
        Prepare(context, block, sharedBytes);
        fixed (TParameters* first = &parameters)
        {
            void* argument = first;
            CudaResult status = context.Driver.LaunchCooperative(_function, grid, block, sharedBytes, stream, &argument);
            if (status == CudaResult.CooperativeLaunchTooLarge) { RefuseCooperative(context, grid, block, sharedBytes); }
            if (status != CudaResult.Success) { Fail(context, status, DriverEntry.cuLaunchCooperativeKernel, grid, block, sharedBytes); }
        }
    }

    /// <summary>Most blocks of a cooperative launch: those that fit the device at the same time; 0 if it has no such launches.</summary>
    public int MaxResidentBlocks(CudaContext context, Dim3 block, int sharedBytes)
    {
        if (!context.Device.CooperativeLaunch || sharedBytes > context.Device.MaxSharedBytesPerBlock) { return 0; }
        using CudaContext.Scope scope = context.Enter();
        Prepare(context, block, sharedBytes);
        return context.Driver.MaxActiveBlocks(_function, (int)block.Count, sharedBytes) * context.Device.Multiprocessors;
    }

    /// <summary>What the kernel takes, as the driver compiled it.</summary>
    public KernelResources Resources(CudaContext context)
    {
        using CudaContext.Scope scope = context.Enter();
        Resolve(context);
        return new KernelResources(
            context.Driver.Attribute(FunctionAttribute.Registers, _function), _staticShared,
            context.Driver.Attribute(FunctionAttribute.LocalBytes, _function), _maxThreads);
    }

    private void Prepare(CudaContext context, Dim3 block, int sharedBytes)
    {
        if (!ReferenceEquals(context, _context)) { Resolve(context); }
        if (block.Count > _maxThreads)
        {
            throw new CudaLaunchRefusedException($"kernel {name} takes blocks of at most {_maxThreads} threads, not {block}");
        }

        if (sharedBytes > _dynamicLimit) { RaiseSharedLimit(context, sharedBytes); }
    }

    private void Resolve(CudaContext context)
    {
        _function = context.Function(module, name);
        _maxThreads = context.Driver.Attribute(FunctionAttribute.MaxThreadsPerBlock, _function);
        _staticShared = context.Driver.Attribute(FunctionAttribute.StaticSharedBytes, _function);
        _dynamicLimit = DefaultSharedBytes - _staticShared;
        _context = context;
    }

    private void RaiseSharedLimit(CudaContext context, int sharedBytes)
    {
        int most = context.Device.MaxSharedBytesPerBlock;
        if (sharedBytes + _staticShared > most)
        {
            throw new CudaLaunchRefusedException(
                $"kernel {name} wants {sharedBytes + _staticShared:N0} bytes of shared memory a block, but {context.Device.Name} has {most:N0}");
        }

        context.Driver.SetAttribute(_function, FunctionAttribute.MaxDynamicSharedBytes, sharedBytes);
        _dynamicLimit = sharedBytes;
    }

    private void RefuseCooperative(CudaContext context, Dim3 grid, Dim3 block, int sharedBytes) => throw new CudaLaunchRefusedException(
        $"kernel {name}: {grid.Count} blocks of {block.Count} threads and {sharedBytes:N0} bytes of dynamic shared memory must be resident together, but "
        + $"{context.Device.Name} holds {MaxResidentBlocks(context, block, sharedBytes)}");

    private void Fail(CudaContext context, CudaResult status, DriverEntry entry, Dim3 grid, Dim3 block, int sharedBytes) =>
        context.Driver.Fail(status, entry, $"kernel {name}, grid {grid}, block {block}, {sharedBytes:N0} bytes of dynamic shared memory");
}

/// <summary>What a kernel takes.</summary>
/// <param name="Registers">Registers a thread.</param>
/// <param name="SharedBytes">Static shared memory a block.</param>
/// <param name="LocalBytes">Local memory a thread: spills and indexed arrays.</param>
/// <param name="MaxThreads">Most threads a block.</param>
internal readonly record struct KernelResources(int Registers, int SharedBytes, int LocalBytes, int MaxThreads);
