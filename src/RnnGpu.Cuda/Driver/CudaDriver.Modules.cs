using E = RnnGpu.Cuda.Driver.DriverEntry;

namespace RnnGpu.Cuda.Driver;

/// <summary>Properties of a kernel (<c>CUfunction_attribute</c>).</summary>
internal enum FunctionAttribute
{
    MaxThreadsPerBlock = 0,
    StaticSharedBytes = 1,
    LocalBytes = 3,
    Registers = 4,
    MaxDynamicSharedBytes = 8,
}

/// <summary>Sizes of a grid or a block.</summary>
internal readonly record struct Dim3(int X, int Y = 1, int Z = 1)
{
    public long Count => (long)X * Y * Z;

    public override string ToString() => $"{X} x {Y} x {Z}";
}

public sealed unsafe partial class CudaDriver
{
    /// <summary>Loads a zero-terminated PTX text into the current context.</summary>
    internal CudaResult TryLoadModule(byte* image, byte* errorLog, int errorLogBytes, out nint module)
    {
        const int ErrorLogBuffer = 5, ErrorLogBufferBytes = 6;
        int* options = stackalloc int[] { ErrorLogBuffer, ErrorLogBufferBytes };
        void** values = stackalloc void*[2];
        values[0] = errorLog;
        values[1] = (void*)(nint)errorLogBytes;
        nint loaded = 0;
        CudaResult status = ((delegate* unmanaged<nint*, byte*, uint, int*, void**, CudaResult>)Use(E.cuModuleLoadDataEx))(
            &loaded, image, 2, options, values);
        module = loaded;
        return status;
    }

    internal CudaResult UnloadModule(nint module) => ((delegate* unmanaged<nint, CudaResult>)Use(E.cuModuleUnload))(module);

    internal CudaResult TryGetFunction(nint module, byte* name, out nint function)
    {
        nint found = 0;
        CudaResult status = ((delegate* unmanaged<nint*, nint, byte*, CudaResult>)Use(E.cuModuleGetFunction))(&found, module, name);
        function = found;
        return status;
    }

    internal int Attribute(FunctionAttribute attribute, nint function)
    {
        int value = 0;
        Check(
            ((delegate* unmanaged<int*, FunctionAttribute, nint, CudaResult>)Use(E.cuFuncGetAttribute))(&value, attribute, function),
            E.cuFuncGetAttribute);
        return value;
    }

    internal void SetAttribute(nint function, FunctionAttribute attribute, int value) => Check(
        ((delegate* unmanaged<nint, FunctionAttribute, int, CudaResult>)Use(E.cuFuncSetAttribute))(function, attribute, value),
        E.cuFuncSetAttribute);

    internal int MaxActiveBlocks(nint function, int blockThreads, int dynamicSharedBytes)
    {
        int blocks = 0;
        Check(
            ((delegate* unmanaged<int*, nint, int, nuint, CudaResult>)Use(E.cuOccupancyMaxActiveBlocksPerMultiprocessor))(
                &blocks, function, blockThreads, (nuint)dynamicSharedBytes),
            E.cuOccupancyMaxActiveBlocksPerMultiprocessor);
        return blocks;
    }

    internal CudaResult Launch(nint function, Dim3 grid, Dim3 block, int sharedBytes, nint stream, void** parameters) =>
        ((delegate* unmanaged<nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, CudaResult>)Use(E.cuLaunchKernel))(
            function, (uint)grid.X, (uint)grid.Y, (uint)grid.Z, (uint)block.X, (uint)block.Y, (uint)block.Z, (uint)sharedBytes, stream, parameters, null);

    internal CudaResult LaunchCooperative(nint function, Dim3 grid, Dim3 block, int sharedBytes, nint stream, void** parameters) =>
        ((delegate* unmanaged<nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, CudaResult>)Use(E.cuLaunchCooperativeKernel))(
            function, (uint)grid.X, (uint)grid.Y, (uint)grid.Z, (uint)block.X, (uint)block.Y, (uint)block.Z, (uint)sharedBytes, stream, parameters);
}
