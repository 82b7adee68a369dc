// Sums over the threads of a block, in a fixed tree.
#pragma once

namespace rnn {

constexpr u32 sumThreads = 256;
constexpr u32 sumWarps = sumThreads / warpSize;

/// Sum of every thread's v, in every thread: butterflies within warps, then the warps in order. `scratch` has an element a warp and may
/// be in use by an earlier call.
template <u32 Warps = sumWarps> RNN_DEVICE float blockSum(float v, Shared<float> scratch)
{
    v = warpSum(v);
    syncBlock();
    if (laneId() == 0) { scratch[warpId()] = v; }
    syncBlock();
    float sum = 0.0f;
    RNN_UNROLL
    for (u32 w = 0; w < Warps; w++) { sum += scratch[w]; }
    return sum;
}

}  // namespace rnn
