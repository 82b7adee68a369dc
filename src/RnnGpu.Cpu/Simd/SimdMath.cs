using System.Runtime.CompilerServices;

namespace RnnGpu.Cpu.Simd;

/// <summary>
/// Elementary functions over SIMD registers, the same bits at every width. Coefficients are minimax fits (relative error) of
/// the named remainder on the named interval, computed by iteratively reweighted least squares in double.
/// NaN gives NaN.
/// </summary>
internal static class SimdMath
{
    private const float Log2E = 1.44269504f;
    private const float Ln2High = 0.693359375f;
    private const float Ln2Low = -2.12194440e-4f;

    /// <summary>exp x, to 1 ulp in the normal range; 0 below -87.3, infinity above 88.7.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Exp<T>(T x)
        where T : struct, ISimd<T>
    {
        T e = ExpBounded(T.SelectLess(T.Broadcast(88f), x, T.Broadcast(88f), T.SelectLess(x, T.Broadcast(-87.3f), T.Broadcast(-87.3f), x)));
        e = T.SelectLess(x, T.Broadcast(-87.3f), T.Zero, e);
        // between 88 and the overflow at 88.72 the scale 2^n would not fit: one more factor exp(x - 88)
        T beyond = e * ExpBounded(T.SelectLess(x, T.Broadcast(88f), T.Zero, T.SelectLess(T.Broadcast(100f), x, T.Broadcast(80f), x - T.Broadcast(88f))));
        return T.SelectLess(T.Broadcast(88f), x, beyond, e);
    }

    /// <summary>exp x for x within -87.3..88: no care for the ends.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T ExpBounded<T>(T x)
        where T : struct, ISimd<T>
    {
        T m = ExpMinusOneReduced(x, out T n);
        return T.Scale(m + T.One, n);
    }

    /// <summary>exp r - 1 for r = x - n ln 2 within ±ln 2 / 2: r + r² q(r), q of degree 4, error 3.1e-9.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T ExpMinusOneReduced<T>(T x, out T n)
        where T : struct, ISimd<T>
    {
        n = T.Round(x * T.Broadcast(Log2E));
        T r = T.MultiplyAdd(n, T.Broadcast(-Ln2High), x);
        r = T.MultiplyAdd(n, T.Broadcast(-Ln2Low), r);
        T q = T.Broadcast(0.0013814467f);
        q = T.MultiplyAdd(q, r, T.Broadcast(0.008368781f));
        q = T.MultiplyAdd(q, r, T.Broadcast(0.041668393f));
        q = T.MultiplyAdd(q, r, T.Broadcast(0.1666652f));
        q = T.MultiplyAdd(q, r, T.Broadcast(0.49999994f));
        return T.MultiplyAdd(q, r * r, r);
    }

    /// <summary>exp x for x at most 0, the same bits as <see cref="Exp"/> with half the work.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T ExpOfNonPositive<T>(T x)
        where T : struct, ISimd<T>
    {
        T least = T.Broadcast(-87.3f);
        return T.SelectLess(x, least, T.Zero, ExpBounded(T.SelectLess(x, least, least, x)));
    }

    /// <summary>Natural logarithm, to 2 ulp, subnormals too; -infinity at 0, NaN below.</summary>
    /// <remarks>x = m 2^n with m in sqrt(1/2)..sqrt(2): log x = n ln 2 + log m, log m = 2 artanh((m - 1) / (m + 1)).</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Log<T>(T x)
        where T : struct, ISimd<T>
    {
        T leastNormal = T.Broadcast(1.17549435e-38f);
        T normal = T.SelectLess(x, leastNormal, x * T.Broadcast(16777216f), x);
        T n = T.Exponent(normal);
        // 2^-127 has no normal float: the last octave stays one factor 2 too large, and m within 1..2 after the halving
        n = T.SelectLess(T.Broadcast(126f), n, T.Broadcast(126f), n);
        T m = normal * T.PowerOfTwo(-n);
        n = T.SelectLess(x, leastNormal, n - T.Broadcast(24f), n);
        n = T.SelectLess(T.Broadcast(1.41421354f), m, n + T.One, n);
        m = T.SelectLess(T.Broadcast(1.41421354f), m, m * T.Broadcast(0.5f), m);

        T s = (m - T.One) / (m + T.One);
        T y = T.MultiplyAdd(n, T.Broadcast(Ln2High), T.MultiplyAdd(n, T.Broadcast(Ln2Low), TwiceArtanh(s)));
        T infinity = T.Broadcast(float.PositiveInfinity);
        y = T.SelectLess(x, infinity, y, x);
        return T.SelectLess(T.Zero, x, y, T.SelectLess(x, T.Zero, T.Broadcast(float.NaN), x - infinity));
    }

    /// <summary>log(1 + u) for u in 0..1, to 2 ulp, however small u is: 2 artanh(u / (2 + u)).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T LogOnePlus<T>(T u)
        where T : struct, ISimd<T>
    {
        return TwiceArtanh(u / (T.Broadcast(2f) + u));
    }

    /// <summary>2 artanh s = 2 s + 2 s³ q(s²) for |s| up to 1/3, q of degree 4, error 5.6e-10 (fitted by Remez exchange).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T TwiceArtanh<T>(T s)
        where T : struct, ISimd<T>
    {
        T z = s * s;
        T q = T.Broadcast(0.12144687f);
        q = T.MultiplyAdd(q, z, T.Broadcast(0.10715393f));
        q = T.MultiplyAdd(q, z, T.Broadcast(0.143082961f));
        q = T.MultiplyAdd(q, z, T.Broadcast(0.199994445f));
        q = T.MultiplyAdd(q, z, T.Broadcast(0.333333373f));
        T twice = s + s;
        return T.MultiplyAdd(q * z, twice, twice);
    }

    /// <summary>1 / (1 + exp(-x)), to 3 ulp; the left tail keeps its relative accuracy down to -87.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Sigmoid<T>(T x)
        where T : struct, ISimd<T>
    {
        T y = T.Clamp(x, T.Broadcast(-87f), T.Broadcast(87f));
        return T.One / (T.One + ExpBounded(-y));
    }

    /// <summary>
    /// tanh x, to 3 ulp: m / (m + 2) with m = exp(2|x|) - 1 = 2^n (exp r - 1) + (2^n - 1), which keeps its digits near 0 and cannot exceed 1.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Tanh<T>(T x)
        where T : struct, ISimd<T>
    {
        T a = T.Abs(x);
        T reduced = ExpMinusOneReduced(T.Clamp(a + a, T.Zero, T.Broadcast(20f)), out T n);
        T scale = T.PowerOfTwo(n);
        T m = T.MultiplyAdd(scale, reduced, scale - T.One);
        return T.CopySign(m / (m + T.Broadcast(2f)), x);
    }
}
