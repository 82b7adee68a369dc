// The contract between the kernels and the host: what each kernel takes. src/RnnGpu.Cuda/Launch/KernelAbi.cs mirrors these structs field by field; a
// test compares their sizes with what the kernels were compiled with. Rules: plain structs, device addresses as u64, extents as i64 or i32,
// every field at a multiple of its size and the whole a multiple of 8, so that no compiler adds padding of its own. A kernel takes one struct.
#pragma once

#include "device/types.cuh"

/// Grows with every change of a struct or of what a field means.
#define RNN_ABI_VERSION 1

namespace rnn {

/// Numbers of the unary functions: RnnGpu.Core.UnaryOp.
enum class UnaryOp : i32 { Negate, Scale, Shift, Sigmoid, Tanh, Relu, LeakyRelu, Step, Exp, Log, Sqrt, Square, Abs, Clamp, Count };

/// Numbers of the binary functions: RnnGpu.Core.BinaryOp.
enum class BinaryOp : i32 { Add, Subtract, Multiply, Divide, Maximum, Minimum, Count };

/// y[i] = value.
struct FillParams {
    u64 y;
    i64 count;
    float value;
    i32 reserved;
};

/// y[i] = op(x[i]; parameter).
struct UnaryParams {
    u64 x, y;
    i64 count;
    i32 op;
    float parameter;
};

/// dx[i] = dy[i] op'(x[i]), or += where accumulate is not 0; y is op(x).
struct UnaryBackwardParams {
    u64 x, y, dy, dx;
    i64 count;
    i32 op;
    float parameter;
    i32 accumulate;
    i32 reserved;
};

/// y[i] = op(a[i mod aPeriod], b[i mod bPeriod]).
struct BinaryParams {
    u64 a, b, y;
    i64 count, aPeriod, bPeriod;
    i32 op;
    i32 reserved;
};

/// y[i] = alpha x[i] + beta y[i]; with beta 0 the old y is not read.
struct AddScaledParams {
    u64 x, y;
    i64 count;
    float alpha, beta;
};

static_assert(sizeof(FillParams) == 24 && sizeof(UnaryParams) == 32 && sizeof(UnaryBackwardParams) == 56 && sizeof(BinaryParams) == 56
                  && sizeof(AddScaledParams) == 32, "the mirror in C# has these sizes");

}  // namespace rnn
