// PTX implementation: conversions, ldmatrix, mma. Fragment layouts are those of the PTX ISA, chapter "Warp-level matrix instructions";
// emulator_matrix.cuh spells them out.
#pragma once

#include "ptx_core.cuh"

namespace rnn {

// To nearest, ties to even; NaN becomes 0x7FFF.
RNN_DEVICE bf16 toBf16(float x)
{
    bf16 y;
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(y.bits) : "f"(x));
    return y;
}

RNN_DEVICE f16 toF16(float x)
{
    f16 y;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(y.bits) : "f"(x));
    return y;
}

RNN_DEVICE float toFloat(bf16 x) { return __builtin_bit_cast(float, (u32)x.bits << 16); }

RNN_DEVICE float toFloat(f16 x)
{
    float y;
    asm("cvt.f32.f16 %0, %1;" : "=f"(y) : "h"(x.bits));
    return y;
}

/// Two converted values in one register: `low` in bits 0..15.
RNN_DEVICE u32 packBf16(float low, float high)
{
    u32 y;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(y) : "f"(high), "f"(low));
    return y;
}

RNN_DEVICE u32 packF16(float low, float high)
{
    u32 y;
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(y) : "f"(high), "f"(low));
    return y;
}

// ldmatrix: 1, 2 or 4 matrices of 8 x 8 16-bit elements. Lanes 8 m .. 8 m + 7 point to the rows (16 bytes each, aligned) of matrix m;
// all 32 lanes call. Lane l gets elements 2 (l % 4) and 2 (l % 4) + 1 of row l / 4 of each matrix.
template <class T> RNN_DEVICE void ldmatrix(u32 (&r)[1], T* row)
{
    asm volatile("ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%0}, [%1];" : "=r"(r[0]) : "r"(sharedAddress(row)) : "memory");
}

template <class T> RNN_DEVICE void ldmatrix(u32 (&r)[2], T* row)
{
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0, %1}, [%2];" : "=r"(r[0]), "=r"(r[1]) : "r"(sharedAddress(row)) : "memory");
}

template <class T> RNN_DEVICE void ldmatrix(u32 (&r)[4], T* row)
{
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(sharedAddress(row)) : "memory");
}

// The same with each matrix transposed: lane l gets elements l / 4 of rows 2 (l % 4) and 2 (l % 4) + 1.
template <class T> RNN_DEVICE void ldmatrixTransposed(u32 (&r)[1], T* row)
{
    asm volatile("ldmatrix.sync.aligned.m8n8.x1.trans.shared.b16 {%0}, [%1];" : "=r"(r[0]) : "r"(sharedAddress(row)) : "memory");
}

template <class T> RNN_DEVICE void ldmatrixTransposed(u32 (&r)[2], T* row)
{
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0, %1}, [%2];"
                 : "=r"(r[0]), "=r"(r[1]) : "r"(sharedAddress(row)) : "memory");
}

template <class T> RNN_DEVICE void ldmatrixTransposed(u32 (&r)[4], T* row)
{
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(sharedAddress(row)) : "memory");
}

/// d += a b over one 16 x 16 by 16 x 8 product of bf16, fp32 sums.
RNN_DEVICE void mmaBf16(float (&d)[4], const u32 (&a)[4], const u32 (&b)[2])
{
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

/// d += a b over one 16 x 16 by 16 x 8 product of fp16, fp32 sums.
RNN_DEVICE void mmaF16(float (&d)[4], const u32 (&a)[4], const u32 (&b)[2])
{
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

/// d += a b over one 16 x 8 by 8 x 8 product of tf32 (fp32 bits from toTf32), fp32 sums.
RNN_DEVICE void mmaTf32(float (&d)[4], const u32 (&a)[4], const u32 (&b)[2])
{
    asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

}  // namespace rnn
