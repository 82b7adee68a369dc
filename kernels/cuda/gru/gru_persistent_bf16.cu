// GRU, reset after the product, in bf16 on tensor cores, all steps in one launch: see gru/gru_step.cuh for equations and axes, recurrent/persistent.cuh for the
// exchange between blocks, shared memory and cost.
#include "gru/gru_step.cuh"
#include "recurrent/persistent.cuh"

namespace rnn {

// Tile 32 rows x 8 units, 128 threads. Share of the limit on a GPU: not yet measured.
// 166 registers on sm_80, 174 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(gru_fwd_persistent_bf16_32x8, RecurrentLoopParams, 128, 1, 32) { persistent<GruForward, Bf16, StepTile<32, 8, 128>>(p); }
// 159 registers on sm_80, 158 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(gru_bwd_persistent_bf16_32x8, RecurrentLoopParams, 128, 1, 32) { persistent<GruBackward, Bf16, StepTile<32, 8, 128>>(p); }

// Tile 64 rows x 16 units, 256 threads. Share of the limit on a GPU: not yet measured.
// 246 registers on sm_80, 244 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(gru_fwd_persistent_bf16_64x16, RecurrentLoopParams, 256, 1, 32) { persistent<GruForward, Bf16, StepTile<64, 16, 256>>(p); }
// 234 registers on sm_80, 230 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(gru_bwd_persistent_bf16_64x16, RecurrentLoopParams, 256, 1, 32) { persistent<GruBackward, Bf16, StepTile<64, 16, 256>>(p); }

}
