// GRU, reset before, in exact fp32 on the CUDA cores: see gru_before_step.cuh for the equations, axes and cost.
#include "gru/gru_before_step.cuh"

namespace rnn {

// Tile 8 rows x 16 units, 128 threads. Bytes of dynamic shared memory: 23,040 (gates forward), 13,824 (state forward), 13,824 (state backward), 13,824 (gates backward).
// Share of the limit on a GPU: not yet measured.
// 80 registers on sm_80, 84 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(gru_before_fwd_gates_step_fp32_8x16, RecurrentStepParams, 128, 1, 32) { oneStep<GruBeforeForwardGates, Fp32, StepTile<8, 16, 128>>(p); }
// 68 registers on sm_80, 68 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(gru_before_fwd_state_step_fp32_8x16, RecurrentStepParams, 128, 1, 32) { oneStep<GruBeforeForwardState, Fp32, StepTile<8, 16, 128>>(p); }
// 70 registers on sm_80, 72 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(gru_before_bwd_state_step_fp32_8x16, RecurrentStepParams, 128, 1, 32) { oneStep<GruBeforeBackwardState, Fp32, StepTile<8, 16, 128>>(p); }
// 64 registers on sm_80, 64 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(gru_before_bwd_gates_step_fp32_8x16, RecurrentStepParams, 128, 1, 32) { oneStep<GruBeforeBackwardGates, Fp32, StepTile<8, 16, 128>>(p); }

// Tile 32 rows x 16 units, 128 threads. Bytes of dynamic shared memory: 36,864 (gates forward), 27,648 (state forward), 27,648 (state backward), 27,648 (gates backward).
// Share of the limit on a GPU: not yet measured.
// 116 registers on sm_80, 116 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(gru_before_fwd_gates_step_fp32_32x16, RecurrentStepParams, 128, 1, 32) { oneStep<GruBeforeForwardGates, Fp32, StepTile<32, 16, 128>>(p); }
// 148 registers on sm_80, 150 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(gru_before_fwd_state_step_fp32_32x16, RecurrentStepParams, 128, 1, 32) { oneStep<GruBeforeForwardState, Fp32, StepTile<32, 16, 128>>(p); }
// 154 registers on sm_80, 156 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(gru_before_bwd_state_step_fp32_32x16, RecurrentStepParams, 128, 1, 32) { oneStep<GruBeforeBackwardState, Fp32, StepTile<32, 16, 128>>(p); }
// 132 registers on sm_80, 134 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(gru_before_bwd_gates_step_fp32_32x16, RecurrentStepParams, 128, 1, 32) { oneStep<GruBeforeBackwardGates, Fp32, StepTile<32, 16, 128>>(p); }

}
