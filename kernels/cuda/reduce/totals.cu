// Sums to one number: squares of many tensors, weights of rows that count.
#include "device.cuh"
#include "rnn_abi.h"
#include "reduce/block_sum.cuh"

namespace rnn {

constexpr u32 squaresBlock = 4096;   // elements of a block of sum_of_squares_f32; twin in SumOfSquares.cs
constexpr u32 countThreads = 1024;

// partials[b] = sum of squares of block b: 4,096 elements of one tensor. sum_rows_*_f32 then add the partials.
//
// Blocks of all tensors are numbered through; slotOfBlock says whose block b is. A thread adds every 256th element; threads meet in a fixed tree. So
// the bits depend on the tensors' lengths and order alone. One launch for any number of tensors.
// Shared memory: 32 bytes. Registers: up to 32 (8 blocks an SM), no spills.
// Cost: 4 bytes an element against the memory's bandwidth. Share of that limit on a GPU: not yet measured.
// 28 registers on sm_80, 28 on sm_90; 32 bytes of static shared memory.
RNN_KERNEL(sum_of_squares_f32, SumOfSquaresParams, 256, 8, 32)
{
    RNN_SHARED(float, scratch, sumWarps);
    u32 slotIndex = global<const u32>(p.slotOfBlock)[blockIdxX()];
    Global<const u64> slot = global<const u64>(p.slots) + 3 * (i64)slotIndex;
    u64 address = slot[0];
    i64 count = (i64)slot[1], start = ((i64)blockIdxX() - (i64)slot[2]) * squaresBlock;
    Global<const float> x = global<const float>(address) + start;
    i32 length = count - start < squaresBlock ? (i32)(count - start) : (i32)squaresBlock;
    float sum = 0.0f;
    for (i32 i = (i32)threadIdxX(); i < length; i += 4 * (i32)sumThreads)
    {
        float v[4];
        RNN_UNROLL
        for (i32 k = 0; k < 4; k++)
        {
            v[k] = 0.0f;
            if (i + k * (i32)sumThreads < length) { v[k] = x[i + k * (i32)sumThreads]; }
        }
        RNN_UNROLL
        for (i32 k = 0; k < 4; k++) { sum += v[k] * v[k]; }
    }
    sum = blockSum(sum, scratch);
    if (threadIdxX() == 0) { global<float>(p.partials)[blockIdxX()] = sum; }
}

// y[0] = sum over rows whose target is not negative (all where there are no targets) of the row's weight (1 where there are none), y[1] = 1 / y[0],
// or 0 for 0.
//
// targets, weights: [rows] or none; y: [2]. One block of 1,024 threads: rows are few, and everything behind this waits for the number.
// Shared memory: 128 bytes. Registers: up to 64, no spills.
// Cost: rows x 8 bytes against what one SM draws, about 80 GB/s: 7 microseconds for 65,536 rows. Share of that on a GPU: not yet measured.
// 23 registers on sm_80, 27 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(count_weights_f32, CountWeightsParams, 1024, 1, 128)
{
    RNN_SHARED(float, scratch, countThreads / warpSize);
    Global<const i32> targets = global<const i32>(p.targets);
    Global<const float> weights = global<const float>(p.weights);
    float sum = 0.0f;
    for (i64 r = threadIdxX(); r < p.rows && (p.targets | p.weights) != 0; r += 8 * countThreads)
    {
        float v[8];
        RNN_UNROLL
        for (u32 k = 0; k < 8; k++)
        {
            i64 at = r + k * countThreads;
            v[k] = 0.0f;
            if (at < p.rows)
            {
                i32 target = 0;
                float weight = 1.0f;
                if (p.targets != 0) { target = targets[at]; }
                if (p.weights != 0) { weight = weights[at]; }
                v[k] = target < 0 ? 0.0f : weight;
            }
        }
        RNN_UNROLL
        for (u32 k = 0; k < 8; k++) { sum += v[k]; }
    }
    sum = (p.targets | p.weights) != 0 ? blockSum<countThreads / warpSize>(sum, scratch) : (float)p.rows;
    if (threadIdxX() != 0) { return; }
    Global<float> y = global<float>(p.y);
    y[0] = sum;
    y[1] = sum == 0.0f ? 0.0f : 1.0f / sum;
}

}  // namespace rnn
