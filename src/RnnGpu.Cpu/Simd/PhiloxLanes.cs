using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using RnnGpu.Core;

namespace RnnGpu.Cpu.Simd;

/// <summary>
/// Uniform numbers of <see cref="Philox"/>'s streams, several blocks side by side; the same numbers on every path. Each 64-bit lane
/// holds one word of one block's counter, because the widening product leaves both of its halves in such a lane; what stands
/// above a word's 32 bits is never read. Blocks are dealt to lanes so that interleaving the words leaves them in order.
/// </summary>
internal static unsafe class PhiloxLanes
{
    /// <summary>Numbers that one call makes.</summary>
    public const int Count = 4 * Blocks;

    private const int Blocks = 64;

    /// <summary>Elements 4 first to 4 first + <see cref="Count"/> - 1 of a stream.</summary>
    /// <param name="width">Floats in a register of the path.</param>
    /// <param name="key">Stream.</param>
    /// <param name="first">First block.</param>
    /// <param name="u">Room for <see cref="Count"/> numbers.</param>
    public static void Fill(int width, in RandomKey key, ulong first, float* u)
    {
        if (width >= 16 && Avx512F.IsSupported) { Fill512(key, first, u); }
        else if (width >= 8 && Avx2.IsSupported) { Fill256(key, first, u); }
        else if (width >= 4 && (Sse2.IsSupported || AdvSimd.Arm64.IsSupported)) { Fill128(key, first, u); }
        else { FillScalar(key, first, u); }
    }

    private static void FillScalar(in RandomKey key, ulong first, float* u)
    {
        Span<uint> words = stackalloc uint[4];
        for (int block = 0; block < Blocks; block++)
        {
            Philox.Block(key, first + (ulong)block, words);
            for (int i = 0; i < 4; i++) { u[(4 * block) + i] = Philox.ToUniform(words[i]); }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Fill512(in RandomKey key, ulong first, float* u)
    {
        Vector512<ulong> lanes = Vector512.Create(0UL, 4UL, 1UL, 5UL, 2UL, 6UL, 3UL, 7UL);
        Vector512<ulong> weyl0 = Vector512.Create((ulong)Philox.Weyl0), weyl1 = Vector512.Create((ulong)Philox.Weyl1);
        Vector512<uint> factor0 = Vector512.Create(Philox.Multiplier0), factor1 = Vector512.Create(Philox.Multiplier1);
        Vector512<ulong> low = Vector512.Create(0xFFFFFFFFUL);
        for (int block = 0; block < Blocks; block += 8)
        {
            Vector512<ulong> c0 = Vector512.Create(first + (ulong)block) + lanes, c1 = Vector512.ShiftRightLogical(c0, 32);
            Vector512<ulong> c2 = Vector512.Create((ulong)(uint)key.Step), c3 = Vector512.Create((ulong)(key.Site ^ (uint)(key.Step >> 32)));
            Vector512<ulong> k0 = Vector512.Create((ulong)(uint)key.Seed), k1 = Vector512.Create(key.Seed >> 32);
            for (int round = 0; round < Philox.Rounds; round++)
            {
                Vector512<ulong> p0 = Multiply(c0, factor0), p1 = Multiply(c2, factor1);
                c0 = Vector512.ShiftRightLogical(p1, 32) ^ c1 ^ k0;
                c1 = p1;
                c2 = Vector512.ShiftRightLogical(p0, 32) ^ c3 ^ k1;
                c3 = p0;
                k0 += weyl0;
                k1 += weyl1;
            }

            Vector512<ulong> words01 = (c0 & low) | Vector512.ShiftLeft(c1, 32), words23 = (c2 & low) | Vector512.ShiftLeft(c3, 32);
            Uniform(Even(words01, words23)).Store(u + (4 * block));
            Uniform(Odd(words01, words23)).Store(u + (4 * block) + 16);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Uniform(Vector512<ulong> words) =>
        Vector512.ConvertToSingle(Vector512.ShiftRightLogical(words.AsUInt32(), 8).AsInt32()) * Vector512.Create(Philox.UniformStep);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong> Multiply(Vector512<ulong> c, Vector512<uint> factor) => Avx512F.Multiply(c.AsUInt32(), factor);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong> Even(Vector512<ulong> a, Vector512<ulong> b) => Avx512F.UnpackLow(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong> Odd(Vector512<ulong> a, Vector512<ulong> b) => Avx512F.UnpackHigh(a, b);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Fill256(in RandomKey key, ulong first, float* u)
    {
        Vector256<ulong> lanes = Vector256.Create(0UL, 2UL, 1UL, 3UL);
        Vector256<ulong> weyl0 = Vector256.Create((ulong)Philox.Weyl0), weyl1 = Vector256.Create((ulong)Philox.Weyl1);
        Vector256<uint> factor0 = Vector256.Create(Philox.Multiplier0), factor1 = Vector256.Create(Philox.Multiplier1);
        Vector256<ulong> low = Vector256.Create(0xFFFFFFFFUL);
        for (int block = 0; block < Blocks; block += 4)
        {
            Vector256<ulong> c0 = Vector256.Create(first + (ulong)block) + lanes, c1 = Vector256.ShiftRightLogical(c0, 32);
            Vector256<ulong> c2 = Vector256.Create((ulong)(uint)key.Step), c3 = Vector256.Create((ulong)(key.Site ^ (uint)(key.Step >> 32)));
            Vector256<ulong> k0 = Vector256.Create((ulong)(uint)key.Seed), k1 = Vector256.Create(key.Seed >> 32);
            for (int round = 0; round < Philox.Rounds; round++)
            {
                Vector256<ulong> p0 = Multiply(c0, factor0), p1 = Multiply(c2, factor1);
                c0 = Vector256.ShiftRightLogical(p1, 32) ^ c1 ^ k0;
                c1 = p1;
                c2 = Vector256.ShiftRightLogical(p0, 32) ^ c3 ^ k1;
                c3 = p0;
                k0 += weyl0;
                k1 += weyl1;
            }

            Vector256<ulong> words01 = (c0 & low) | Vector256.ShiftLeft(c1, 32), words23 = (c2 & low) | Vector256.ShiftLeft(c3, 32);
            Uniform(Even(words01, words23)).Store(u + (4 * block));
            Uniform(Odd(words01, words23)).Store(u + (4 * block) + 8);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Uniform(Vector256<ulong> words) =>
        Vector256.ConvertToSingle(Vector256.ShiftRightLogical(words.AsUInt32(), 8).AsInt32()) * Vector256.Create(Philox.UniformStep);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> Multiply(Vector256<ulong> c, Vector256<uint> factor) => Avx2.Multiply(c.AsUInt32(), factor);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> Even(Vector256<ulong> a, Vector256<ulong> b) => Avx2.UnpackLow(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> Odd(Vector256<ulong> a, Vector256<ulong> b) => Avx2.UnpackHigh(a, b);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Fill128(in RandomKey key, ulong first, float* u)
    {
        Vector128<ulong> lanes = Vector128.Create(0UL, 1UL);
        Vector128<ulong> weyl0 = Vector128.Create((ulong)Philox.Weyl0), weyl1 = Vector128.Create((ulong)Philox.Weyl1);
        Vector128<uint> factor0 = Vector128.Create(Philox.Multiplier0), factor1 = Vector128.Create(Philox.Multiplier1);
        Vector128<ulong> low = Vector128.Create(0xFFFFFFFFUL);
        for (int block = 0; block < Blocks; block += 2)
        {
            Vector128<ulong> c0 = Vector128.Create(first + (ulong)block) + lanes, c1 = Vector128.ShiftRightLogical(c0, 32);
            Vector128<ulong> c2 = Vector128.Create((ulong)(uint)key.Step), c3 = Vector128.Create((ulong)(key.Site ^ (uint)(key.Step >> 32)));
            Vector128<ulong> k0 = Vector128.Create((ulong)(uint)key.Seed), k1 = Vector128.Create(key.Seed >> 32);
            for (int round = 0; round < Philox.Rounds; round++)
            {
                Vector128<ulong> p0 = Multiply(c0, factor0), p1 = Multiply(c2, factor1);
                c0 = Vector128.ShiftRightLogical(p1, 32) ^ c1 ^ k0;
                c1 = p1;
                c2 = Vector128.ShiftRightLogical(p0, 32) ^ c3 ^ k1;
                c3 = p0;
                k0 += weyl0;
                k1 += weyl1;
            }

            Vector128<ulong> words01 = (c0 & low) | Vector128.ShiftLeft(c1, 32), words23 = (c2 & low) | Vector128.ShiftLeft(c3, 32);
            Uniform(Even(words01, words23)).Store(u + (4 * block));
            Uniform(Odd(words01, words23)).Store(u + (4 * block) + 4);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Uniform(Vector128<ulong> words) =>
        Vector128.ConvertToSingle(Vector128.ShiftRightLogical(words.AsUInt32(), 8).AsInt32()) * Vector128.Create(Philox.UniformStep);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> Multiply(Vector128<ulong> c, Vector128<uint> factor) => Sse2.IsSupported
        ? Sse2.Multiply(c.AsUInt32(), factor)
        : AdvSimd.MultiplyWideningLower(AdvSimd.ExtractNarrowingLower(c), factor.GetLower());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> Even(Vector128<ulong> a, Vector128<ulong> b) =>
        Sse2.IsSupported ? Sse2.UnpackLow(a, b) : AdvSimd.Arm64.ZipLow(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> Odd(Vector128<ulong> a, Vector128<ulong> b) =>
        Sse2.IsSupported ? Sse2.UnpackHigh(a, b) : AdvSimd.Arm64.ZipHigh(a, b);
}
