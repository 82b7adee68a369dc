// Parameters of the conditional random field's kernels: part of rnn_abi.h, to which the rules belong.
#pragma once

#include "device/types.cuh"

namespace rnn {

/// crf_forward_f32, crf_backward_f32, crf_ends_f32, crf_decode_f32; each reads what it needs. lengths and tags may be 0.
struct CrfParams {
    u64 x, transitions, start, end, lengths, tags;
    u64 alpha, shifts;
    u64 rows;            // [B]: loss (forward, out), dLoss (backward, in), best (decode, out)
    u64 scratch;         // [T, B, K]: q (backward), origins (decode, i32)
    u64 pairs;           // [B, K, K]: each row's part of dTransitions, or 0
    u64 dx, dStart, dEnd;
    u64 fault;
    i32 steps, batch, k;
    i32 kept;            // 1: the transitions fit the launch's dynamic shared memory
};

static_assert(sizeof(CrfParams) == 136, "the mirror in C# has this size");

}  // namespace rnn
