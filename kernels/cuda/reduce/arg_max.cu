// Places of rows' largest elements.
#include "device.cuh"
#include "rnn_abi.h"
#include "reduce/block_sum.cuh"

namespace rnn {

/// A candidate: its value and its place in the row.
struct Best { float value; i32 place; };

/// The better of two: a NaN before any number, then the larger, of equals the first.
RNN_DEVICE Best better(Best a, Best b)
{
    bool nanA = a.value != a.value, nanB = b.value != b.value;
    bool takeB = nanA || nanB ? nanB && (!nanA || b.place < a.place) : b.value > a.value || (b.value == a.value && b.place < a.place);
    return takeB ? b : a;
}

RNN_DEVICE Best bestOfWarp(Best best)
{
    for (u32 d = warpSize / 2; d > 0; d /= 2) { best = better(best, Best{shuffleXor(best.value, d), shuffleXor(best.place, d)}); }
    return best;
}

/// Best of columns rank, rank + threads, ... of a row; places beyond it lose against any in it.
RNN_DEVICE Best bestOf(Global<const float> x, i32 columns, u32 rank, u32 threads)
{
    Best best{-__builtin_inff(), 0x7FFFFFFF};
    for (i32 c = (i32)rank; c < columns; c += 4 * (i32)threads)
    {
        Best seen[4];
        RNN_UNROLL
        for (u32 k = 0; k < 4; k++)
        {
            i32 at = c + (i32)(k * threads);
            seen[k] = Best{-__builtin_inff(), 0x7FFFFFFF};
            if (at < columns) { seen[k] = Best{x[at], at}; }
        }
        RNN_UNROLL
        for (u32 k = 0; k < 4; k++) { best = better(best, seen[k]); }
    }
    return best;
}

// y[r] = place of the largest of x[r, :], the first of equals; the first NaN where there is one.
//
// x: [rows, columns], y: [rows] int. A warp a row, eight a block. Shared memory: none. Registers: up to 40 (6 blocks an SM), no spills.
// Cost: 4 bytes an element against the memory's bandwidth. Share of that limit on a GPU: not yet measured.
// 20 registers on sm_80, 24 on sm_90; 0 bytes of static shared memory.
RNN_KERNEL(arg_max_warp_f32, ArgMaxParams, 256, 6, 0)
{
    i64 row = (i64)blockIdxX() * sumWarps + warpId();
    if (row >= p.rows) { return; }
    Best best = bestOfWarp(bestOf(global<const float>(p.x) + row * p.columns, p.columns, laneId(), warpSize));
    if (laneId() == 0) { global<i32>(p.y)[row] = best.place; }
}

// The same with a block of 256 threads a row, for long rows. Shared memory: 64 bytes. Registers: up to 40, no spills.
// 22 registers on sm_80, 24 on sm_90; 64 bytes of static shared memory.
RNN_KERNEL(arg_max_block_f32, ArgMaxParams, 256, 6, 64)
{
    RNN_SHARED(float, values, sumWarps);
    RNN_SHARED(i32, places, sumWarps);
    i64 row = blockIdxX();
    Best best = bestOfWarp(bestOf(global<const float>(p.x) + row * p.columns, p.columns, threadIdxX(), sumThreads));
    if (laneId() == 0)
    {
        values[warpId()] = best.value;
        places[warpId()] = best.place;
    }
    syncBlock();
    if (threadIdxX() != 0) { return; }
    RNN_UNROLL
    for (u32 w = 1; w < sumWarps; w++) { best = better(best, Best{values[w], places[w]}); }
    global<i32>(p.y)[row] = best.place;
}

}  // namespace rnn
