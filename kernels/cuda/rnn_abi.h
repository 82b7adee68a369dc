// The contract between the kernels and the host: what each kernel takes. src/RnnGpu.Cuda/Launch/KernelAbi.cs mirrors these structs field by field; a
// test compares their sizes with what the kernels were compiled with. Rules: plain structs, device addresses as u64, extents as i64 or i32,
// every field at a multiple of its size and the whole a multiple of 8, so that no compiler adds padding of its own. A kernel takes one struct.
#pragma once

#include "device/types.cuh"
#include "calibrate_abi.h"
#include "crf_abi.h"
#include "ops_abi.h"
#include "products_abi.h"
#include "scan_abi.h"

/// Grows with every change of a struct or of what a field means.
#define RNN_ABI_VERSION 1

namespace rnn {

/// y[i] = alpha x[i] + beta y[i]; with beta 0 the old y is not read.
struct AddScaledParams {
    u64 x, y;
    i64 count;
    float alpha, beta;
};

static_assert(sizeof(AddScaledParams) == 32, "the mirror in C# has this size");

}  // namespace rnn
