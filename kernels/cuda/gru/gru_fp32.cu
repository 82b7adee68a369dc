// GRU, reset after, in exact fp32 on the CUDA cores: see gru_step.cuh for the equations, axes and cost.
#include "gru/gru_step.cuh"

namespace rnn {

// Tile 8 rows x 16 units, 128 threads. Bytes of dynamic shared memory: 32,256 (forward), 13,824 (backward).
// Share of the limit on a GPU: not yet measured.
// 108 registers on sm_80, 108 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(gru_fwd_step_fp32_8x16, RecurrentStepParams, 128, 1, 32) { oneStep<GruForward, Fp32, StepTile<8, 16, 128>>(p); }
// 76 registers on sm_80, 78 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(gru_bwd_step_fp32_8x16, RecurrentStepParams, 128, 1, 32) { oneStep<GruBackward, Fp32, StepTile<8, 16, 128>>(p); }

// Tile 32 rows x 16 units, 128 threads. Bytes of dynamic shared memory: 46,080 (forward), 27,648 (backward).
// Share of the limit on a GPU: not yet measured.
// 150 registers on sm_80, 150 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(gru_fwd_step_fp32_32x16, RecurrentStepParams, 128, 1, 32) { oneStep<GruForward, Fp32, StepTile<32, 16, 128>>(p); }
// 164 registers on sm_80, 166 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(gru_bwd_step_fp32_32x16, RecurrentStepParams, 128, 1, 32) { oneStep<GruBackward, Fp32, StepTile<32, 16, 128>>(p); }

}
