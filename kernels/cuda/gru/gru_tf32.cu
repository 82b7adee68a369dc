// GRU, reset after, in tf32 on tensor cores, fp32 sums, states and gates: see gru_step.cuh for the equations, axes and cost.
#include "gru/gru_step.cuh"

namespace rnn {

// Tile 32 rows x 8 units, 128 threads. Bytes of dynamic shared memory: 32,256 (forward), 23,040 (backward).
// Share of the limit on a GPU: not yet measured.
// 104 registers on sm_80, 104 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(gru_fwd_step_tf32_32x8, RecurrentStepParams, 128, 1, 32) { oneStep<GruForward, Tf32, StepTile<32, 8, 128>>(p); }
// 92 registers on sm_80, 94 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(gru_bwd_step_tf32_32x8, RecurrentStepParams, 128, 1, 32) { oneStep<GruBackward, Tf32, StepTile<32, 8, 128>>(p); }

// Tile 64 rows x 16 units, 256 threads. Bytes of dynamic shared memory: 57,344 (forward), 46,080 (backward).
// Share of the limit on a GPU: not yet measured.
// 156 registers on sm_80, 159 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(gru_fwd_step_tf32_64x16, RecurrentStepParams, 256, 1, 32) { oneStep<GruForward, Tf32, StepTile<64, 16, 256>>(p); }
// 117 registers on sm_80, 117 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(gru_bwd_step_tf32_64x16, RecurrentStepParams, 256, 1, 32) { oneStep<GruBackward, Tf32, StepTile<64, 16, 256>>(p); }

}
