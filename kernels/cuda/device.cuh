// The intrinsic set that every kernel is written against: kernels/README.md lists it. Two implementations of the same names: PTX for NVIDIA
// GPUs, and host C++ that the emulator runs (built with -DRNNGPU_EMULATOR). What is written in terms of either is common.
//
// Both builds compile with -ffp-contract=off and IEEE division and square root, so fp32 code gives the same bits in both; the operations
// that are approximate on the GPU (fast*, the tensor cores' sums) say so where they stand.
#pragma once

#include "device/types.cuh"

#if defined(RNNGPU_EMULATOR)
#include "device/emulator_core.cuh"
#include "device/emulator_memory.cuh"
#include "device/emulator_matrix.cuh"
#else
#include "device/ptx_core.cuh"
#include "device/ptx_memory.cuh"
#include "device/ptx_matrix.cuh"
#endif

#include "device/math.cuh"
#include "device/philox.cuh"
#include "device/warp.cuh"
#include "device/sync.cuh"
