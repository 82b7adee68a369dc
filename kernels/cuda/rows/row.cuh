// Rows of a matrix, each worked on by a warp (short rows, eight a block) or by a block of 256 threads. A thread owns columns rank, rank + threads, ...
// of its row, and what it wants to keep between passes over them lies in shared memory at places that no other thread touches: the row is read once
// and no barrier is needed for it.
#pragma once

#include "reduce/block_sum.cuh"

namespace rnn {

/// Longest row for a warp; twin in RowLaunch.cs. Longer ones get a block.
constexpr i32 warpColumns = 1024;

/// A warp and its row. blockDim is 32 times the rows of a block.
struct WarpRow {
    static constexpr u32 threads = warpSize;

    i64 row = (i64)blockIdxX() * (blockDimX() / warpSize) + warpId();
    u32 rank = laneId();
    u32 place = warpId();        // of the row among the block's

    explicit RNN_DEVICE WarpRow(Shared<float>) {}
    RNN_DEVICE float sum(float v) const { return warpSum(v); }
    RNN_DEVICE float largest(float v) const { return warpMax(v); }
};

/// A block and its row.
struct BlockRow {
    static constexpr u32 threads = sumThreads;

    i64 row = blockIdxX();
    u32 rank = threadIdxX();
    u32 place = 0;
    Shared<float> scratch;       // sumWarps elements

    explicit RNN_DEVICE BlockRow(Shared<float> s) : scratch(s) {}
    RNN_DEVICE float sum(float v) const { return blockSum(v, scratch); }

    RNN_DEVICE float largest(float v) const
    {
        v = warpMax(v);
        syncBlock();
        if (laneId() == 0) { scratch[warpId()] = v; }
        syncBlock();
        v = scratch[0];
        RNN_UNROLL
        for (u32 w = 1; w < sumWarps; w++) { v = max(v, scratch[w]); }
        return v;
    }
};

/// The thread's columns of a row in groups of four, so that four loads are on their way at a time: load(column) for each that exists, then
/// use(column, value) for those. A value is a float or a struct of some.
template <class R, class Load, class Use> RNN_DEVICE void overColumns(const R& r, i32 columns, Load load, Use use)
{
    for (i32 c = (i32)r.rank; c < columns; c += 4 * (i32)R::threads)
    {
        decltype(load(c)) v[4] = {};
        RNN_UNROLL
        for (u32 k = 0; k < 4; k++)
        {
            i32 at = c + (i32)(k * R::threads);
            if (at < columns) { v[k] = load(at); }
        }
        RNN_UNROLL
        for (u32 k = 0; k < 4; k++)
        {
            i32 at = c + (i32)(k * R::threads);
            if (at < columns) { use(at, v[k]); }
        }
    }
}

}  // namespace rnn
