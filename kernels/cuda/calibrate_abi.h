// Part of rnn_abi.h: what the kernels of cuda/calibrate take, which measure the device they run on.
#pragma once

#include "device/types.cuh"

namespace rnn {

/// One measurement. What each field means stands above its kernel.
struct CalibrateParams {
    u64 source, sink, flags;
    i64 count;
    i32 rounds;
    i32 whole;
};

static_assert(sizeof(CalibrateParams) == 40, "the mirror in C# has this size");

}  // namespace rnn
