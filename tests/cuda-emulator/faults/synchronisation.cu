// Planted faults: barriers, copies and waits that are missing or can't be met.
#include "device.cuh"

#include "../tests/test_params.h"

namespace rnn {

// A reversal through shared memory; choice 0 leaves out the barrier.
RNN_KERNEL(fault_missing_barrier, TestParams, 256, 1, 1024)
{
    RNN_SHARED(u32, tile, 256);
    u32 t = threadIdxX(), n = blockDimX();
    tile[t] = t + 1;
    if (p.choice != 0) { syncBlock(); }
    global<u32>(p.out)[t] = tile[n - 1 - t];
}

// Write after read: the second round overwrites what others may still read.
RNN_KERNEL(fault_write_after_read, TestParams, 64, 1, 256)
{
    RNN_SHARED(u32, tile, 64);
    u32 t = threadIdxX(), v = t;
    for (u32 round = 0; round < 2; round++)
    {
        tile[t] = v;
        syncBlock();
        v += tile[(t + 1) % blockDimX()];
    }
    global<u32>(p.out)[t] = v;
}

// Lanes exchange with nothing between.
RNN_KERNEL(fault_missing_warp_barrier, TestParams, 32, 1, 128)
{
    RNN_SHARED(u32, tile, 32);
    u32 t = threadIdxX();
    tile[t] = t;
    global<u32>(p.out)[t] = tile[t ^ 1];
}

// Reads its own asynchronous copy without waiting.
RNN_KERNEL(fault_unwaited_copy, TestParams, 32, 1, 512)
{
    RNN_SHARED(float, tile, 128);
    u32 t = threadIdxX();
    copyAsync<16>(tile + 4 * t, global<const float>(p.in) + 4 * t);
    commitAsync();
    float v = tile[4 * t];
    waitAsync<0>();
    global<float>(p.out)[t] = v;
}

// Waits for one group of two, and reads the second.
RNN_KERNEL(fault_wrong_group, TestParams, 32, 1, 1024)
{
    RNN_SHARED(float, tile, 256);
    u32 t = threadIdxX();
    Global<const float> in = global<const float>(p.in);
    copyAsync<16>(tile + 4 * t, in + 4 * t);
    commitAsync();
    copyAsync<16>(tile + 128 + 4 * t, in + 4 * t);
    commitAsync();
    waitAsync<1>();
    float v = tile[128 + 4 * t];
    waitAsync<0>();
    global<float>(p.out)[t] = v;
}

// Waits for its own copies and reads another thread's, with no barrier.
RNN_KERNEL(fault_copy_without_barrier, TestParams, 32, 1, 512)
{
    RNN_SHARED(float, tile, 128);
    u32 t = threadIdxX();
    copyAsync<16>(tile + 4 * t, global<const float>(p.in) + 4 * t);
    commitAsync();
    waitAsync<0>();
    global<float>(p.out)[t] = tile[4 * ((t + 31) % 32)];
}

// Leaves with a copy under way.
RNN_KERNEL(fault_abandoned_copy, TestParams, 32, 1, 512)
{
    RNN_SHARED(float, tile, 128);
    copyAsync<16>(tile + 4 * threadIdxX(), global<const float>(p.in) + 4 * threadIdxX());
    commitAsync();
}

// Half of the threads leave before the barrier.
RNN_KERNEL(fault_early_exit, TestParams, 64, 1, 0)
{
    if (threadIdxX() >= 40) { return; }
    syncBlock();
    global<u32>(p.out)[threadIdxX()] = 1;
}

// Two barriers for one block.
RNN_KERNEL(fault_two_barriers, TestParams, 64, 1, 0)
{
    if (threadIdxX() < 40) { syncBlock(); }
    else
    {
        syncBlock();
    }
    global<u32>(p.out)[threadIdxX()] = 1;
}

// A shuffle that half of the warp never reaches, since it waits at a barrier.
RNN_KERNEL(fault_warp_divergence, TestParams, 32, 1, 0)
{
    u32 v = threadIdxX();
    if (v < 16) { v = shuffleXor(v, 1); }
    syncBlock();
    global<u32>(p.out)[threadIdxX()] = v;
}

// Lanes of one warp in two operations.
RNN_KERNEL(fault_mixed_operations, TestParams, 32, 1, 0)
{
    u32 v = threadIdxX();
    if (v % 2 == 0) { v = shuffleXor(v, 2); }
    else { v = ballot(v > 3); }
    global<u32>(p.out)[threadIdxX()] = v;
}

// Takes a value from a lane outside the mask.
RNN_KERNEL(fault_lane_outside_mask, TestParams, 32, 1, 0)
{
    u32 v = threadIdxX();
    if (v < 16) { v = shuffleXor(v, 16, 32, 0xFFFFu); }
    global<u32>(p.out)[threadIdxX()] = v;
}

// Blocks read what their neighbours wrote; choice 0 leaves out the grid barrier.
RNN_KERNEL(fault_missing_grid_barrier, TestParams, 32, 1, 0)
{
    Global<u32> values = global<u32>(p.in);
    if (threadIdxX() == 0) { values[blockIdxX()] = blockIdxX(); }
    if (p.choice != 0) { syncGrid(global<u32>(p.extra)); }
    else { syncBlock(); }
    if (threadIdxX() == 0) { global<u32>(p.out)[blockIdxX()] = values[(blockIdxX() + 1) % gridDimX()]; }
}

// A grid barrier that the last block never reaches.
RNN_KERNEL(fault_grid_divergence, TestParams, 32, 1, 0)
{
    if (blockIdxX() + 1 < gridDimX()) { syncGrid(global<u32>(p.extra)); }
}

// Two blocks write one word.
RNN_KERNEL(fault_block_race, TestParams, 32, 1, 0)
{
    if (threadIdxX() == 0) { global<u32>(p.out)[0] = blockIdxX(); }
}

// Waits for a flag that nobody raises.
RNN_KERNEL(fault_endless_wait, TestParams, 32, 1, 0) { waitAtLeast(global<u32>(p.extra), 1); }

// Reads by the read-only path what it wrote.
RNN_KERNEL(fault_read_only, TestParams, 32, 1, 0)
{
    Global<float> out = global<float>(p.out);
    out[threadIdxX()] = 1.0f;
    float v = loadReadOnly(out + threadIdxX());
    out[threadIdxX()] = v + 1.0f;
}

}  // namespace rnn
