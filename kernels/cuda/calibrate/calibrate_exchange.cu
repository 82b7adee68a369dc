// How long blocks wait for one another: what a step of a persistent loop pays. Cooperative launches. Cost: the time itself is what is measured.
#include "device.cuh"
#include "rnn_abi.h"

namespace rnn {

// Two blocks hand a counter to and fro: block 0 writes 1, 3, 5, ... to the first flag, block 1 answers in the second. 2 rounds writes, each waited for.
//
// flags: u32, 0 at the start, block 0's at [0] and block 1's at [32] (a cache line apart). sink: [2] u32, the last value that each block saw: rounds.
// Bound by the latency of the L2. Share of that on a GPU: not yet measured.
// 11 registers on sm_80, 12 on sm_90; 0 bytes of static shared memory.
RNN_KERNEL(calibrate_flag, CalibrateParams, 32, 1, 0)
{
    if (threadIdxX() == 0 && blockIdxX() < 2)
    {
        Global<u32> flags = global<u32>(p.flags);
        const bool first = blockIdxX() == 0;
        Global<u32> own = flags + (first ? 0 : 32), other = flags + (first ? 32 : 0);
        u32 seen = 0;
        RNN_ROLLED for (u32 round = 1; round <= (u32)p.rounds; round++)
        {
            if (first) { storeRelease(own, round); }
            waitAtLeast(other, round);
            if (!first) { storeRelease(own, round); }
            seen = round;
        }

        global<u32>(p.sink)[blockIdxX()] = seen;
    }
}

// All blocks count themselves in and wait until all have, as blocks that share rows of a batch do between the steps of a loop.
//
// flags: [1] u32, 0 at the start: the count. sink: [gridDim.x] u32, the rounds that each block saw the end of.
// Bound by the latency of the L2 and by its atomics. Share of that on a GPU: not yet measured.
// 10 registers on sm_80, 10 on sm_90; 0 bytes of static shared memory.
RNN_KERNEL(calibrate_barrier, CalibrateParams, 128, 1, 0)
{
    Global<u32> arrivals = global<u32>(p.flags);
    RNN_ROLLED for (u32 round = 1; round <= (u32)p.rounds; round++)
    {
        syncBlock();
        if (threadRank() == 0)
        {
            atomicAdd<Order::Release, Scope::Device>(arrivals, 1u);
            waitAtLeast(arrivals, round * gridDimX());
        }

        syncBlock();
    }

    if (threadRank() == 0) { global<u32>(p.sink)[blockIdxX()] = (u32)p.rounds; }
}

}  // namespace rnn
