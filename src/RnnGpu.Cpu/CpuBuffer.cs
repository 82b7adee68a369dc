using System.Runtime.InteropServices;
using RnnGpu.Core;

namespace RnnGpu.Cpu;

/// <summary>Native memory, aligned to cache lines, large blocks to 2 MiB so that huge pages can back them.</summary>
internal sealed unsafe class CpuBuffer : IDeviceBuffer
{
    private const nuint CacheLine = 64;
    private const nuint HugePage = 2 << 20;

    public CpuBuffer(long bytes)
    {
        Bytes = bytes;
        nuint alignment = (nuint)bytes >= 2 * HugePage ? HugePage : CacheLine;
        try
        {
            Pointer = (byte*)NativeMemory.AlignedAlloc((nuint)Math.Max(bytes, 1), alignment);
        }
        catch (OutOfMemoryException inner)
        {
            throw new OutOfDeviceMemoryException("the CPU", bytes, inner);
        }
    }

    ~CpuBuffer() => Free();

    public long Bytes { get; }

    public byte* Pointer { get; private set; }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        NativeMemory.AlignedFree(Pointer);
        Pointer = null;
    }
}
