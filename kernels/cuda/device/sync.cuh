// Waiting between blocks that are on the device together (cooperative launches).
#pragma once

namespace rnn {

/// Waits until the counter has reached target, modulo 2^32; what its writer released is then visible to this thread.
RNN_DEVICE void waitAtLeast(Global<u32> counter, u32 target)
{
    waitUntil(counter, [=](u32 v) { return (i32)(v - target) >= 0; });
}

/// Barrier of all blocks of a cooperative launch. `word` is one u32 in global memory, 0 before its first use and reusable without
/// being reset: block 0 adds 2^31 less the others' count, the others add 1, so the sum of a round flips the top bit and leaves the rest 0.
/// All blocks must be resident: otherwise those waiting hold the places of those awaited.
RNN_DEVICE void syncGrid(Global<u32> word)
{
    syncBlock();
    if (threadRank() == 0)
    {
        u32 blocks = gridDimX() * gridDimY() * gridDimZ();
        bool first = blockIdxX() == 0 && blockIdxY() == 0 && blockIdxZ() == 0;
        fenceDevice();
        u32 old = atomicAdd<Order::AcquireRelease, Scope::Device>(word, first ? 0x80000000u - (blocks - 1) : 1u);
        waitUntil(word, [=](u32 v) { return ((v ^ old) & 0x80000000u) != 0; });
        fenceDevice();
    }
    syncBlock();
}

}  // namespace rnn
