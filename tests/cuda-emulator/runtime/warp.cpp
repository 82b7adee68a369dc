// What the warp's operations compute once all lanes are there.
#include "scheduler.h"

#include <cmath>
#include <cstring>

namespace rnnemu {

namespace {

/// Gives each lane the value of the lane that pick names, or its own where that lies outside its segment. A lane outside the mask has no
/// defined value: an error.
template <class Pick> void shuffle(void* const* operands, u32 mask, Pick pick)
{
    for (u32 rest = mask; rest != 0; rest &= rest - 1)
    {
        u32 lane = (u32)__builtin_ctz(rest);
        auto* mine = static_cast<ShuffleOperand*>(operands[lane]);
        u32 width = mine->width;
        if (width == 0 || width > 32 || (width & (width - 1)) != 0) { failThread(statusLaunchFailed, "shuffles in segments of %u: not a power of two up to 32", width); }
        u32 first = lane / width * width;
        i64 source = pick(lane, first, *mine);
        u32 from = source < (i64)first || source >= (i64)first + width ? lane : (u32)source;
        if ((mask >> from & 1) == 0)
        {
            failThread(statusLaunchFailed, "a shuffle over lanes 0x%08x takes lane %u's value from lane %u, which is not among them", mask, lane, from);
        }
        mine->result = static_cast<const ShuffleOperand*>(operands[from])->value;
    }
}

/// The 16 x 8 product of a warp's fragments: A [16, K] and B [K, 8] gathered, D += A B in double, one rounding.
template <u32 K> void multiply(void* const* operands, const float (&a)[16][K], const float (&b)[K][8])
{
    auto sums = [&](u32 row, u32 lane) { return static_cast<const MultiplyOperand*>(operands[row % 8 * 4 + lane])->d + row / 8 * 2; };
    for (u32 row = 0; row < 16; row++)
    {
        double sum[8];
        for (u32 t = 0; t < 4; t++)
        {
            sum[2 * t] = sums(row, t)[0];
            sum[2 * t + 1] = sums(row, t)[1];
        }
        for (u32 k = 0; k < K; k++)
        {
            for (u32 column = 0; column < 8; column++) { sum[column] += (double)a[row][k] * (double)b[k][column]; }
        }
        for (u32 t = 0; t < 4; t++)
        {
            sums(row, t)[0] = (float)sum[2 * t];
            sums(row, t)[1] = (float)sum[2 * t + 1];
        }
    }
}

float bf16ToFloat(u16 bits) { return __builtin_bit_cast(float, (u32)bits << 16); }

template <float (*Convert)(u16)> void multiplyHalves(void* const* operands)
{
    float a[16][16], b[16][8];
    for (u32 lane = 0; lane < 32; lane++)
    {
        u32 g = lane / 4, t = lane % 4;
        const auto* mine = static_cast<const MultiplyOperand*>(operands[lane]);
        for (u32 i = 0; i < 8; i++)
        {
            u32 row = (i & 2) == 0 ? g : g + 8, column = 2 * t + (i & 1) + (i < 4 ? 0 : 8);
            a[row][column] = Convert((u16)(mine->a[i / 2] >> (16 * (i & 1))));
        }
        for (u32 i = 0; i < 4; i++)
        {
            u32 row = 2 * t + (i & 1) + (i < 2 ? 0 : 8);
            b[row][g] = Convert((u16)(mine->b[i / 2] >> (16 * (i & 1))));
        }
    }
    multiply<16>(operands, a, b);
}

/// tf32 operands are fp32 bits of which the tensor cores read the upper 19.
float tf32ToFloat(u32 bits) { return __builtin_bit_cast(float, bits & 0xFFFFE000u); }

}  // namespace

void combineShuffleXor(void* const* operands, u32 mask)
{
    shuffle(operands, mask, [](u32 lane, u32, const ShuffleOperand& o) { return (i64)(lane ^ (o.argument & 31)); });
}

void combineShuffleUp(void* const* operands, u32 mask)
{
    shuffle(operands, mask, [](u32 lane, u32, const ShuffleOperand& o) { return (i64)lane - (i64)(o.argument & 31); });
}

void combineShuffleDown(void* const* operands, u32 mask)
{
    shuffle(operands, mask, [](u32 lane, u32, const ShuffleOperand& o) { return (i64)lane + (i64)(o.argument & 31); });
}

void combineShuffle(void* const* operands, u32 mask)
{
    shuffle(operands, mask, [](u32, u32 first, const ShuffleOperand& o) { return (i64)(first + o.argument % o.width); });
}

void combineVote(void* const* operands, u32 mask)
{
    u32 votes = 0;
    for (u32 rest = mask; rest != 0; rest &= rest - 1)
    {
        u32 lane = (u32)__builtin_ctz(rest);
        votes |= static_cast<const VoteOperand*>(operands[lane])->predicate != 0 ? 1u << lane : 0;
    }
    for (u32 rest = mask; rest != 0; rest &= rest - 1) { static_cast<VoteOperand*>(operands[__builtin_ctz(rest)])->result = votes; }
}

void combineLoadMatrix(void* const* operands, u32)
{
    const auto* first = static_cast<const LoadMatrixOperand*>(operands[0]);
    for (u32 lane = 0; lane < 32; lane++)
    {
        auto* mine = static_cast<LoadMatrixOperand*>(operands[lane]);
        if (mine->matrices != first->matrices || mine->transposed != first->transposed) { failThread(statusLaunchFailed, "lanes of one warp call ldmatrix in different forms"); }
        for (u32 m = 0; m < first->matrices; m++)
        {
            auto element = [&](u32 row, u32 column) { return (u32)static_cast<const LoadMatrixOperand*>(operands[8 * m + row])->row[column]; };
            u32 pair = 2 * (lane % 4), fixed = lane / 4;
            mine->result[m] = mine->transposed != 0 ? element(pair, fixed) | element(pair + 1, fixed) << 16
                                                    : element(fixed, pair) | element(fixed, pair + 1) << 16;
        }
    }
}

void combineMmaBf16(void* const* operands, u32) { multiplyHalves<bf16ToFloat>(operands); }
void combineMmaF16(void* const* operands, u32) { multiplyHalves<halfToFloat>(operands); }

void combineMmaTf32(void* const* operands, u32)
{
    float a[16][8], b[8][8];
    for (u32 lane = 0; lane < 32; lane++)
    {
        u32 g = lane / 4, t = lane % 4;
        const auto* mine = static_cast<const MultiplyOperand*>(operands[lane]);
        a[g][t] = tf32ToFloat(mine->a[0]);
        a[g + 8][t] = tf32ToFloat(mine->a[1]);
        a[g][t + 4] = tf32ToFloat(mine->a[2]);
        a[g + 8][t + 4] = tf32ToFloat(mine->a[3]);
        b[t][g] = tf32ToFloat(mine->b[0]);
        b[t + 4][g] = tf32ToFloat(mine->b[1]);
    }
    multiply<8>(operands, a, b);
}

float halfToFloat(u16 bits)
{
    u32 sign = (u32)(bits & 0x8000u) << 16, exponent = bits >> 10 & 31u, fraction = bits & 0x3FFu;
    if (exponent == 31) { return __builtin_bit_cast(float, sign | 0x7F800000u | fraction << 13); }
    if (exponent == 0)
    {
        float magnitude = (float)fraction * 0x1p-24f;
        return sign != 0 ? -magnitude : magnitude;
    }
    return __builtin_bit_cast(float, sign | (exponent + 112) << 23 | fraction << 13);
}

u16 floatToHalf(float x)
{
    u32 b = __builtin_bit_cast(u32, x), sign = b >> 16 & 0x8000u, magnitude = b & 0x7FFFFFFFu;
    if (magnitude > 0x7F800000u) { return 0x7FFF; }
    if (magnitude >= 0x477FF000u) { return (u16)(sign | 0x7C00u); }  // 65520 and more round to infinity
    if (magnitude < 0x38800000u)                                     // below 2^-14: a multiple of 2^-24
    {
        return (u16)(sign | (u32)__builtin_rintf(__builtin_bit_cast(float, magnitude) * 0x1p24f));
    }
    u32 rounded = magnitude + 0xFFFu + (magnitude >> 13 & 1u);
    return (u16)(sign | (rounded - 0x38000000u) >> 13);
}

}  // namespace rnnemu
