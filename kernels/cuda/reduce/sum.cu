// Sums over axes, the inverse of broadcasting. Long sums are cut into parts of a fixed length, whose sums are summed by another launch: the order of
// additions depends on the shapes alone.
#include "device.cuh"
#include "rnn_abi.h"
#include "elementwise/walk.cuh"
#include "reduce/block_sum.cuh"

namespace rnn {

constexpr u32 columnPart = 256;      // summed elements of a part of sum_columns_f32; twins in SumTo.cs
constexpr u32 rowPart = 4096;        // of sum_rows_block_f32
constexpr u32 columnTile = 32;       // columns of a block of sum_columns_f32, one a lane
constexpr u32 columnLanes = sumThreads / columnTile;

/// x[offset(e)] + x[offset(e + step)] + ... below end, four loads on their way at a time.
template <class Offset> RNN_DEVICE float sumAlong(Global<const float> x, u32 e, u32 end, u32 step, Offset offset)
{
    float sum = 0.0f;
    for (; e < end; e += 4 * step)
    {
        float v[4];
        RNN_UNROLL
        for (u32 k = 0; k < 4; k++)
        {
            u32 at = e + k * step;
            v[k] = 0.0f;
            if (at < end) { v[k] = x[offset(at)]; }
        }
        RNN_UNROLL
        for (u32 k = 0; k < 4; k++) { sum += v[k]; }
    }
    return sum;
}

/// Sum over every step-th element of the summed axes, from e, for kept element i.
RNN_DEVICE float sumOf(const SumParams& p, u32 i, u32 e, u32 end, u32 step)
{
    Global<const float> x = global<const float>(p.x) + (p.keptRank == 1 ? i * p.kept[0].stepA : placeOf(p.kept, p.keptRank, i).a);
    if (p.summedRank > 1) { return sumAlong(x, e, end, step, [&](u32 at) { return placeOf(p.summed, p.summedRank, at).a; }); }
    i64 stride = p.summed[0].stepA;
    return sumAlong(x, e, end, step, [=](u32 at) { return at * stride; });
}

RNN_DEVICE void put(Global<float> y, i64 i, float sum, bool accumulate)
{
    if (accumulate)
    {
        float old = y[i];
        sum = old + sum;
    }
    y[i] = sum;
}

// y[part][i] = sum over e of a part of x[kept(i) + summed(e)], x contiguous along the last kept axis; += with accumulate (one part only).
//
// A block of 32 x 8 threads: 32 neighbouring i, and 8 lanes that take every eighth e of the part's 256; the lanes meet in a chain. Grid:
// (i in 32s, parts). Where there are several parts the result is [parts, keptCount], itself to be summed over its first axis.
// Shared memory: 1,024 bytes. Registers: up to 40 (6 blocks an SM), no spills.
// Cost: 4 bytes an element of x against the memory's bandwidth, as long as 32 columns are used. Share of that limit on a GPU: not yet measured.
// 32 registers on sm_80, 40 on sm_90; 1,024 bytes of static shared memory.
RNN_KERNEL(sum_columns_f32, SumParams, 256, 6, 1024)
{
    RNN_SHARED(float, sums, sumThreads);
    u32 lane = threadIdxX(), turn = threadIdxY(), i = blockIdxX() * columnTile + lane, part = blockIdxY() * columnPart;
    float sum = 0.0f;
    if (i < p.keptCount)
    {
        u32 end = part + columnPart < p.summedCount ? part + columnPart : p.summedCount;
        sum = sumOf(p, i, part + turn, end, columnLanes);
    }
    sums[turn * columnTile + lane] = sum;
    syncBlock();
    if (turn != 0 || i >= p.keptCount) { return; }
    RNN_UNROLL
    for (u32 t = 1; t < columnLanes; t++) { sum += sums[t * columnTile + lane]; }
    put(global<float>(p.y), blockIdxY() * p.partStride + i, sum, p.accumulate != 0);
}

// y[i] = sum over e of x[kept(i) + summed(e)], += with accumulate, for up to 1,024 summed elements; x contiguous along the last summed axis.
//
// A warp an i, eight a block; lanes take every 32nd e and meet in a butterfly. Shared memory: none. Registers: up to 40, no spills.
// Cost: 4 bytes an element of x against the memory's bandwidth. Share of that limit on a GPU: not yet measured.
// 40 registers on sm_80, 40 on sm_90; 0 bytes of static shared memory.
RNN_KERNEL(sum_rows_warp_f32, SumParams, 256, 6, 0)
{
    u32 i = blockIdxX() * sumWarps + warpId();
    if (i >= p.keptCount) { return; }
    float sum = warpSum(sumOf(p, i, laneId(), p.summedCount, warpSize));
    if (laneId() == 0) { put(global<float>(p.y), i, sum, p.accumulate != 0); }
}

// The same for any number of summed elements: y[i][part] = sum over e of a part of 4,096.
//
// A block of 256 threads an i and part (parts the fastest in the grid); threads take every 256th e. Where there are several parts the result is
// [keptCount, parts], itself to be summed over its last axis. Shared memory: 32 bytes. Registers: up to 40, no spills.
// Cost: 4 bytes an element of x against the memory's bandwidth. Share of that limit on a GPU: not yet measured.
// 40 registers on sm_80, 40 on sm_90; 32 bytes of static shared memory.
RNN_KERNEL(sum_rows_block_f32, SumParams, 256, 6, 32)
{
    RNN_SHARED(float, scratch, sumWarps);
    u32 i = blockIdxX() / (u32)p.parts, part = (blockIdxX() - i * (u32)p.parts) * rowPart;
    u32 end = part + rowPart < p.summedCount ? part + rowPart : p.summedCount;
    float sum = blockSum(sumOf(p, i, part + threadIdxX(), end, sumThreads), scratch);
    if (threadIdxX() == 0) { put(global<float>(p.y), blockIdxX(), sum, p.accumulate != 0); }
}

}  // namespace rnn
