using System.Runtime.CompilerServices;
using RnnGpu.Cpu.Simd;

namespace RnnGpu.Cpu.Gemm;

/// <summary>
/// One row by several packed panels at once. A single row by one panel is four chains, and each multiply-add waits for the one before it; with eight or
/// sixteen chains the units are busy and only the stream of weights is left to wait for. The same chains, so the same bits, as <see cref="Tile{T}"/>.
/// </summary>
internal static unsafe class Row<T>
    where T : struct, ISimd<T>
{
    /// <summary>Most panels that <see cref="Multiply"/> takes at once.</summary>
    public const int MaxPanels = 4;

    /// <summary><c>C[p] = start[p] + a B[p]</c> for 1 to 4 panels.</summary>
    /// <param name="panels">How many.</param>
    /// <param name="a">The row, adjacent elements.</param>
    /// <param name="b">First panel <c>[K, Tile.Columns]</c>.</param>
    /// <param name="stride">Elements from one panel to the next.</param>
    /// <param name="k">K.</param>
    /// <param name="start"><c>Tile.Columns</c> starting values of each panel; may be C's own place.</param>
    /// <param name="c">Where each panel's <c>Tile.Columns</c> results go.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(int panels, float* a, float* b, nint stride, nint k, float** start, float** c)
    {
        int p = 0;
        if (panels == MaxPanels)
        {
            Panels4(a, b, stride, k, start, c);
            return;
        }

        if (panels >= 2)
        {
            Panels2(a, b, stride, k, start, c);
            p = 2;
        }

        if (p < panels) { Tile<T>.Multiply(1, &a, 1, b + (p * stride), k, start[p], c + p, b, 0); }
    }

    /// <summary>Four panels side by side: 16 chains.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Panels4(float* a, float* b, nint stride, nint k, float** start, float** c)
    {
        int w = T.Width;
        float* b0 = b, b1 = b + stride, b2 = b + (2 * stride), b3 = b + (3 * stride);
        T s00 = T.Load(start[0]), s01 = T.Load(start[0] + w), s02 = T.Load(start[0] + (2 * w)), s03 = T.Load(start[0] + (3 * w));
        T s10 = T.Load(start[1]), s11 = T.Load(start[1] + w), s12 = T.Load(start[1] + (2 * w)), s13 = T.Load(start[1] + (3 * w));
        T s20 = T.Load(start[2]), s21 = T.Load(start[2] + w), s22 = T.Load(start[2] + (2 * w)), s23 = T.Load(start[2] + (3 * w));
        T s30 = T.Load(start[3]), s31 = T.Load(start[3] + w), s32 = T.Load(start[3] + (2 * w)), s33 = T.Load(start[3] + (3 * w));
        for (nint i = 0, at = 0; i < k; i++, at += 4 * w)
        {
            T x = T.Broadcast(a[i]);
            s00 = T.MultiplyAdd(x, T.Load(b0 + at), s00);
            s01 = T.MultiplyAdd(x, T.Load(b0 + at + w), s01);
            s02 = T.MultiplyAdd(x, T.Load(b0 + at + (2 * w)), s02);
            s03 = T.MultiplyAdd(x, T.Load(b0 + at + (3 * w)), s03);
            s10 = T.MultiplyAdd(x, T.Load(b1 + at), s10);
            s11 = T.MultiplyAdd(x, T.Load(b1 + at + w), s11);
            s12 = T.MultiplyAdd(x, T.Load(b1 + at + (2 * w)), s12);
            s13 = T.MultiplyAdd(x, T.Load(b1 + at + (3 * w)), s13);
            s20 = T.MultiplyAdd(x, T.Load(b2 + at), s20);
            s21 = T.MultiplyAdd(x, T.Load(b2 + at + w), s21);
            s22 = T.MultiplyAdd(x, T.Load(b2 + at + (2 * w)), s22);
            s23 = T.MultiplyAdd(x, T.Load(b2 + at + (3 * w)), s23);
            s30 = T.MultiplyAdd(x, T.Load(b3 + at), s30);
            s31 = T.MultiplyAdd(x, T.Load(b3 + at + w), s31);
            s32 = T.MultiplyAdd(x, T.Load(b3 + at + (2 * w)), s32);
            s33 = T.MultiplyAdd(x, T.Load(b3 + at + (3 * w)), s33);
        }

        Tile<T>.Store4(c[0], s00, s01, s02, s03);
        Tile<T>.Store4(c[1], s10, s11, s12, s13);
        Tile<T>.Store4(c[2], s20, s21, s22, s23);
        Tile<T>.Store4(c[3], s30, s31, s32, s33);
    }

    /// <summary>Two panels side by side: 8 chains.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Panels2(float* a, float* b, nint stride, nint k, float** start, float** c)
    {
        int w = T.Width;
        float* b0 = b, b1 = b + stride;
        T s00 = T.Load(start[0]), s01 = T.Load(start[0] + w), s02 = T.Load(start[0] + (2 * w)), s03 = T.Load(start[0] + (3 * w));
        T s10 = T.Load(start[1]), s11 = T.Load(start[1] + w), s12 = T.Load(start[1] + (2 * w)), s13 = T.Load(start[1] + (3 * w));
        for (nint i = 0, at = 0; i < k; i++, at += 4 * w)
        {
            T x = T.Broadcast(a[i]);
            s00 = T.MultiplyAdd(x, T.Load(b0 + at), s00);
            s01 = T.MultiplyAdd(x, T.Load(b0 + at + w), s01);
            s02 = T.MultiplyAdd(x, T.Load(b0 + at + (2 * w)), s02);
            s03 = T.MultiplyAdd(x, T.Load(b0 + at + (3 * w)), s03);
            s10 = T.MultiplyAdd(x, T.Load(b1 + at), s10);
            s11 = T.MultiplyAdd(x, T.Load(b1 + at + w), s11);
            s12 = T.MultiplyAdd(x, T.Load(b1 + at + (2 * w)), s12);
            s13 = T.MultiplyAdd(x, T.Load(b1 + at + (3 * w)), s13);
        }

        Tile<T>.Store4(c[0], s00, s01, s02, s03);
        Tile<T>.Store4(c[1], s10, s11, s12, s13);
    }
}
