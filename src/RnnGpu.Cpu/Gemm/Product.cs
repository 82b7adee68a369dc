using RnnGpu.Cpu.Simd;

namespace RnnGpu.Cpu.Gemm;

/// <summary>Products of rows with one packed panel: cuts rows into register tiles and mends the ragged right edge.</summary>
internal static unsafe class Product<T>
    where T : struct, ISimd<T>
{
    private const int MaxTileRows = 8;

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
    public static void Rows(
        int* rows, long count, float* a, long aRow, long aStep, float* panel, long k, float* init, float* c, long cRow, int columns)
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

            if (whole)
            {
                Tile<T>.Multiply(n, ap, (nint)aStep, panel, (nint)k, init, cp);
            }
            else
            {
                Edge(n, ap, (nint)aStep, panel, (nint)k, init, cp, edge, columns);
            }
        }
    }

    /// <summary>A tile that C has only the first columns of: computed beside C, the part that exists copied in and out.</summary>
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

        Tile<T>.Multiply(n, a, aStep, panel, k, init, ep);
        for (int r = 0; r < n; r++)
        {
            new ReadOnlySpan<float>(ep[r], columns).CopyTo(new Span<float>(c[r], columns));
        }
    }
}
