using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using RnnGpu.Cpu.Simd;

namespace RnnGpu.Cpu.Gemm;

/// <summary>
/// The register tile of every product: up to <c>T.TileRows</c> rows by <see cref="Columns"/> columns of C stay in registers while the
/// inner axis runs. Each element is one chain of fused multiply-adds in index order, so it has the same bits in whichever tile
/// it falls. The row counts are written out because register tiles need names, not arrays.
/// </summary>
internal static unsafe class Tile<T>
    where T : struct, ISimd<T>
{
    /// <summary>Floats that one inner index asks for ahead: two cache lines.</summary>
    public const int FetchFloats = 32;

    /// <summary>Columns of a tile and of a packed panel: four registers.</summary>
    public static int Columns => 4 * T.Width;

    /// <summary><c>C[r] = init + A[r] B</c> or, with init null, <c>C[r] += A[r] B</c>, for up to <c>T.TileRows</c> rows.</summary>
    /// <param name="rows">Rows, 1 to <c>T.TileRows</c>.</param>
    /// <param name="a">First element of each row of A.</param>
    /// <param name="step">Elements from one inner index of A to the next.</param>
    /// <param name="b">Panel <c>[K, Columns]</c>, packed.</param>
    /// <param name="k">K.</param>
    /// <param name="init"><see cref="Columns"/> starting values for every row, or null for C's own.</param>
    /// <param name="c">First element of each row of C.</param>
    /// <param name="ahead">What to fetch into the second-level cache meanwhile; any address.</param>
    /// <param name="aheadStep"><see cref="FetchFloats"/> to go on with each inner index, 0 to stay: nothing to fetch.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Multiply(int rows, float** a, nint step, float* b, nint k, float* init, float** c, float* ahead, nint aheadStep)
    {
        switch (rows)
        {
            case 6:
                Rows6(a, step, b, k, init, c, ahead, aheadStep);
                break;
            case 5:
                Rows3(a, step, b, k, init, c, ahead, aheadStep);
                Rows2(a + 3, step, b, k, init, c + 3, ahead, 0);
                break;
            case 4:
                Rows4(a, step, b, k, init, c, ahead, aheadStep);
                break;
            case 3:
                Rows3(a, step, b, k, init, c, ahead, aheadStep);
                break;
            case 2:
                Rows2(a, step, b, k, init, c, ahead, aheadStep);
                break;
            default:
                Rows1(a, step, b, k, init, c, ahead, aheadStep);
                break;
        }
    }

    /// <summary>Asks the second-level cache for the next two lines of what is read after this panel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Fetch(ref float* ahead, nint step)
    {
        if (!Sse.IsSupported) { return; }
        Sse.Prefetch1(ahead);
        Sse.Prefetch1(ahead + (FetchFloats / 2));
        ahead += step;
    }

    /// <summary>Stores a tile's row of four registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store4(float* c, T s0, T s1, T s2, T s3)
    {
        int w = T.Width;
        T.Store(c, s0);
        T.Store(c + w, s1);
        T.Store(c + (2 * w), s2);
        T.Store(c + (3 * w), s3);
    }

    /// <summary>6 rows by four registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows6(float** a, nint step, float* b, nint k, float* init, float** c, float* ahead, nint aheadStep)
    {
        int w = T.Width;
        float* a0 = a[0], a1 = a[1], a2 = a[2], a3 = a[3], a4 = a[4], a5 = a[5];
        float* i0 = init == null ? c[0] : init;
        float* i1 = init == null ? c[1] : init;
        float* i2 = init == null ? c[2] : init;
        float* i3 = init == null ? c[3] : init;
        float* i4 = init == null ? c[4] : init;
        float* i5 = init == null ? c[5] : init;
        T s00 = T.Load(i0), s01 = T.Load(i0 + w), s02 = T.Load(i0 + (2 * w)), s03 = T.Load(i0 + (3 * w));
        T s10 = T.Load(i1), s11 = T.Load(i1 + w), s12 = T.Load(i1 + (2 * w)), s13 = T.Load(i1 + (3 * w));
        T s20 = T.Load(i2), s21 = T.Load(i2 + w), s22 = T.Load(i2 + (2 * w)), s23 = T.Load(i2 + (3 * w));
        T s30 = T.Load(i3), s31 = T.Load(i3 + w), s32 = T.Load(i3 + (2 * w)), s33 = T.Load(i3 + (3 * w));
        T s40 = T.Load(i4), s41 = T.Load(i4 + w), s42 = T.Load(i4 + (2 * w)), s43 = T.Load(i4 + (3 * w));
        T s50 = T.Load(i5), s51 = T.Load(i5 + w), s52 = T.Load(i5 + (2 * w)), s53 = T.Load(i5 + (3 * w));
        for (nint end = k * step, i = 0; i != end; i += step)
        {
            T b0 = T.Load(b), b1 = T.Load(b + w), b2 = T.Load(b + (2 * w)), b3 = T.Load(b + (3 * w));
            T x = T.Broadcast(a0[i]);
            s00 = T.MultiplyAdd(x, b0, s00);
            s01 = T.MultiplyAdd(x, b1, s01);
            s02 = T.MultiplyAdd(x, b2, s02);
            s03 = T.MultiplyAdd(x, b3, s03);
            x = T.Broadcast(a1[i]);
            s10 = T.MultiplyAdd(x, b0, s10);
            s11 = T.MultiplyAdd(x, b1, s11);
            s12 = T.MultiplyAdd(x, b2, s12);
            s13 = T.MultiplyAdd(x, b3, s13);
            x = T.Broadcast(a2[i]);
            s20 = T.MultiplyAdd(x, b0, s20);
            s21 = T.MultiplyAdd(x, b1, s21);
            s22 = T.MultiplyAdd(x, b2, s22);
            s23 = T.MultiplyAdd(x, b3, s23);
            x = T.Broadcast(a3[i]);
            s30 = T.MultiplyAdd(x, b0, s30);
            s31 = T.MultiplyAdd(x, b1, s31);
            s32 = T.MultiplyAdd(x, b2, s32);
            s33 = T.MultiplyAdd(x, b3, s33);
            x = T.Broadcast(a4[i]);
            s40 = T.MultiplyAdd(x, b0, s40);
            s41 = T.MultiplyAdd(x, b1, s41);
            s42 = T.MultiplyAdd(x, b2, s42);
            s43 = T.MultiplyAdd(x, b3, s43);
            x = T.Broadcast(a5[i]);
            s50 = T.MultiplyAdd(x, b0, s50);
            s51 = T.MultiplyAdd(x, b1, s51);
            s52 = T.MultiplyAdd(x, b2, s52);
            s53 = T.MultiplyAdd(x, b3, s53);
            b += 4 * w;
            Fetch(ref ahead, aheadStep);
        }

        Store4(c[0], s00, s01, s02, s03);
        Store4(c[1], s10, s11, s12, s13);
        Store4(c[2], s20, s21, s22, s23);
        Store4(c[3], s30, s31, s32, s33);
        Store4(c[4], s40, s41, s42, s43);
        Store4(c[5], s50, s51, s52, s53);
    }

    /// <summary>4 rows by four registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows4(float** a, nint step, float* b, nint k, float* init, float** c, float* ahead, nint aheadStep)
    {
        int w = T.Width;
        float* a0 = a[0], a1 = a[1], a2 = a[2], a3 = a[3];
        float* i0 = init == null ? c[0] : init;
        float* i1 = init == null ? c[1] : init;
        float* i2 = init == null ? c[2] : init;
        float* i3 = init == null ? c[3] : init;
        T s00 = T.Load(i0), s01 = T.Load(i0 + w), s02 = T.Load(i0 + (2 * w)), s03 = T.Load(i0 + (3 * w));
        T s10 = T.Load(i1), s11 = T.Load(i1 + w), s12 = T.Load(i1 + (2 * w)), s13 = T.Load(i1 + (3 * w));
        T s20 = T.Load(i2), s21 = T.Load(i2 + w), s22 = T.Load(i2 + (2 * w)), s23 = T.Load(i2 + (3 * w));
        T s30 = T.Load(i3), s31 = T.Load(i3 + w), s32 = T.Load(i3 + (2 * w)), s33 = T.Load(i3 + (3 * w));
        for (nint end = k * step, i = 0; i != end; i += step)
        {
            T b0 = T.Load(b), b1 = T.Load(b + w), b2 = T.Load(b + (2 * w)), b3 = T.Load(b + (3 * w));
            T x = T.Broadcast(a0[i]);
            s00 = T.MultiplyAdd(x, b0, s00);
            s01 = T.MultiplyAdd(x, b1, s01);
            s02 = T.MultiplyAdd(x, b2, s02);
            s03 = T.MultiplyAdd(x, b3, s03);
            x = T.Broadcast(a1[i]);
            s10 = T.MultiplyAdd(x, b0, s10);
            s11 = T.MultiplyAdd(x, b1, s11);
            s12 = T.MultiplyAdd(x, b2, s12);
            s13 = T.MultiplyAdd(x, b3, s13);
            x = T.Broadcast(a2[i]);
            s20 = T.MultiplyAdd(x, b0, s20);
            s21 = T.MultiplyAdd(x, b1, s21);
            s22 = T.MultiplyAdd(x, b2, s22);
            s23 = T.MultiplyAdd(x, b3, s23);
            x = T.Broadcast(a3[i]);
            s30 = T.MultiplyAdd(x, b0, s30);
            s31 = T.MultiplyAdd(x, b1, s31);
            s32 = T.MultiplyAdd(x, b2, s32);
            s33 = T.MultiplyAdd(x, b3, s33);
            b += 4 * w;
            Fetch(ref ahead, aheadStep);
        }

        Store4(c[0], s00, s01, s02, s03);
        Store4(c[1], s10, s11, s12, s13);
        Store4(c[2], s20, s21, s22, s23);
        Store4(c[3], s30, s31, s32, s33);
    }

    /// <summary>3 rows by four registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows3(float** a, nint step, float* b, nint k, float* init, float** c, float* ahead, nint aheadStep)
    {
        int w = T.Width;
        float* a0 = a[0], a1 = a[1], a2 = a[2];
        float* i0 = init == null ? c[0] : init;
        float* i1 = init == null ? c[1] : init;
        float* i2 = init == null ? c[2] : init;
        T s00 = T.Load(i0), s01 = T.Load(i0 + w), s02 = T.Load(i0 + (2 * w)), s03 = T.Load(i0 + (3 * w));
        T s10 = T.Load(i1), s11 = T.Load(i1 + w), s12 = T.Load(i1 + (2 * w)), s13 = T.Load(i1 + (3 * w));
        T s20 = T.Load(i2), s21 = T.Load(i2 + w), s22 = T.Load(i2 + (2 * w)), s23 = T.Load(i2 + (3 * w));
        for (nint end = k * step, i = 0; i != end; i += step)
        {
            T b0 = T.Load(b), b1 = T.Load(b + w), b2 = T.Load(b + (2 * w)), b3 = T.Load(b + (3 * w));
            T x = T.Broadcast(a0[i]);
            s00 = T.MultiplyAdd(x, b0, s00);
            s01 = T.MultiplyAdd(x, b1, s01);
            s02 = T.MultiplyAdd(x, b2, s02);
            s03 = T.MultiplyAdd(x, b3, s03);
            x = T.Broadcast(a1[i]);
            s10 = T.MultiplyAdd(x, b0, s10);
            s11 = T.MultiplyAdd(x, b1, s11);
            s12 = T.MultiplyAdd(x, b2, s12);
            s13 = T.MultiplyAdd(x, b3, s13);
            x = T.Broadcast(a2[i]);
            s20 = T.MultiplyAdd(x, b0, s20);
            s21 = T.MultiplyAdd(x, b1, s21);
            s22 = T.MultiplyAdd(x, b2, s22);
            s23 = T.MultiplyAdd(x, b3, s23);
            b += 4 * w;
            Fetch(ref ahead, aheadStep);
        }

        Store4(c[0], s00, s01, s02, s03);
        Store4(c[1], s10, s11, s12, s13);
        Store4(c[2], s20, s21, s22, s23);
    }

    /// <summary>2 rows by four registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows2(float** a, nint step, float* b, nint k, float* init, float** c, float* ahead, nint aheadStep)
    {
        int w = T.Width;
        float* a0 = a[0], a1 = a[1];
        float* i0 = init == null ? c[0] : init;
        float* i1 = init == null ? c[1] : init;
        T s00 = T.Load(i0), s01 = T.Load(i0 + w), s02 = T.Load(i0 + (2 * w)), s03 = T.Load(i0 + (3 * w));
        T s10 = T.Load(i1), s11 = T.Load(i1 + w), s12 = T.Load(i1 + (2 * w)), s13 = T.Load(i1 + (3 * w));
        for (nint end = k * step, i = 0; i != end; i += step)
        {
            T b0 = T.Load(b), b1 = T.Load(b + w), b2 = T.Load(b + (2 * w)), b3 = T.Load(b + (3 * w));
            T x = T.Broadcast(a0[i]);
            s00 = T.MultiplyAdd(x, b0, s00);
            s01 = T.MultiplyAdd(x, b1, s01);
            s02 = T.MultiplyAdd(x, b2, s02);
            s03 = T.MultiplyAdd(x, b3, s03);
            x = T.Broadcast(a1[i]);
            s10 = T.MultiplyAdd(x, b0, s10);
            s11 = T.MultiplyAdd(x, b1, s11);
            s12 = T.MultiplyAdd(x, b2, s12);
            s13 = T.MultiplyAdd(x, b3, s13);
            b += 4 * w;
            Fetch(ref ahead, aheadStep);
        }

        Store4(c[0], s00, s01, s02, s03);
        Store4(c[1], s10, s11, s12, s13);
    }

    /// <summary>1 row by four registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows1(float** a, nint step, float* b, nint k, float* init, float** c, float* ahead, nint aheadStep)
    {
        int w = T.Width;
        float* a0 = a[0];
        float* i0 = init == null ? c[0] : init;
        T s00 = T.Load(i0), s01 = T.Load(i0 + w), s02 = T.Load(i0 + (2 * w)), s03 = T.Load(i0 + (3 * w));
        for (nint end = k * step, i = 0; i != end; i += step)
        {
            T b0 = T.Load(b), b1 = T.Load(b + w), b2 = T.Load(b + (2 * w)), b3 = T.Load(b + (3 * w));
            T x = T.Broadcast(a0[i]);
            s00 = T.MultiplyAdd(x, b0, s00);
            s01 = T.MultiplyAdd(x, b1, s01);
            s02 = T.MultiplyAdd(x, b2, s02);
            s03 = T.MultiplyAdd(x, b3, s03);
            b += 4 * w;
            Fetch(ref ahead, aheadStep);
        }

        Store4(c[0], s00, s01, s02, s03);
    }
}
