// Copies between strided walks: slices, concatenations, transpositions.
#include "device.cuh"
#include "rnn_abi.h"
#include "elementwise/quad.cuh"
#include "elementwise/walk.cuh"

namespace rnn {

RNN_DEVICE u32 plus(u32 a, u32 b) { return __builtin_bit_cast(u32, __builtin_bit_cast(float, a) + __builtin_bit_cast(float, b)); }
RNN_DEVICE UInt4 plus(UInt4 a, UInt4 b) { return UInt4{plus(a.x, b.x), plus(a.y, b.y), plus(a.z, b.z), plus(a.w, b.w)}; }

/// The walk in elements of type V, four a thread, a block's width apart.
template <class V> RNN_DEVICE void copyStrided(const CopyStridedParams& p)
{
    Global<const V> source = global<const V>(p.source);
    Global<V> destination = global<V>(p.destination);
    u32 first = blockIdxX() * linearElements + threadIdxX();
    V v[4] = {};
    i64 to[4];
    RNN_UNROLL
    for (u32 k = 0; k < 4; k++)
    {
        u32 i = first + k * linearThreads;
        to[k] = -1;
        if (i < p.count)
        {
            WalkPlace at = placeOf(p.axes, p.rank, i);
            v[k] = source[at.a];
            to[k] = at.y;
        }
    }
    RNN_UNROLL
    for (u32 k = 0; k < 4; k++)
    {
        if (to[k] < 0) { continue; }
        if (p.accumulate != 0)
        {
            V old = destination[to[k]];
            v[k] = plus(old, v[k]);
        }
        destination[to[k]] = v[k];
    }
}

// destination[y(i)] = source[a(i)], or += (fp32) with accumulate, over a walk that writes no element twice. Elements are 32 bits of any type.
//
// The host merges axes and puts the destination's contiguous axis last. Four elements a thread.
// Shared memory: none. Registers: up to 40 (6 blocks an SM), no spills.
// Cost: 8 bytes an element (12 with accumulate) against the memory's bandwidth where both operands are contiguous along the last axis;
// 32 bytes an element for each that is not. About 8 instructions an element and axis. Share of that limit on a GPU: not yet measured.
// 24 registers on sm_80, 24 on sm_90; 0 bytes of static shared memory.
RNN_KERNEL(copy_strided_b32, CopyStridedParams, 256, 6, 0) { copyStrided<u32>(p); }

// The same in units of 16 bytes: both operands contiguous along the last axis, every size, step and address a multiple of four elements.
// 32 registers on sm_80, 32 on sm_90; 0 bytes of static shared memory.
RNN_KERNEL(copy_strided_b128, CopyStridedParams, 256, 4, 0) { copyStrided<UInt4>(p); }

constexpr u32 tileSide = 32;

// A walk whose last axis (I) is contiguous in the destination and whose last but one (J) is contiguous in the source: transposition.
//
// A block of 32 x 8 threads moves a tile of 32 x 32 elements through shared memory, so that both sides are touched in runs of 128 bytes. Grid:
// (tiles of I) x (tiles of J) x (iterations of the other axes), in x, tiles of I the fastest.
// Shared memory: 4,224 bytes (a column of padding, so that a tile's column lies in 32 banks). Registers: up to 40, no spills.
// Cost: 8 bytes an element (12 with accumulate) against the memory's bandwidth. Share of that limit on a GPU: not yet measured.
// 28 registers on sm_80, 33 on sm_90; 4,224 bytes of static shared memory.
RNN_KERNEL(copy_transposed_b32, CopyStridedParams, 256, 6, 4224)
{
    RNN_SHARED(u32, tile, tileSide * (tileSide + 1));
    const WalkAxis& axisI = p.axes[1];
    const WalkAxis& axisJ = p.axes[0];
    u32 tilesI = (axisI.size + tileSide - 1) / tileSide, tilesJ = (axisJ.size + tileSide - 1) / tileSide;
    u32 block = blockIdxX(), tileI = block % tilesI, rest = block / tilesI, tileJ = rest % tilesJ, outer = rest / tilesJ;
    i64 fromOuter = 0, toOuter = 0;
    RNN_UNROLL
    for (int i = maxRank - 1; i >= 2; i--)
    {
        if (i < p.rank)
        {
            u32 next = divide(outer, p.axes[i]), here = outer - next * p.axes[i].size;
            fromOuter += here * p.axes[i].stepA;
            toOuter += here * p.axes[i].stepY;
            outer = next;
        }
    }
    Global<const u32> source = global<const u32>(p.source) + fromOuter;
    Global<u32> destination = global<u32>(p.destination) + toOuter;
    u32 x = threadIdxX(), y = threadIdxY();
    RNN_UNROLL
    for (u32 k = 0; k < tileSide; k += 8)
    {
        u32 i = tileI * tileSide + y + k, j = tileJ * tileSide + x;
        if (i < axisI.size && j < axisJ.size) { tile[(y + k) * (tileSide + 1) + x] = source[i * axisI.stepA + j * axisJ.stepA]; }
    }
    syncBlock();
    RNN_UNROLL
    for (u32 k = 0; k < tileSide; k += 8)
    {
        u32 i = tileI * tileSide + x, j = tileJ * tileSide + y + k;
        if (i < axisI.size && j < axisJ.size)
        {
            i64 at = i * axisI.stepY + j * axisJ.stepY;
            u32 v = tile[x * (tileSide + 1) + y + k];
            if (p.accumulate != 0)
            {
                u32 old = destination[at];
                v = plus(old, v);
            }
            destination[at] = v;
        }
    }
}

// A walk that writes some elements several times: one thread goes through it in order, so that the result does not depend on timing.
//
// Shared memory: none. Registers: few. Cost: a trip to memory and back an iteration, 0.5 to 1 microseconds; nothing in the engine asks for it.
// 16 registers on sm_80, 11 on sm_90; 0 bytes of static shared memory.
RNN_KERNEL(copy_ordered_b32, CopyStridedParams, 32, 1, 0)
{
    if (threadIdxX() != 0) { return; }
    Global<const u32> source = global<const u32>(p.source);
    Global<u32> destination = global<u32>(p.destination);
    for (u32 i = 0; i < p.count; i++)
    {
        WalkPlace at = placeOf(p.axes, p.rank, i);
        u32 v = source[at.a];
        if (p.accumulate != 0)
        {
            u32 old = destination[at.y];
            v = plus(old, v);
        }
        destination[at.y] = v;
    }
}

}  // namespace rnn
