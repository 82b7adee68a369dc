using System.Runtime.CompilerServices;

namespace RnnGpu.Cpu.Simd;

/// <summary>One float: no SIMD at all. For machines without, and to check the others against.</summary>
internal readonly unsafe struct SimdScalar(float v) : ISimd<SimdScalar>
{
    private readonly float _v = v;

    public static int Width => 1;

    public static int TileRows => 3;

    public static SimdScalar Zero => new(0f);

    public static SimdScalar One => new(1f);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar Load(float* p) => new(*p);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* p, SimdScalar x) => *p = x._v;

    public static SimdScalar LoadPartial(float* p, int n) => n > 0 ? new(*p) : Zero;

    public static void StorePartial(float* p, SimdScalar x, int n)
    {
        if (n > 0) { *p = x._v; }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar Broadcast(float x) => new(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar MultiplyAdd(SimdScalar a, SimdScalar b, SimdScalar c) => new(MathF.FusedMultiplyAdd(a._v, b._v, c._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar operator +(SimdScalar a, SimdScalar b) => new(a._v + b._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar operator -(SimdScalar a, SimdScalar b) => new(a._v - b._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar operator *(SimdScalar a, SimdScalar b) => new(a._v * b._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar operator /(SimdScalar a, SimdScalar b) => new(a._v / b._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar operator -(SimdScalar a) => new(-a._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar Sqrt(SimdScalar x) => new(MathF.Sqrt(x._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar Abs(SimdScalar x) => new(MathF.Abs(x._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar Max(SimdScalar a, SimdScalar b) => new(MathF.Max(a._v, b._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar Min(SimdScalar a, SimdScalar b) => new(MathF.Min(a._v, b._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar Clamp(SimdScalar x, SimdScalar low, SimdScalar high) =>
        x._v < low._v ? low : high._v < x._v ? high : x;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar CopySign(SimdScalar magnitude, SimdScalar sign) => new(MathF.CopySign(magnitude._v, sign._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar SelectLess(SimdScalar x, SimdScalar y, SimdScalar a, SimdScalar b) => x._v < y._v ? a : b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar Round(SimdScalar x) => new(MathF.Round(x._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar PowerOfTwo(SimdScalar n) => new(BitConverter.Int32BitsToSingle(((int)n._v + 127) << 23));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar Scale(SimdScalar x, SimdScalar n) => x * PowerOfTwo(n);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar Exponent(SimdScalar x) => new((BitConverter.SingleToInt32Bits(x._v) >> 23) - 127);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar Tanh(SimdScalar x) => SimdMath.Tanh(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar Sigmoid(SimdScalar x) => SimdMath.Sigmoid(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar Relu(SimdScalar x) => SelectLess(x, Zero, Zero, x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar Step(SimdScalar x) => SelectLess(Zero, x, One, Zero);
}
