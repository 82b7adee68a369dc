// Parameters of the kernels of products and recurrences. Twins: src/RnnGpu.Cuda/Launch/KernelAbi.Products.cs.
#pragma once

#include "device/types.cuh"

namespace rnn {

/// What gemm kernels do to C's rows before they are stored: RnnGpu.Core.GemmActivation.
enum class GemmActivation : i32 { None, Relu, Tanh, Sigmoid };

/// C [m, n] = act(A B + bias) or, accumulating, C += A B. Strides in elements.
struct GemmParams {
    u64 a;
    u64 b;
    u64 bias;           // [n], or 0
    u64 c;
    i64 m, n, k;
    i64 aRow, aInner;   // from a row of A to the next, and along the inner axis
    i64 bRow, bInner;   // from a column of B to the next, and along the inner axis; packed: words of a packed row, unused
    i64 cRow;
    i32 activation;     // GemmActivation
    i32 accumulate;
};

/// Rows of fp32 [gates][rows, inner] laid out as words [gates paddedRows, pitch].
struct PackParams {
    u64 source;
    u64 packed;
    i64 rowStride, innerStride, gateStride;
    i64 rows, inner;
    i64 paddedRows;
    i64 pitch;          // words, a multiple of 16
};

/// Operands of a chunk of steps: RnnGpu.Core.RecurrentChunk. Lies in device memory while the steps run.
struct RecurrentChunkParams {
    u64 gates;          // [T, B, G H]
    u64 extra;          // [T, B, H], or 0
    u64 h;              // [T+1, B, H]
    u64 c;              // [T+1, B, H], or 0
    u64 y;              // forward: outputs [T B, H], rows yRow apart; backward: their gradients; or 0
    u64 dh, dc;         // [B, H], backward
    u64 lengths;        // [B], or 0
    u64 resets;         // [T, B], or 0
    u64 bias;           // [H] b_hn, or 0
    i64 yRow;
    i32 stepOffset;
    i32 reverse;
};

/// The launch in front of a chunk's steps.
struct RecurrentPrepareParams {
    RecurrentChunkParams chunk;
    u64 description;    // where the chunk's operands go: 12 words of 64 bits
    u64 copies;         // [words] of 32 bits
    i64 words;
    i32 pitch;          // words of a row of the first copy, [batch, pitch]
    i32 entering;       // forward: the entering state goes into the first copy
    i32 batch, hidden, steps;
    i32 reserved;
};

/// Elman networks' activations.
enum class ElmanVariant : i32 { Tanh, Relu };

/// One step of a chunk.
struct RecurrentStepParams {
    u64 chunk;          // RecurrentChunkParams in device memory
    u64 weights;        // packed, rows of `pitch` words
    u64 from;           // [batch, pitch] words: what the product reads
    u64 to;             // [batch, toPitch] words: what the cell leaves for a later product, or 0
    u64 second;         // likewise, GRU reset-before, backward
    i32 batch, hidden, steps;
    i32 step;           // 0.. in the order of the loop; backward also `steps`, the product alone
    i32 depth;          // terms of an element's sum
    i32 pitch, toPitch, secondPitch;
    i32 variant;        // ElmanVariant
    i32 reserved;
};

/// A product of a step in a loop that one launch runs: RecurrentStepParams' fields that differ between the products, by even and odd steps.
struct RecurrentPhase {
    u64 weights;
    u64 fromEven, fromOdd;
    u64 toEven, toOdd;
    i32 depth, pitch, toPitch;
    i32 residentAt;     // words of shared memory in front of its weights
    i32 groupSlabs;     // slabs of the state that are awaited together
    i32 reserved;
};

/// All steps of a chunk in one launch.
struct RecurrentLoopParams {
    RecurrentPhase first, next;
    u64 chunk;          // RecurrentChunkParams in device memory
    u64 second;         // GRU reset-before, backward
    u64 arrivals;       // a u32 for each tile of rows, 0 at the launch
    i32 batch, hidden, steps;
    i32 loops;          // steps, backward one more
    i32 unitTiles, rowTiles;    // of a block
    i32 unitBlocks;     // blocks that share a tile of rows
    i32 ringAt;         // words of shared memory in front of the ring
    i32 secondPitch;
    i32 variant;        // ElmanVariant
};

static_assert(sizeof(RecurrentPhase) == 64 && sizeof(RecurrentLoopParams) == 192, "the mirror in C# has these sizes");
static_assert(sizeof(GemmParams) == 104 && sizeof(PackParams) == 72 && sizeof(RecurrentChunkParams) == 96
                  && sizeof(RecurrentPrepareParams) == 144 && sizeof(RecurrentStepParams) == 80, "the mirror in C# has these sizes");

}  // namespace rnn
