// Parameters of the kernels of plain operations (everything but products and recurrences). Twins: src/RnnGpu.Cuda/Launch/KernelAbi.Ops.cs.
// Pointers are u64, 0 for "no tensor"; 8-byte members first; no hidden padding.
#pragma once

#include "device/types.cuh"

namespace rnn {

/// Axes of a walk over elements, outermost first; those beyond the rank are not looked at.
constexpr int maxRank = 6;

/// One axis: its size, with what divides by it (walk.cuh), and the steps of up to three operands in elements.
struct WalkAxis {
    i64 stepA, stepB, stepY;
    u32 size, magic, shift, unused;
};

/// Numbers of the unary functions: RnnGpu.Core.UnaryOp.
enum class UnaryOp : i32 { Negate, Scale, Shift, Sigmoid, Tanh, Relu, LeakyRelu, Step, Exp, Log, Sqrt, Square, Abs, Clamp };

/// Numbers of the binary functions: RnnGpu.Core.BinaryOp.
enum class BinaryOp : i32 { Add, Subtract, Multiply, Divide, Maximum, Minimum };

/// Numbers of the losses: RnnGpu.Core.ElementLoss.
enum class ElementLoss : i32 { SquaredError, AbsoluteError, BinaryCrossEntropy };

/// unary_f32: y[i] = op(x[i]; parameter).
struct UnaryParams {
    u64 x, y;
    i64 count;
    i32 op;              // UnaryOp
    float parameter;
};

/// unary_backward_f32: dx[i] = dy[i] op'(x[i]), or +=. x or y is 0 where op' is computed from the other.
struct UnaryBackwardParams {
    u64 x, y, dy, dx;
    i64 count;
    i32 op;
    float parameter;
    i32 accumulate;
    i32 unused;
};

/// binary_f32: y[i] = op(a[i stepA], b[i stepB]), steps 0 or 1.
struct BinaryParams {
    u64 a, b, y;
    i64 count;
    i32 op;          // BinaryOp
    i32 stepA, stepB;
    i32 unused;
};

/// binary_broadcast_f32: count < 2^31.
struct BinaryBroadcastParams {
    u64 a, b, y;
    WalkAxis axes[maxRank];
    u32 count;
    i32 rank;
    i32 op;
    i32 unused;
};

/// dropout_f32: y[i] = u(first + i) < probability ? 0 : scale x[i].
struct DropoutParams {
    u64 x, y;
    i64 count;
    u64 seed, step;
    u64 first;
    u32 site;
    float probability;
    float scale;
    i32 unused;
};

/// elementwise_loss_f32. weights and dx may be 0; scale is read where there is dx.
struct ElementwiseLossParams {
    u64 x, targets, weights, scale, loss, dx;
    i64 count;
    i32 kind;        // ElementLoss
    i32 unused;
};

/// copy_strided_b32, copy_strided_b128, copy_transposed_b32, copy_ordered_b32: a: source, y: destination. count < 2^31.
struct CopyStridedParams {
    u64 source, destination;
    WalkAxis axes[maxRank];
    u32 count;
    i32 rank;
    i32 accumulate;
    i32 unused;
};

/// gather_b32, gather_b128: y[n] = table[indices[n]], columns in units of the kernel's elements. fault: a u64 (fault.cuh).
struct GatherParams {
    u64 table, indices, y, fault;
    i64 rows;        // N
    i32 columns;     // E
    i32 limit;       // V
    i32 lanesLog2;   // threads of a block that share a row
    i32 unused;
};

/// scatter_add_f32: dTable[indices[n]] += dy[n].
struct ScatterAddParams {
    u64 dy, indices, dTable, fault;
    i64 count;           // N
    i32 columns;         // E
    i32 limit;           // V
    i32 rowsPerBlock;    // table rows of a block
    i32 lanesLog2;       // threads that share a table row: columns of a tile
};

/// sum_columns_f32, sum_rows_f32: y[i] (+)= sum over the summed axes of part blockIdx.y of x[kept i + summed e]. stepA: x.
struct SumParams {
    u64 x, y;
    WalkAxis kept[maxRank];
    WalkAxis summed[maxRank];
    i64 partStride;      // elements of y from part to part (sum_columns_f32)
    u32 keptCount, summedCount;
    i32 keptRank, summedRank;
    i32 parts;
    i32 accumulate;
};

/// add_column_sums_f32: y[n] += x[0, n] + x[1, n] + ..., x [rows, columns] with a row stride of any sign.
struct ColumnChainParams {
    u64 x, y;
    i64 rows;
    i64 rowStride;
    i64 columns;
};

/// arg_max_warp_f32, arg_max_block_f32: y[r] = first largest of x[r, :].
struct ArgMaxParams {
    u64 x, y;
    i64 rows;
    i32 columns;
    i32 unused;
};

/// max_over_time_f32: y[b, f] = largest x[t, b, f] over t < lengths[b], steps[b, f] its step. lengths may be 0: all of them.
/// max_over_time_backward_f32: x[t, b, f] = y[b, f] where t = steps[b, f], else 0.
struct MaxOverTimeParams {
    u64 x, lengths, y, steps;
    i64 rows;        // B
    i64 columns;     // F
    i64 time;        // T
};

/// One tensor of a sum of squares. Blocks are numbered through all tensors.
struct SquaresSlot {
    u64 x;
    i64 count;
    i64 firstBlock;
};

/// sum_of_squares_f32: partials[b] = sum of squares of block b; slotOfBlock[b] is its tensor.
struct SumOfSquaresParams {
    u64 slots, slotOfBlock, partials;
};

/// count_weights_f32. targets and weights may be 0.
struct CountWeightsParams {
    u64 targets, weights, y;
    i64 rows;
};

/// softmax_{warp,block}_f32, softmax_backward_{warp,block}_f32 (x: y, y: dy, dx: dx).
struct SoftmaxParams {
    u64 x, y, dx;
    i64 rows;
    i32 columns;
    i32 kept;            // 1: a row fits the launch's dynamic shared memory
};

/// cross_entropy_{warp,block}_f32. weights and dx may be 0; scale is read where there is dx.
struct CrossEntropyParams {
    u64 x, targets, weights, scale, loss, dx, fault;
    i64 rows;
    i32 columns;
    i32 kept;
    float smoothing;
    i32 unused;
};

/// layer_norm_{warp,block}_f32.
struct LayerNormParams {
    u64 x, gamma, beta, y, mean, rstd;
    i64 rows;
    i32 columns;
    i32 kept;
    float epsilon;
    i32 unused;
};

/// layer_norm_backward_{warp,block}_f32 (dx) and layer_norm_gamma_f32 (dGamma, dBeta or their partial sums, [parts, columns]).
struct LayerNormBackwardParams {
    u64 x, gamma, mean, rstd, dy, dx, dGamma, dBeta;
    i64 rows;
    i32 columns;
    i32 kept;
    i32 accumulate;
    i32 unused;
};

/// One parameter of an update. Blocks are numbered through all slots.
struct OptimizerSlot {
    u64 weight, gradient, first, second;
    i64 count;
    i64 firstBlock;
    float rateScale;
    float weightDecay;
};

/// optimize_{sgd,rmsprop,adam}_f32. gradientScale may be 0.
struct OptimizeParams {
    u64 slots, slotOfBlock, gradientScale;
    float learningRate;      // Adam: for the weight decay; its steps use correctedRate
    float correctedRate;     // learning rate / (1 - beta1^t)
    float rootCorrection;    // 1 / sqrt(1 - beta2^t)
    float beta1, rest1;      // rest: 1 - beta, rounded once
    float beta2, rest2;
    float epsilon;
    i32 decoupled;           // AdamW
    i32 nesterov;
};

/// clip_factor_f32: y = min(1, maxNorm / (average sqrt(sumOfSquares) + 1e-6)) average.
struct ClipFactorParams {
    u64 sumOfSquares, y;
    float maxNorm, average;
};

}  // namespace rnn
