// The compute modes of products: how factors are stored in shared memory, and which multiplier takes them. Everything in a product is
// counted in 32-bit words of an operand's row: a word holds one fp32 or tf32 factor, or two bf16 or fp16 factors along the inner axis. So
// a row of a tile has the same bytes in every mode, and loaders, pitches and ldmatrix addresses are shared.
#pragma once

#include "device.cuh"

namespace rnn {

RNN_DEVICE u32 bitsOf(float x) { return __builtin_bit_cast(u32, x); }
RNN_DEVICE float floatOf(u32 bits) { return __builtin_bit_cast(float, bits); }

/// Exact fp32 on the CUDA cores: one chain of fused multiply-adds an element.
struct Fp32 {
    static constexpr bool tensor = false;
    static constexpr bool fast = false;     // whether approximate elementary functions are as good as the factors
    static constexpr i32 perWord = 1;

    RNN_DEVICE static u32 word(const float* x) { return bitsOf(x[0]); }
    RNN_DEVICE static void store(Global<u32> row, i64 i, float x) { row[i] = bitsOf(x); }
};

/// Factors of 11 bits with fp32's range, on tensor cores.
struct Tf32 {
    static constexpr bool tensor = true;
    static constexpr bool fast = false;
    static constexpr i32 perWord = 1;

    RNN_DEVICE static u32 word(const float* x) { return toTf32(x[0]); }
    RNN_DEVICE static void store(Global<u32> row, i64 i, float x) { row[i] = toTf32(x); }
    RNN_DEVICE static void multiply(float (&d)[4], const u32 (&a)[4], const u32 (&b)[2]) { mmaTf32(d, a, b); }
};

/// Factors of 8 bits with fp32's range, on tensor cores.
struct Bf16 {
    static constexpr bool tensor = true;
    static constexpr bool fast = true;
    static constexpr i32 perWord = 2;

    RNN_DEVICE static u32 word(const float* x) { return packBf16(x[0], x[1]); }
    RNN_DEVICE static void store(Global<u32> row, i64 i, float x) { cast<u16>(row)[i] = toBf16(x).bits; }
    RNN_DEVICE static void multiply(float (&d)[4], const u32 (&a)[4], const u32 (&b)[2]) { mmaBf16(d, a, b); }
};

/// Factors of 11 bits with half precision's range, on tensor cores.
struct Fp16 {
    static constexpr bool tensor = true;
    static constexpr bool fast = true;
    static constexpr i32 perWord = 2;

    RNN_DEVICE static u32 word(const float* x) { return packF16(x[0], x[1]); }
    RNN_DEVICE static void store(Global<u32> row, i64 i, float x) { cast<u16>(row)[i] = toF16(x).bits; }
    RNN_DEVICE static void multiply(float (&d)[4], const u32 (&a)[4], const u32 (&b)[2]) { mmaF16(d, a, b); }
};

}  // namespace rnn
