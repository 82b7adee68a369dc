using System.Runtime.CompilerServices;

namespace RnnGpu.Cpu;

internal sealed unsafe partial class CpuBackend<T>
{
    /// <summary>What column sums add: a matrix-shaped expression, a register of a row at a time.</summary>
    private interface IRowTerm
    {
        /// <summary>Columns c to c + Width - 1 of a row.</summary>
        T Full(long row, long c);

        /// <summary>Columns c to c + n - 1; anything in the lanes beyond.</summary>
        T Partial(long row, long c, int n);
    }

    /// <summary>
    /// <c>y[c] += term[0, c] + term[1, c] + ...</c> for columns start to end - 1. Each column is one chain from the old value in row
    /// order, and no column knows of another, so neither register width nor the cut into columns or rows changes its bits.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddRows<TTerm>(TTerm term, long rows, long start, long end, float* y)
        where TTerm : struct, IRowTerm
    {
        int w = T.Width;
        long c = start;
        for (; c <= end - (4 * w); c += 4 * w)
        {
            T s0 = T.Load(y + c), s1 = T.Load(y + c + w), s2 = T.Load(y + c + (2 * w)), s3 = T.Load(y + c + (3 * w));
            for (long row = 0; row < rows; row++)
            {
                s0 += term.Full(row, c);
                s1 += term.Full(row, c + w);
                s2 += term.Full(row, c + (2 * w));
                s3 += term.Full(row, c + (3 * w));
            }

            T.Store(y + c, s0);
            T.Store(y + c + w, s1);
            T.Store(y + c + (2 * w), s2);
            T.Store(y + c + (3 * w), s3);
        }

        for (; c <= end - w; c += w)
        {
            T s = T.Load(y + c);
            for (long row = 0; row < rows; row++) { s += term.Full(row, c); }
            T.Store(y + c, s);
        }

        if (c < end)
        {
            int n = (int)(end - c);
            T s = T.LoadPartial(y + c, n);
            for (long row = 0; row < rows; row++) { s += term.Partial(row, c, n); }
            T.StorePartial(y + c, s, n);
        }
    }

    /// <summary>A matrix's own elements.</summary>
    private readonly struct MatrixTerm(float* x, long stride) : IRowTerm
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Full(long row, long c) => T.Load(x + (row * stride) + c);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Partial(long row, long c, int n) => T.LoadPartial(x + (row * stride) + c, n);
    }
}
