using RnnGpu.Cpu.Simd;

namespace RnnGpu.Cpu.Gemm;

/// <summary>An operand's element (i, j) at <c>Start[i * RowStep + j * ColumnStep]</c>.</summary>
internal readonly unsafe struct Operand(float* start, long rowStep, long columnStep)
{
    public readonly float* Start = start;
    public readonly long RowStep = rowStep;
    public readonly long ColumnStep = columnStep;
}

/// <summary>Copies of operands in the order in which the register tile reads them.</summary>
internal static unsafe class Packing<T>
    where T : struct, ISimd<T>
{
    private const int TransposeBlock = 8;

    /// <summary>
    /// Columns <paramref name="column"/>.. of B, inner indices k0..k1-1, as a panel <c>[k1-k0, Tile.Columns]</c>; columns that B lacks are 0.
    /// </summary>
    public static void Panel(Operand b, long k0, long k1, long column, int columns, float* panel)
    {
        int width = Tile<T>.Columns;
        float* source = b.Start + (k0 * b.RowStep) + (column * b.ColumnStep);
        long k = k1 - k0;
        if (columns < width) { new Span<float>(panel, checked((int)(k * width))).Clear(); }
        if (b.ColumnStep == 1)
        {
            for (long i = 0; i < k; i++)
            {
                Buffer.MemoryCopy(source + (i * b.RowStep), panel + (i * width), columns * 4L, columns * 4L);
            }

            return;
        }

        // Transposed source: its inner axis is adjacent. Short runs of it keep the panel rows being written in L1.
        for (long i = 0; i < k; i += TransposeBlock)
        {
            long n = Math.Min(TransposeBlock, k - i);
            for (int j = 0; j < columns; j++)
            {
                float* from = source + (i * b.RowStep) + (j * b.ColumnStep);
                float* to = panel + (i * width) + j;
                for (long q = 0; q < n; q++) { to[q * width] = from[q * b.RowStep]; }
            }
        }
    }

    /// <summary>
    /// Rows row..row+rows-1 of A, inner indices k0..k1-1, as <c>[k1-k0, TileRows]</c>: for a transposed A, whose own order would
    /// touch one cache line an element.
    /// </summary>
    public static void Strip(Operand a, long row, int rows, long k0, long k1, float* strip)
    {
        int height = T.TileRows;
        float* source = a.Start + (row * a.RowStep) + (k0 * a.ColumnStep);
        for (long k = k0; k < k1; k++)
        {
            for (int r = 0; r < rows; r++) { strip[r] = source[r * a.RowStep]; }
            strip += height;
            source += a.ColumnStep;
        }
    }
}
