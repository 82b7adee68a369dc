// Walks over elements with a step of its own along each axis and operand.
#pragma once

#include "ops_abi.h"

namespace rnn {

/// index / axis.size for index < 2^31: with shift = ceil(log2 size) and magic = floor(2^32 (2^shift - size) / size) + 1, both from the host,
/// one wide product, one sum, one shift (Granlund and Montgomery, Division by invariant integers using multiplication, 1994).
RNN_DEVICE u32 divide(u32 index, const WalkAxis& axis) { return ((u32)(mulWide(index, axis.magic) >> 32) + index) >> axis.shift; }

/// Where an iteration of a walk stands in its operands.
struct WalkPlace { i64 a, b, y; };

/// Iteration `index` of the axes, the last the fastest. rank is 1 or more.
RNN_DEVICE WalkPlace placeOf(const WalkAxis (&axes)[maxRank], i32 rank, u32 index)
{
    WalkPlace at{0, 0, 0};
    RNN_UNROLL
    for (int i = maxRank - 1; i > 0; i--)
    {
        if (i < rank)
        {
            u32 rest = divide(index, axes[i]), here = index - rest * axes[i].size;
            at.a += here * axes[i].stepA;
            at.b += here * axes[i].stepB;
            at.y += here * axes[i].stepY;
            index = rest;
        }
    }
    at.a += index * axes[0].stepA;
    at.b += index * axes[0].stepB;
    at.y += index * axes[0].stepY;
    return at;
}

}  // namespace rnn
