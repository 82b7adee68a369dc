// GRU, reset before the product, in exact fp32 on the CUDA cores, all steps in one launch: see gru/gru_before_step.cuh for equations and axes, recurrent/persistent.cuh for the
// exchange between blocks, shared memory and cost.
#include "gru/gru_before_step.cuh"
#include "recurrent/persistent.cuh"

namespace rnn {

// Tile 8 rows x 16 units, 128 threads. Share of the limit on a GPU: not yet measured.
// 144 registers on sm_80, 138 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(gru_before_fwd_persistent_fp32_8x16, RecurrentLoopParams, 128, 1, 32) { persistentPair<GruBeforeForwardGates, GruBeforeForwardState, Fp32, StepTile<8, 16, 128>>(p); }
// 136 registers on sm_80, 132 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(gru_before_bwd_persistent_fp32_8x16, RecurrentLoopParams, 128, 1, 32) { persistentPair<GruBeforeBackwardState, GruBeforeBackwardGates, Fp32, StepTile<8, 16, 128>>(p); }

// Tile 32 rows x 16 units, 128 threads. Share of the limit on a GPU: not yet measured.
// 220 registers on sm_80, 218 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(gru_before_fwd_persistent_fp32_32x16, RecurrentLoopParams, 128, 1, 32) { persistentPair<GruBeforeForwardGates, GruBeforeForwardState, Fp32, StepTile<32, 16, 128>>(p); }
// 238 registers on sm_80, 224 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(gru_before_bwd_persistent_fp32_32x16, RecurrentLoopParams, 128, 1, 32) { persistentPair<GruBeforeBackwardState, GruBeforeBackwardGates, Fp32, StepTile<32, 16, 128>>(p); }

}
