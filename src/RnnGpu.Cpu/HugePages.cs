using System.Runtime.InteropServices;

namespace RnnGpu.Cpu;

/// <summary>Asks the system to back large blocks with huge pages: rows of a matrix lie a page or more apart, and each small page costs a walk of the page tables.</summary>
internal static unsafe partial class HugePages
{
    /// <summary>Size of a huge page on x86-64 and 64-bit Arm with 4 KiB pages.</summary>
    public const nuint Bytes = 2 << 20;

    private const int AdviceHugePage = 14;

    /// <summary>Advises for a block; where the system knows no such advice, or has huge pages off, nothing changes but speed.</summary>
    /// <param name="start">A multiple of <see cref="Bytes"/>.</param>
    /// <param name="length">Bytes.</param>
    public static void Advise(void* start, nuint length)
    {
        if (OperatingSystem.IsLinux()) { _ = Madvise(start, length, AdviceHugePage); }
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Madvise(void* start, nuint length, int advice);
}
