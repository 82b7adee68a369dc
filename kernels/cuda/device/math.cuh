// Elementary functions, common to both implementations and the same algorithms, coefficients and order of operations as the CPU backend's
// (src/RnnGpu.Cpu/Simd/SimdMath.cs): same bits on the CPU, in the emulator and on the GPU. Each is some ten to thirty instructions; where
// a mode's own precision is far below fp32's, the fast* functions cost two to four.
#pragma once

namespace rnn {

/// x < y ? a : b, both evaluated.
RNN_DEVICE float selectLess(float x, float y, float a, float b) { return x < y ? a : b; }

/// 2^n for a whole n in -126..127.
RNN_DEVICE float powerOfTwo(float n) { return __builtin_bit_cast(float, (toInt(n) + 127) << 23); }

/// exp r - 1 for r = x - n ln 2 within +-ln 2 / 2: r + r^2 q(r).
RNN_DEVICE float expMinusOneReduced(float x, float& n)
{
    n = round(x * 1.44269504f);
    float r = fma(n, -0.693359375f, x);
    r = fma(n, 2.12194440e-4f, r);
    float q = 0.0013814467f;
    q = fma(q, r, 0.008368781f);
    q = fma(q, r, 0.041668393f);
    q = fma(q, r, 0.1666652f);
    q = fma(q, r, 0.49999994f);
    return fma(q, r * r, r);
}

/// exp x for x within -87.3..88: no care for the ends.
RNN_DEVICE float expBounded(float x)
{
    float n, m = expMinusOneReduced(x, n);
    return (m + 1.0f) * powerOfTwo(n);
}

/// exp x, to 1 ulp in the normal range; 0 below -87.3, infinity above 88.7.
RNN_DEVICE float exp(float x)
{
    float e = expBounded(selectLess(88.0f, x, 88.0f, selectLess(x, -87.3f, -87.3f, x)));
    e = selectLess(x, -87.3f, 0.0f, e);
    float beyond = e * expBounded(selectLess(x, 88.0f, 0.0f, selectLess(100.0f, x, 80.0f, x - 88.0f)));
    return selectLess(88.0f, x, beyond, e);
}

/// exp x for x at most 0, the same bits as exp with half the work.
RNN_DEVICE float expOfNonPositive(float x)
{
    return selectLess(x, -87.3f, 0.0f, expBounded(selectLess(x, -87.3f, -87.3f, x)));
}

/// 2 artanh s = 2 s + 2 s^3 q(s^2) for |s| up to 1/3.
RNN_DEVICE float twiceArtanh(float s)
{
    float z = s * s;
    float q = 0.12144687f;
    q = fma(q, z, 0.10715393f);
    q = fma(q, z, 0.143082961f);
    q = fma(q, z, 0.199994445f);
    q = fma(q, z, 0.333333373f);
    float twice = s + s;
    return fma(q * z, twice, twice);
}

/// Natural logarithm, to 2 ulp, subnormals too; -infinity at 0, NaN below.
RNN_DEVICE float log(float x)
{
    const float leastNormal = 1.17549435e-38f, infinity = __builtin_inff();
    float normal = selectLess(x, leastNormal, x * 16777216.0f, x);
    float n = (float)((__builtin_bit_cast(i32, normal) >> 23) - 127);
    n = selectLess(126.0f, n, 126.0f, n);
    float m = normal * powerOfTwo(-n);
    n = selectLess(x, leastNormal, n - 24.0f, n);
    n = selectLess(1.41421354f, m, n + 1.0f, n);
    m = selectLess(1.41421354f, m, m * 0.5f, m);
    float s = (m - 1.0f) / (m + 1.0f);
    float y = fma(n, 0.693359375f, fma(n, -2.12194440e-4f, twiceArtanh(s)));
    y = selectLess(x, infinity, y, x);
    return selectLess(0.0f, x, y, selectLess(x, 0.0f, __builtin_nanf(""), x - infinity));
}

/// log(1 + u) for u in 0..1, to 2 ulp, however small u is.
RNN_DEVICE float logOnePlus(float u) { return twiceArtanh(u / (2.0f + u)); }

/// 1 / (1 + exp(-x)), to 3 ulp.
RNN_DEVICE float sigmoid(float x)
{
    float y = selectLess(87.0f, x, 87.0f, selectLess(x, -87.0f, -87.0f, x));
    return 1.0f / (1.0f + expBounded(-y));
}

/// tanh x, to 3 ulp: m / (m + 2) with m = exp(2|x|) - 1 = 2^n (exp r - 1) + (2^n - 1), which keeps its digits near 0 and cannot exceed 1.
RNN_DEVICE float tanh(float x)
{
    float a = abs(x), twice = a + a;
    float n, reduced = expMinusOneReduced(selectLess(20.0f, twice, 20.0f, twice), n);
    float scale = powerOfTwo(n);
    float m = fma(scale, reduced, scale - 1.0f);
    return __builtin_copysignf(m / (m + 2.0f), x);
}

/// 1 / sqrt(x), each step rounded to nearest.
RNN_DEVICE float rsqrt(float x) { return 1.0f / sqrt(x); }

/// Approximate exp x: 2^(x log2 e), relative error about 2^-22 + |x| 2^-24; subnormal results are 0.
RNN_DEVICE float fastExp(float x) { return fastExp2(x * 1.44269504f); }

/// Approximate 1 / (1 + exp(-x)) = (1 + tanh(x / 2)) / 2, absolute error about 2^-11.
RNN_DEVICE float fastSigmoid(float x) { return fma(0.5f, fastTanh(0.5f * x), 0.5f); }

/// fp32 bits rounded to tf32's 10 bits of fraction, to nearest, ties to even; NaN becomes 0x7FFFFFFF. Integer arithmetic: the conversion
/// instruction of sm_80 rounds ties away from zero.
RNN_DEVICE u32 toTf32(float x)
{
    u32 b = __builtin_bit_cast(u32, x);
    if ((b & 0x7FFFFFFFu) > 0x7F800000u) { return 0x7FFFFFFFu; }
    return (b + 0xFFFu + ((b >> 13) & 1u)) & 0xFFFFE000u;
}

/// The full product.
RNN_DEVICE u64 mulWide(u32 a, u32 b) { return (u64)a * b; }

}  // namespace rnn
