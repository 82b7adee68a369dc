using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using RnnGpu.Cpu.Simd;

namespace RnnGpu.Cpu.Gemm;

/// <summary>Products of rows with one packed panel: cuts rows into register tiles and mends the ragged right edge.</summary>
[SkipLocalsInit]
internal static unsafe class Product<T>
    where T : struct, ISimd<T>
{
    private const int MaxTileRows = 8;
    private const int FloatsPerLine = 16;

    /// <summary>
    /// <c>C[r, 0..columns) = init + A[r] B</c>, or <c>+= A[r] B</c> with init null, for the given rows of A and C.
    /// </summary>
    /// <param name="rows">Row numbers, or null for 0, 1, ...</param>
    /// <param name="count">How many.</param>
    /// <param name="a">Row 0 of A.</param>
    /// <param name="aRow">Elements from one row of A to the next.</param>
    /// <param name="aStep">Elements from one inner index of A to the next.</param>
    /// <param name="panel">B, packed <c>[K, Tile.Columns]</c>.</param>
    /// <param name="k">K.</param>
    /// <param name="init">Starting values of a row, <c>Tile.Columns</c> of them; or null.</param>
    /// <param name="c">Row 0 of C, at the panel's first column.</param>
    /// <param name="cRow">Elements from one row of C to the next.</param>
    /// <param name="columns">Columns of C that this panel has, 1 to <c>Tile.Columns</c>.</param>
    /// <param name="next">The panel that follows, to be fetched into the second-level cache while the later rows pass over this one; null: none, or it is there.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows(
        int* rows, long count, float* a, long aRow, long aStep, float* panel, long k, float* init, float* c, long cRow, int columns, float* next)
    {
        float** ap = stackalloc float*[MaxTileRows];
        float** cp = stackalloc float*[MaxTileRows];
        float* edge = stackalloc float[MaxTileRows * 64];
        bool whole = columns == Tile<T>.Columns;
        for (long first = 0; first < count; first += T.TileRows)
        {
            int n = (int)Math.Min(T.TileRows, count - first);
            for (int r = 0; r < n; r++)
            {
                long row = rows == null ? first + r : rows[first + r];
                ap[r] = a + (row * aRow);
                cp[r] = c + (row * cRow);
            }

            if (init == null) { PrefetchNext(rows, first + n, count, c, cRow); }
            // The first rows bring this panel in themselves; the two tiles behind them each have time for half of the next one.
            bool fetch = next != null && first > 0 && first <= 2 * T.TileRows;
            float* ahead = fetch ? next + (((first / T.TileRows) - 1) * k * Tile<T>.FetchFloats) : panel;
            nint aheadStep = fetch ? Tile<T>.FetchFloats : 0;
            if (whole)
            {
                Tile<T>.Multiply(n, ap, (nint)aStep, panel, (nint)k, init, cp, ahead, aheadStep);
            }
            else
            {
                Edge(n, ap, (nint)aStep, panel, (nint)k, init, cp, edge, columns);
            }
        }
    }

    /// <summary>
    /// Asks for the part of C that the tile after this one starts from: its rows lie far apart, where the hardware's own prefetch does not see them coming.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void PrefetchNext(int* rows, long first, long count, float* c, long cRow)
    {
        if (!Sse.IsSupported) { return; }
        long end = Math.Min(first + T.TileRows, count);
        for (long r = first; r < end; r++)
        {
            float* row = c + ((rows == null ? r : rows[r]) * cRow);
            for (int j = 0; j < Tile<T>.Columns; j += FloatsPerLine) { Sse.Prefetch0(row + j); }
        }
    }

    /// <summary>A tile that C has only the first columns of: computed beside C, the part that exists copied in and out.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Edge(
        int n, float** a, nint aStep, float* panel, nint k, float* init, float** c, float* edge, int columns)
    {
        float** ep = stackalloc float*[MaxTileRows];
        int width = Tile<T>.Columns;
        for (int r = 0; r < n; r++)
        {
            ep[r] = edge + (r * width);
            if (init == null)
            {
                new Span<float>(ep[r], width).Clear();
                new ReadOnlySpan<float>(c[r], columns).CopyTo(new Span<float>(ep[r], width));
            }
        }

        Tile<T>.Multiply(n, a, aStep, panel, k, init, ep, panel, 0);
        for (int r = 0; r < n; r++)
        {
            new ReadOnlySpan<float>(ep[r], columns).CopyTo(new Span<float>(c[r], columns));
        }
    }
}
