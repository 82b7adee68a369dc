using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Text;

namespace RnnGpu.Cpu;

/// <summary>The processor by name, and its caches: from CPUID where there is one, else from what Linux says of them.</summary>
public static class CpuModel
{
    private const int BrandLeaf = unchecked((int)0x80000002), LastBrandLeaf = unchecked((int)0x80000004), ExtendedLeaf = unchecked((int)0x80000000);
    private const int IntelCaches = 4, AmdCaches = unchecked((int)0x8000001D);
    private const int DataCache = 1, UnifiedCache = 3, MostCaches = 8;
    private const string LinuxCaches = "/sys/devices/system/cpu/cpu0/cache";

    /// <summary>Name, such as a server tells its processor's; the architecture where nobody says.</summary>
    public static string Name { get; } = X86Base.IsSupported && Brand() is { Length: > 0 } brand ? brand : RuntimeInformation.ProcessArchitecture.ToString();

    /// <summary>Bytes of the caches of second and third level that core 0 uses; 0 where it has none or nobody says.</summary>
    public static (long L2, long L3) Caches { get; } = X86Base.IsSupported && FromCpuid() is { L2: > 0 } known ? known : FromLinux();

    private static string Brand()
    {
        if ((uint)X86Base.CpuId(ExtendedLeaf, 0).Eax < unchecked((uint)LastBrandLeaf)) { return ""; }
        Span<int> words = stackalloc int[12];
        for (int i = 0; i < 3; i++)
        {
            (words[4 * i], words[(4 * i) + 1], words[(4 * i) + 2], words[(4 * i) + 3]) = X86Base.CpuId(BrandLeaf + i, 0);
        }

        ReadOnlySpan<byte> text = MemoryMarshal.AsBytes(words);
        int end = text.IndexOf((byte)0);
        return string.Join(' ', Encoding.ASCII.GetString(end < 0 ? text : text[..end]).Split(' ', StringSplitOptions.RemoveEmptyEntries));
    }

    private static (long L2, long L3) FromCpuid()
    {
        bool amd = (uint)X86Base.CpuId(ExtendedLeaf, 0).Eax >= unchecked((uint)AmdCaches) && (X86Base.CpuId(AmdCaches, 0).Eax & 31) != 0;
        if (!amd && X86Base.CpuId(0, 0).Eax < IntelCaches) { return (0, 0); }
        long l2 = 0, l3 = 0;
        for (int i = 0; i < MostCaches; i++)
        {
            (int eax, int ebx, int ecx, _) = X86Base.CpuId(amd ? AmdCaches : IntelCaches, i);
            int kind = eax & 31, level = (eax >> 5) & 7;
            if (kind == 0) { break; }
            if (kind is not (DataCache or UnifiedCache)) { continue; }

            // ways, partitions, line and sets, each less one.
            long bytes = (((uint)ebx >> 22) + 1L) * ((((uint)ebx >> 12) & 0x3FF) + 1L) * (((uint)ebx & 0xFFF) + 1L) * ((uint)ecx + 1L);
            if (level == 2) { l2 = bytes; }
            if (level == 3) { l3 = bytes; }
        }

        return (l2, l3);
    }

    private static (long L2, long L3) FromLinux()
    {
        long l2 = 0, l3 = 0;
        try
        {
            if (!Directory.Exists(LinuxCaches)) { return (0, 0); }
            foreach (string cache in Directory.GetDirectories(LinuxCaches, "index*"))
            {
                string level = File.ReadAllText(Path.Combine(cache, "level")).Trim(), size = File.ReadAllText(Path.Combine(cache, "size")).Trim();
                if (!size.EndsWith('K') || !long.TryParse(size.AsSpan(0, size.Length - 1), out long kibibytes)) { continue; }
                if (level == "2") { l2 = kibibytes << 10; }
                if (level == "3") { l3 = kibibytes << 10; }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A container may hide them.
        }

        return (l2, l3);
    }
}
