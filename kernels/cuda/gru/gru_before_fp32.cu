// GRU, reset before, in exact fp32 on the CUDA cores: see gru_before_step.cuh for the equations, axes and cost.
#include "gru/gru_before_step.cuh"

namespace rnn {

// Tile 8 rows x 16 units, 128 threads. Bytes of dynamic shared memory: 23,040 (gates forward), 13,824 (state forward), 13,824 (state backward), 13,824 (gates backward).
// Share of the limit on a GPU: not yet measured.
RNN_KERNEL(gru_before_fwd_gates_step_fp32_8x16, RecurrentStepParams, 128, 1, 32) { oneStep<GruBeforeForwardGates, Fp32, StepTile<8, 16, 128>>(p); }
RNN_KERNEL(gru_before_fwd_state_step_fp32_8x16, RecurrentStepParams, 128, 1, 32) { oneStep<GruBeforeForwardState, Fp32, StepTile<8, 16, 128>>(p); }
RNN_KERNEL(gru_before_bwd_state_step_fp32_8x16, RecurrentStepParams, 128, 1, 32) { oneStep<GruBeforeBackwardState, Fp32, StepTile<8, 16, 128>>(p); }
RNN_KERNEL(gru_before_bwd_gates_step_fp32_8x16, RecurrentStepParams, 128, 1, 32) { oneStep<GruBeforeBackwardGates, Fp32, StepTile<8, 16, 128>>(p); }

// Tile 32 rows x 16 units, 128 threads. Bytes of dynamic shared memory: 36,864 (gates forward), 27,648 (state forward), 27,648 (state backward), 27,648 (gates backward).
// Share of the limit on a GPU: not yet measured.
RNN_KERNEL(gru_before_fwd_gates_step_fp32_32x16, RecurrentStepParams, 128, 1, 32) { oneStep<GruBeforeForwardGates, Fp32, StepTile<32, 16, 128>>(p); }
RNN_KERNEL(gru_before_fwd_state_step_fp32_32x16, RecurrentStepParams, 128, 1, 32) { oneStep<GruBeforeForwardState, Fp32, StepTile<32, 16, 128>>(p); }
RNN_KERNEL(gru_before_bwd_state_step_fp32_32x16, RecurrentStepParams, 128, 1, 32) { oneStep<GruBeforeBackwardState, Fp32, StepTile<32, 16, 128>>(p); }
RNN_KERNEL(gru_before_bwd_gates_step_fp32_32x16, RecurrentStepParams, 128, 1, 32) { oneStep<GruBeforeBackwardGates, Fp32, StepTile<32, 16, 128>>(p); }

}
