using System.Runtime.InteropServices;
using RnnGpu.Core;

namespace RnnGpu.Cpu;

/// <summary>Native memory, aligned to cache lines, large blocks to 2 MiB so that huge pages can back them.</summary>
internal sealed unsafe class CpuBuffer : IDeviceBuffer
{
    private const nuint CacheLine = 64;

    public CpuBuffer(long bytes)
    {
        Bytes = bytes;
        bool large = bytes >= (long)(2 * HugePages.Bytes);
        try
        {
            Pointer = (byte*)NativeMemory.AlignedAlloc((nuint)Math.Max(bytes, 1), large ? HugePages.Bytes : CacheLine);
            if (large) { HugePages.Advise(Pointer, (nuint)bytes); }
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
