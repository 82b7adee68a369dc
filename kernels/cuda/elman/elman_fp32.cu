// Elman network in exact fp32 on the CUDA cores: see elman_step.cuh for the equations, axes and cost.
#include "elman/elman_step.cuh"

namespace rnn {

// Tile 8 rows x 16 units, 128 threads. Bytes of dynamic shared memory: 13,824 (forward), 13,824 (backward).
// Share of the limit on a GPU: not yet measured.
// 66 registers on sm_80, 68 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(elman_fwd_step_fp32_8x16, RecurrentStepParams, 128, 1, 32) { oneStep<ElmanForward, Fp32, StepTile<8, 16, 128>>(p); }
// 64 registers on sm_80, 66 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(elman_bwd_step_fp32_8x16, RecurrentStepParams, 128, 1, 32) { oneStep<ElmanBackward, Fp32, StepTile<8, 16, 128>>(p); }

// Tile 32 rows x 16 units, 128 threads. Bytes of dynamic shared memory: 27,648 (forward), 27,648 (backward).
// Share of the limit on a GPU: not yet measured.
// 146 registers on sm_80, 146 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(elman_fwd_step_fp32_32x16, RecurrentStepParams, 128, 1, 32) { oneStep<ElmanForward, Fp32, StepTile<32, 16, 128>>(p); }
// 146 registers on sm_80, 146 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(elman_bwd_step_fp32_32x16, RecurrentStepParams, 128, 1, 32) { oneStep<ElmanBackward, Fp32, StepTile<32, 16, 128>>(p); }

}
