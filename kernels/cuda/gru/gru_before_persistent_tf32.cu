// GRU, reset before the product, in tf32 on tensor cores, all steps in one launch: see gru/gru_before_step.cuh for equations and axes, recurrent/persistent.cuh for the
// exchange between blocks, shared memory and cost.
#include "gru/gru_before_step.cuh"
#include "recurrent/persistent.cuh"

namespace rnn {

// Tile 32 rows x 8 units, 128 threads. Share of the limit on a GPU: not yet measured.
// 164 registers on sm_80, 163 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(gru_before_fwd_persistent_tf32_32x8, RecurrentLoopParams, 128, 1, 32) { persistentPair<GruBeforeForwardGates, GruBeforeForwardState, Tf32, StepTile<32, 8, 128>>(p); }
// 154 registers on sm_80, 152 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(gru_before_bwd_persistent_tf32_32x8, RecurrentLoopParams, 128, 1, 32) { persistentPair<GruBeforeBackwardState, GruBeforeBackwardGates, Tf32, StepTile<32, 8, 128>>(p); }

// Tile 64 rows x 16 units, 256 threads. Share of the limit on a GPU: not yet measured.
// 244 registers on sm_80, 244 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(gru_before_fwd_persistent_tf32_64x16, RecurrentLoopParams, 256, 1, 32) { persistentPair<GruBeforeForwardGates, GruBeforeForwardState, Tf32, StepTile<64, 16, 256>>(p); }
// 224 registers on sm_80, 212 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(gru_before_bwd_persistent_tf32_64x16, RecurrentLoopParams, 256, 1, 32) { persistentPair<GruBeforeBackwardState, GruBeforeBackwardGates, Tf32, StepTile<64, 16, 256>>(p); }

}
