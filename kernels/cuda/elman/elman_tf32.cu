// Elman network in tf32 on tensor cores, fp32 sums, states and gates: see elman_step.cuh for the equations, axes and cost.
#include "elman/elman_step.cuh"

namespace rnn {

// Tile 32 rows x 8 units, 128 threads. Bytes of dynamic shared memory: 23,040 (forward), 23,040 (backward).
// Share of the limit on a GPU: not yet measured.
// 72 registers on sm_80, 74 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(elman_fwd_step_tf32_32x8, RecurrentStepParams, 128, 1, 32) { oneStep<ElmanForward, Tf32, StepTile<32, 8, 128>>(p); }
// 69 registers on sm_80, 71 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(elman_bwd_step_tf32_32x8, RecurrentStepParams, 128, 1, 32) { oneStep<ElmanBackward, Tf32, StepTile<32, 8, 128>>(p); }

// Tile 64 rows x 16 units, 256 threads. Bytes of dynamic shared memory: 46,080 (forward), 46,080 (backward).
// Share of the limit on a GPU: not yet measured.
// 101 registers on sm_80, 102 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(elman_fwd_step_tf32_64x16, RecurrentStepParams, 256, 1, 32) { oneStep<ElmanForward, Tf32, StepTile<64, 16, 256>>(p); }
// 98 registers on sm_80, 100 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(elman_bwd_step_tf32_64x16, RecurrentStepParams, 256, 1, 32) { oneStep<ElmanBackward, Tf32, StepTile<64, 16, 256>>(p); }

}
