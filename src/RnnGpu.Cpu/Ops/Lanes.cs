using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace RnnGpu.Cpu;

internal sealed unsafe partial class CpuBackend<T>
{
    /// <summary>Partial sums side by side in every reduction along a row, whatever the register width.</summary>
    private const int SumLanes = 16;

    /// <summary>Elements after which a long sum's partial sums are folded into a double.</summary>
    private const int SumBlock = 4096;

    /// <summary>What a reduction sums: element i of some expression, a register at a time.</summary>
    private interface ITerm
    {
        /// <summary>Elements i to i + Width - 1.</summary>
        T Full(long i);

        /// <summary>Elements i to i + n - 1, and 0 in the lanes beyond.</summary>
        T Partial(long i, int n);
    }

    /// <summary>
    /// Sum over 0..n-1. Lane j of 16 adds elements j, j + 16, ... of a block of 4096 and the lanes meet in a fixed tree, because
    /// then the order of additions, and so the bits, are the same for every register width.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static double Sum<TTerm>(in TTerm term, long n)
        where TTerm : struct, ITerm
    {
        double sum = 0;
        for (long block = 0; block < n; block += SumBlock) { sum += SumOfBlock(term, block, Math.Min(n, block + SumBlock)); }
        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float SumOfBlock<TTerm>(TTerm term, long start, long end)
        where TTerm : struct, ITerm
    {
        int w = T.Width;
        float* lanes = stackalloc float[SumLanes];
        T s0 = T.Zero, s1 = T.Zero, s2 = T.Zero, s3 = T.Zero;
        long i = start;
        if (w == 16)
        {
            for (; i <= end - SumLanes; i += SumLanes) { s0 += term.Full(i); }
        }
        else if (w == 8)
        {
            for (; i <= end - SumLanes; i += SumLanes)
            {
                s0 += term.Full(i);
                s1 += term.Full(i + w);
            }
        }
        else if (w == 4)
        {
            for (; i <= end - SumLanes; i += SumLanes)
            {
                s0 += term.Full(i);
                s1 += term.Full(i + w);
                s2 += term.Full(i + (2 * w));
                s3 += term.Full(i + (3 * w));
            }
        }

        for (int j = 0; j < SumLanes; j += 4 * w)
        {
            T.Store(lanes + j, s0);
            if (w <= 8) { T.Store(lanes + j + w, s1); }
            if (w <= 4)
            {
                T.Store(lanes + j + (2 * w), s2);
                T.Store(lanes + j + (3 * w), s3);
            }
        }

        for (int j = 0; i < end; i += w, j = (j + w) % SumLanes)
        {
            T x = i <= end - w ? term.Full(i) : term.Partial(i, (int)(end - i));
            T.Store(lanes + j, T.Load(lanes + j) + x);
        }

        Vector128<float> v = (Vector128.Load(lanes) + Vector128.Load(lanes + 8)) + (Vector128.Load(lanes + 4) + Vector128.Load(lanes + 12));
        return (v[0] + v[2]) + (v[1] + v[3]);
    }

    /// <summary>Largest of x[0..n-1]; NaN if there is one; -infinity for none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Max(float* x, long n)
    {
        int w = T.Width;
        float max = float.NegativeInfinity;
        if (n < w)
        {
            for (long i = 0; i < n; i++) { max = MathF.Max(max, x[i]); }
            return max;
        }

        T lanes = T.Load(x);
        for (long i = w; i <= n - w; i += w) { lanes = T.Max(lanes, T.Load(x + i)); }
        // the last register overlaps: a maximum may see an element twice
        lanes = T.Max(lanes, T.Load(x + n - w));
        float* each = stackalloc float[SumLanes];
        T.Store(each, lanes);
        for (int j = 0; j < w; j++) { max = MathF.Max(max, each[j]); }
        return max;
    }

    /// <summary>The first n lanes, 0 in the others.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static T FirstLanes(T x, int n)
    {
        float* lanes = stackalloc float[SumLanes];
        T.Store(lanes, x);
        return T.LoadPartial(lanes, n);
    }

    /// <summary>x.</summary>
    private readonly struct ValueTerm(float* x) : ITerm
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Full(long i) => T.Load(x + i);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Partial(long i, int n) => T.LoadPartial(x + i, n);
    }

    /// <summary>a b.</summary>
    private readonly struct ProductTerm(float* a, float* b) : ITerm
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Full(long i) => T.Load(a + i) * T.Load(b + i);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Partial(long i, int n) => T.LoadPartial(a + i, n) * T.LoadPartial(b + i, n);
    }
}
