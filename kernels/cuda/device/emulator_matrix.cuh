// Host C++ implementation: conversions, ldmatrix, mma. The layouts, from the PTX ISA ("Matrix Fragments for mma.m16n8k16 / m16n8k8"), with
// g = lane / 4 and t = lane % 4; each 32-bit register holds two 16-bit elements, the lower-numbered in the lower half:
//
//   m16n8k16 (bf16, fp16)   A  a[0]: row g,     columns 2t, 2t+1     a[1]: row g + 8, columns 2t, 2t+1
//                              a[2]: row g,     columns 2t+8, 2t+9   a[3]: row g + 8, columns 2t+8, 2t+9
//                           B  b[0]: rows 2t, 2t+1, column g         b[1]: rows 2t+8, 2t+9, column g
//   m16n8k8 (tf32)          A  a[0]: (g, t)   a[1]: (g + 8, t)   a[2]: (g, t + 4)   a[3]: (g + 8, t + 4)
//                           B  b[0]: (t, g)   b[1]: (t + 4, g)
//   both                    D  d[0], d[1]: row g, columns 2t, 2t+1   d[2], d[3]: row g + 8, columns 2t, 2t+1
//
// The tensor cores add the exact products in an order and with an alignment of their own; here they are added in double in order of k and
// rounded once, so results are close and not equal.
#pragma once

#include "emulator_core.cuh"

namespace rnn {

RNN_DEVICE bf16 toBf16(float x)
{
    u32 b = __builtin_bit_cast(u32, x);
    if (x != x) { return bf16{0x7FFF}; }
    return bf16{(u16)((b + 0x7FFFu + ((b >> 16) & 1u)) >> 16)};
}

RNN_DEVICE f16 toF16(float x) { return f16{::rnnemu::floatToHalf(x)}; }
RNN_DEVICE float toFloat(bf16 x) { return __builtin_bit_cast(float, (u32)x.bits << 16); }
RNN_DEVICE float toFloat(f16 x) { return ::rnnemu::halfToFloat(x.bits); }
RNN_DEVICE u32 packBf16(float low, float high) { return (u32)toBf16(low).bits | (u32)toBf16(high).bits << 16; }
RNN_DEVICE u32 packF16(float low, float high) { return (u32)toF16(low).bits | (u32)toF16(high).bits << 16; }

template <u32 N, class T> RNN_DEVICE void loadMatrices(u32 (&r)[N], Shared<T> row, bool transposed, const char* file, int line)
{
    static_assert(N == 1 || N == 2 || N == 4, "ldmatrix loads 1, 2 or 4 matrices");
    ::rnnemu::LoadMatrixOperand operand{N, transposed, {}, {}};
    if (laneId() < 8 * N) { __builtin_memcpy(operand.row, ::rnnemu::sharedAt<16>(row.address, Access::Read), 16); }
    ::rnnemu::collective(fullWarp, ::rnnemu::combineLoadMatrix, &operand, "ldmatrix", file, line);
    for (u32 i = 0; i < N; i++) { r[i] = operand.result[i]; }
}

template <u32 N, class T> RNN_DEVICE void ldmatrix(u32 (&r)[N], Shared<T> row, RNN_SITE) { loadMatrices(r, row, false, file, line); }
template <u32 N, class T> RNN_DEVICE void ldmatrixTransposed(u32 (&r)[N], Shared<T> row, RNN_SITE) { loadMatrices(r, row, true, file, line); }

RNN_DEVICE void mmaBf16(float (&d)[4], const u32 (&a)[4], const u32 (&b)[2], RNN_SITE)
{
    ::rnnemu::MultiplyOperand operand{a, b, d};
    ::rnnemu::collective(fullWarp, ::rnnemu::combineMmaBf16, &operand, "mmaBf16", file, line);
}

RNN_DEVICE void mmaF16(float (&d)[4], const u32 (&a)[4], const u32 (&b)[2], RNN_SITE)
{
    ::rnnemu::MultiplyOperand operand{a, b, d};
    ::rnnemu::collective(fullWarp, ::rnnemu::combineMmaF16, &operand, "mmaF16", file, line);
}

RNN_DEVICE void mmaTf32(float (&d)[4], const u32 (&a)[4], const u32 (&b)[2], RNN_SITE)
{
    ::rnnemu::MultiplyOperand operand{a, b, d};
    ::rnnemu::collective(fullWarp, ::rnnemu::combineMmaTf32, &operand, "mmaTf32", file, line);
}

}  // namespace rnn
