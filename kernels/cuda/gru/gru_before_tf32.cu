// GRU, reset before, in tf32 on tensor cores, fp32 sums, states and gates: see gru_before_step.cuh for the equations, axes and cost.
#include "gru/gru_before_step.cuh"

namespace rnn {

// Tile 32 rows x 8 units, 128 threads. Bytes of dynamic shared memory: 27,648 (gates forward), 23,040 (state forward), 23,040 (state backward), 23,040 (gates backward).
// Share of the limit on a GPU: not yet measured.
// 72 registers on sm_80, 80 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(gru_before_fwd_gates_step_tf32_32x8, RecurrentStepParams, 128, 1, 32) { oneStep<GruBeforeForwardGates, Tf32, StepTile<32, 8, 128>>(p); }
// 76 registers on sm_80, 78 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(gru_before_fwd_state_step_tf32_32x8, RecurrentStepParams, 128, 1, 32) { oneStep<GruBeforeForwardState, Tf32, StepTile<32, 8, 128>>(p); }
// 77 registers on sm_80, 78 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(gru_before_bwd_state_step_tf32_32x8, RecurrentStepParams, 128, 1, 32) { oneStep<GruBeforeBackwardState, Tf32, StepTile<32, 8, 128>>(p); }
// 57 registers on sm_80, 59 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(gru_before_bwd_gates_step_tf32_32x8, RecurrentStepParams, 128, 1, 32) { oneStep<GruBeforeBackwardGates, Tf32, StepTile<32, 8, 128>>(p); }

// Tile 64 rows x 16 units, 256 threads. Bytes of dynamic shared memory: 55,296 (gates forward), 46,080 (state forward), 46,080 (state backward), 46,080 (gates backward).
// Share of the limit on a GPU: not yet measured.
// 127 registers on sm_80, 128 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(gru_before_fwd_gates_step_tf32_64x16, RecurrentStepParams, 256, 1, 32) { oneStep<GruBeforeForwardGates, Tf32, StepTile<64, 16, 256>>(p); }
// 106 registers on sm_80, 107 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(gru_before_fwd_state_step_tf32_64x16, RecurrentStepParams, 256, 1, 32) { oneStep<GruBeforeForwardState, Tf32, StepTile<64, 16, 256>>(p); }
// 106 registers on sm_80, 107 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(gru_before_bwd_state_step_tf32_64x16, RecurrentStepParams, 256, 1, 32) { oneStep<GruBeforeBackwardState, Tf32, StepTile<64, 16, 256>>(p); }
// 85 registers on sm_80, 87 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(gru_before_bwd_gates_step_tf32_64x16, RecurrentStepParams, 256, 1, 32) { oneStep<GruBeforeBackwardGates, Tf32, StepTile<64, 16, 256>>(p); }

}
