// GRU, reset after the product, in exact fp32 on the CUDA cores, all steps in one launch: see gru/gru_step.cuh for equations and axes, recurrent/persistent.cuh for the
// exchange between blocks, shared memory and cost.
#include "gru/gru_step.cuh"
#include "recurrent/persistent.cuh"

namespace rnn {

// Tile 8 rows x 16 units, 128 threads. Share of the limit on a GPU: not yet measured.
// 136 registers on sm_80, 134 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(gru_fwd_persistent_fp32_8x16, RecurrentLoopParams, 128, 1, 32) { persistent<GruForward, Fp32, StepTile<8, 16, 128>>(p); }
// 122 registers on sm_80, 122 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(gru_bwd_persistent_fp32_8x16, RecurrentLoopParams, 128, 1, 32) { persistent<GruBackward, Fp32, StepTile<8, 16, 128>>(p); }

// Tile 32 rows x 16 units, 128 threads. Share of the limit on a GPU: not yet measured.
// 194 registers on sm_80, 194 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(gru_fwd_persistent_fp32_32x16, RecurrentLoopParams, 128, 1, 32) { persistent<GruForward, Fp32, StepTile<32, 16, 128>>(p); }
// 242 registers on sm_80, 248 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(gru_bwd_persistent_fp32_32x16, RecurrentLoopParams, 128, 1, 32) { persistent<GruBackward, Fp32, StepTile<32, 16, 128>>(p); }

}
