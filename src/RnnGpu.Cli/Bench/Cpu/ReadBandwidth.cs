using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace RnnGpu.Cli.Bench.Cpu;

/// <summary>
/// Measures a <see cref="BandwidthCurve"/>: each thread sums its own part of a working set over and over, a register at a time. The memory is on pages of ordinary size, so
/// that beyond some MiB the backend's own large blocks, which ask for huge pages, may be read a little faster.
/// </summary>
internal static class ReadBandwidth
{
    private const long Least = 16 << 10, Most = 256 << 20;

    // Short and many, so that some are between two of the scheduler's time slices where others run too.
    private const double AttemptMilliseconds = 1.5;
    private const int Attempts = 10, CacheLine = 64, Floats = CacheLine / sizeof(float), Unrolled = 8 * Floats;

    /// <summary>The curve of so many threads, from 16 KiB to 256 MiB by powers of two; the best of a few attempts at each size.</summary>
    public static BandwidthCurve Measure(int threads)
    {
        int each = (int)(Most / threads / sizeof(float));
        float[][] memory = [.. Enumerable.Range(0, threads).Select(_ => GC.AllocateArray<float>(each + Floats, pinned: true))];
        foreach (float[] part in memory) { part.AsSpan().Fill(1); }
        var points = new List<(double, double)>();
        for (long bytes = Least; bytes <= Most; bytes *= 2)
        {
            int length = Math.Max((int)(bytes / threads / sizeof(float)) / Unrolled * Unrolled, Unrolled);
            double best = 0;
            for (int attempt = 0; attempt < Attempts; attempt++) { best = Math.Max(best, Attempt(memory, length)); }
            points.Add((bytes, best));
        }

        return new BandwidthCurve(points);
    }

    private static double Attempt(float[][] memory, int length)
    {
        using var start = new Barrier(memory.Length);
        var rates = new double[memory.Length];
        void Read(int i)
        {
            ReadOnlySpan<float> part = Aligned(memory[i], length);
            float sum = Sum(part);
            start.SignalAndWait();
            long turns = 0, began = Stopwatch.GetTimestamp();
            double elapsed;
            do
            {
                // The clock is looked at about every 32 KiB, or once a turn.
                for (int turn = 0; turn < Math.Max(1, (32 << 10) / (length * sizeof(float))); turn++, turns++) { sum += Sum(part); }
                elapsed = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
            }
            while (elapsed < AttemptMilliseconds);
            GC.KeepAlive(sum > 0 ? string.Empty : null);
            rates[i] = turns * (double)length * sizeof(float) / elapsed * 1e3;
        }

        Thread[] others = [.. Enumerable.Range(1, memory.Length - 1).Select(i => new Thread(() => Read(i)))];
        foreach (Thread thread in others) { thread.Start(); }
        Read(0);
        foreach (Thread thread in others) { thread.Join(); }
        return rates.Sum();
    }

    /// <summary>A part that starts on a cache line.</summary>
    private static ReadOnlySpan<float> Aligned(float[] pinned, int length)
    {
        long address = Marshal.UnsafeAddrOfPinnedArrayElement(pinned, 0);
        return pinned.AsSpan((int)((CacheLine - (address % CacheLine)) % CacheLine / sizeof(float)), length);
    }

    private static float Sum(ReadOnlySpan<float> values) =>
        Vector512.IsHardwareAccelerated ? Sum512(values) : Vector256.IsHardwareAccelerated ? Sum256(values) : Sum128(values);

    private static float Sum512(ReadOnlySpan<float> values)
    {
        ref float p = ref MemoryMarshal.GetReference(values);
        Vector512<float> a = default, b = a, c = a, d = a, e = a, f = a, g = a, h = a;
        for (nuint i = 0; i < (nuint)values.Length; i += Unrolled)
        {
            a += Vector512.LoadUnsafe(ref p, i);
            b += Vector512.LoadUnsafe(ref p, i + 16);
            c += Vector512.LoadUnsafe(ref p, i + 32);
            d += Vector512.LoadUnsafe(ref p, i + 48);
            e += Vector512.LoadUnsafe(ref p, i + 64);
            f += Vector512.LoadUnsafe(ref p, i + 80);
            g += Vector512.LoadUnsafe(ref p, i + 96);
            h += Vector512.LoadUnsafe(ref p, i + 112);
        }

        return Vector512.Sum(a + b + c + d + e + f + g + h);
    }

    private static float Sum256(ReadOnlySpan<float> values)
    {
        ref float p = ref MemoryMarshal.GetReference(values);
        Vector256<float> a = default, b = a, c = a, d = a, e = a, f = a, g = a, h = a;
        for (nuint i = 0; i < (nuint)values.Length; i += Unrolled / 2)
        {
            a += Vector256.LoadUnsafe(ref p, i);
            b += Vector256.LoadUnsafe(ref p, i + 8);
            c += Vector256.LoadUnsafe(ref p, i + 16);
            d += Vector256.LoadUnsafe(ref p, i + 24);
            e += Vector256.LoadUnsafe(ref p, i + 32);
            f += Vector256.LoadUnsafe(ref p, i + 40);
            g += Vector256.LoadUnsafe(ref p, i + 48);
            h += Vector256.LoadUnsafe(ref p, i + 56);
        }

        return Vector256.Sum(a + b + c + d + e + f + g + h);
    }

    private static float Sum128(ReadOnlySpan<float> values)
    {
        ref float p = ref MemoryMarshal.GetReference(values);
        Vector128<float> a = default, b = a, c = a, d = a;
        for (nuint i = 0; i < (nuint)values.Length; i += Unrolled / 8)
        {
            a += Vector128.LoadUnsafe(ref p, i);
            b += Vector128.LoadUnsafe(ref p, i + 4);
            c += Vector128.LoadUnsafe(ref p, i + 8);
            d += Vector128.LoadUnsafe(ref p, i + 12);
        }

        return Vector128.Sum(a + b + c + d);
    }
}
