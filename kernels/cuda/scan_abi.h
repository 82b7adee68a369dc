// Parameters of the kernels that scan over time: part of rnn_abi.h, to which the rules belong.
#pragma once

#include "device/types.cuh"

namespace rnn {

/// *_fwd_scan_f32 and *_bwd_scan_f32; each reads what it needs. What may be absent is 0: highway and peepholes but for SRU, initial, lengths, resets, and
/// forward states and y, backward y.
struct ScanParams {
    u64 gates, highway, peepholes, initial, lengths, resets;
    u64 states;          // [T, B, H]: out (forward), in (backward)
    u64 y;               // [T, B, H]: out (forward), its gradient, in (backward)
    u64 state;           // [B, H]: last states, out (forward); gradient of the last ones, in, and of the initial ones, out (backward)
    u64 dGates, dHighway, dPeepholes;
    i64 gateStride, highwayStride, dHighwayStride;   // elements from a row to the next
    i32 steps, batch, hidden, reverse;
};

static_assert(sizeof(ScanParams) == 136, "the mirror in C# has this size");

}  // namespace rnn
