using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
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
    private const int Square = 4;
    private const int FloatsPerLine = 16;

    // Inner indices between a prefetch and its use: about the latency of the shared cache.
    private const int Ahead = 8;

    /// <summary>
    /// Columns <paramref name="column"/>.. of B, inner indices k0..k1-1, as a panel <c>[k1-k0, Tile.Columns]</c>; columns that B lacks are 0.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
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

        Transpose(source, b.RowStep, b.ColumnStep, k, columns, panel);
    }

    /// <summary>Floats from one strip to the next: a line more than it holds, since strips a multiple of 4 KiB apart would all be written to the same few places of L1.</summary>
    public static long StripFloats(long k) => (T.TileRows * k) + FloatsPerLine;

    /// <summary>
    /// Rows row..row+rows-1 of A, inner indices k0..k1-1, as strips <c>[k1-k0, TileRows]</c>, <see cref="StripFloats"/> apart: for a transposed A, whose own order
    /// would touch one cache line an element. The last strip's missing rows are left as they are.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Strips(Operand a, long row, long rows, long k0, long k1, float* strips)
    {
        int height = T.TileRows;
        long length = StripFloats(k1 - k0);
        for (long k = k0; k < k1; k++)
        {
            // An inner index is a run of adjacent elements here: read whole before the next one, far away, is begun.
            float* source = a.Start + (row * a.RowStep) + (k * a.ColumnStep);
            if (Sse.IsSupported && a.RowStep == 1 && k + Ahead < k1)
            {
                for (long r = 0; r < rows; r += FloatsPerLine) { Sse.Prefetch0(source + (Ahead * a.ColumnStep) + r); }
            }

            float* strip = strips + ((k - k0) * height);
            for (long r = 0; r < rows; r += height, strip += length)
            {
                int n = (int)Math.Min(height, rows - r);
                if (a.RowStep == 1)
                {
                    CopyFew(source + r, strip, n);
                    continue;
                }

                for (int i = 0; i < n; i++) { strip[i] = source[(r + i) * a.RowStep]; }
            }
        }
    }

    /// <summary>Up to seven adjacent floats, in pieces: masked stores cost several times as much.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopyFew(float* from, float* to, int n)
    {
        if ((n & 4) != 0)
        {
            Vector128.Load(from).Store(to);
            from += 4;
            to += 4;
        }

        if ((n & 2) != 0)
        {
            Unsafe.WriteUnaligned(to, Unsafe.ReadUnaligned<long>(from));
            from += 2;
            to += 2;
        }

        if ((n & 1) != 0) { *to = *from; }
    }

    /// <summary>A transposed source, whose inner axis is adjacent. Short runs of it keep the panel rows being written in L1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Transpose(float* source, long rowStep, long columnStep, long k, int columns, float* panel)
    {
        int width = Tile<T>.Columns;
        bool squares = rowStep == 1 && (Sse2.IsSupported || AdvSimd.Arm64.IsSupported);
        long k0 = 0;
        for (; squares && k0 + Square <= k; k0 += Square)
        {
            float* to = panel + (k0 * width);
            int j = 0;
            for (; j + Square <= columns; j += Square) { TransposeSquare(source + k0 + (j * columnStep), columnStep, to + j, width); }
            for (; j < columns; j++)
            {
                for (int q = 0; q < Square; q++) { to[(q * width) + j] = source[k0 + q + (j * columnStep)]; }
            }
        }

        for (; k0 < k; k0 += TransposeBlock)
        {
            long n = Math.Min(TransposeBlock, k - k0);
            for (int j = 0; j < columns; j++)
            {
                float* from = source + (k0 * rowStep) + (j * columnStep);
                float* to = panel + (k0 * width) + j;
                for (long q = 0; q < n; q++) { to[q * width] = from[q * rowStep]; }
            }
        }
    }

    /// <summary>Four by four.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TransposeSquare(float* from, long fromStep, float* to, long toStep)
    {
        Vector128<float> r0 = Vector128.Load(from), r1 = Vector128.Load(from + fromStep);
        Vector128<float> r2 = Vector128.Load(from + (2 * fromStep)), r3 = Vector128.Load(from + (3 * fromStep));
        Vector128<double> low01 = ZipLow(r0, r1), high01 = ZipHigh(r0, r1), low23 = ZipLow(r2, r3), high23 = ZipHigh(r2, r3);
        ZipLow(low01, low23).AsSingle().Store(to);
        ZipHigh(low01, low23).AsSingle().Store(to + toStep);
        ZipLow(high01, high23).AsSingle().Store(to + (2 * toStep));
        ZipHigh(high01, high23).AsSingle().Store(to + (3 * toStep));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<double> ZipLow(Vector128<float> a, Vector128<float> b) =>
        (Sse.IsSupported ? Sse.UnpackLow(a, b) : AdvSimd.Arm64.ZipLow(a, b)).AsDouble();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<double> ZipHigh(Vector128<float> a, Vector128<float> b) =>
        (Sse.IsSupported ? Sse.UnpackHigh(a, b) : AdvSimd.Arm64.ZipHigh(a, b)).AsDouble();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<double> ZipLow(Vector128<double> a, Vector128<double> b) =>
        Sse2.IsSupported ? Sse2.UnpackLow(a, b) : AdvSimd.Arm64.ZipLow(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<double> ZipHigh(Vector128<double> a, Vector128<double> b) =>
        Sse2.IsSupported ? Sse2.UnpackHigh(a, b) : AdvSimd.Arm64.ZipHigh(a, b);
}
