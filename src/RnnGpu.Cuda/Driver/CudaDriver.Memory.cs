using E = RnnGpu.Cuda.Driver.DriverEntry;

namespace RnnGpu.Cuda.Driver;

public sealed unsafe partial class CudaDriver
{
    /// <summary>Free and all bytes of the current context's device; zeros where the driver does not say.</summary>
    internal (long Free, long Total) MemoryInfoOrZero()
    {
        nuint free = 0, total = 0;
        CudaResult status = ((delegate* unmanaged<nuint*, nuint*, CudaResult>)Use(E.cuMemGetInfo_v2))(&free, &total);
        return status == CudaResult.Success ? ((long)free, (long)total) : (0, 0);
    }

    internal CudaResult TryAllocate(long bytes, out ulong pointer)
    {
        ulong allocated = 0;
        CudaResult status = ((delegate* unmanaged<ulong*, nuint, CudaResult>)Use(E.cuMemAlloc_v2))(&allocated, (nuint)bytes);
        pointer = allocated;
        return status;
    }

    internal CudaResult Free(ulong pointer) => ((delegate* unmanaged<ulong, CudaResult>)Use(E.cuMemFree_v2))(pointer);

    internal CudaResult TryAllocatePinned(long bytes, out nint pointer)
    {
        nint allocated = 0;
        CudaResult status = ((delegate* unmanaged<nint*, nuint, CudaResult>)Use(E.cuMemAllocHost_v2))(&allocated, (nuint)bytes);
        pointer = allocated;
        return status;
    }

    internal CudaResult FreePinned(nint pointer) => ((delegate* unmanaged<nint, CudaResult>)Use(E.cuMemFreeHost))(pointer);

    internal void CopyToDevice(ulong destination, void* source, long bytes, nint stream) => Check(
        ((delegate* unmanaged<ulong, void*, nuint, nint, CudaResult>)Use(E.cuMemcpyHtoDAsync_v2))(destination, source, (nuint)bytes, stream),
        E.cuMemcpyHtoDAsync_v2);

    internal void CopyToHost(void* destination, ulong source, long bytes, nint stream) => Check(
        ((delegate* unmanaged<void*, ulong, nuint, nint, CudaResult>)Use(E.cuMemcpyDtoHAsync_v2))(destination, source, (nuint)bytes, stream),
        E.cuMemcpyDtoHAsync_v2);

    internal void CopyOnDevice(ulong destination, ulong source, long bytes, nint stream) => Check(
        ((delegate* unmanaged<ulong, ulong, nuint, nint, CudaResult>)Use(E.cuMemcpyDtoDAsync_v2))(destination, source, (nuint)bytes, stream),
        E.cuMemcpyDtoDAsync_v2);

    /// <summary>Sets 4-byte words.</summary>
    internal void Fill(ulong destination, uint word, long count, nint stream) => Check(
        ((delegate* unmanaged<ulong, uint, nuint, nint, CudaResult>)Use(E.cuMemsetD32Async))(destination, word, (nuint)count, stream),
        E.cuMemsetD32Async);
}
