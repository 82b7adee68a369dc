// LSTM in tf32 on tensor cores, fp32 sums, states and gates: see lstm_step.cuh for the equations, axes and cost.
#include "lstm/lstm_step.cuh"

namespace rnn {

// Tile 32 rows x 8 units, 128 threads. Bytes of dynamic shared memory: 36,864 (forward), 23,040 (backward).
// Share of the limit on a GPU: not yet measured.
// 118 registers on sm_80, 120 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(lstm_fwd_step_tf32_32x8, RecurrentStepParams, 128, 1, 32) { oneStep<LstmForward, Tf32, StepTile<32, 8, 128>>(p); }
// 95 registers on sm_80, 96 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(lstm_bwd_step_tf32_32x8, RecurrentStepParams, 128, 1, 32) { oneStep<LstmBackward, Tf32, StepTile<32, 8, 128>>(p); }

// Tile 64 rows x 16 units, 256 threads. Bytes of dynamic shared memory: 73,728 (forward), 46,080 (backward).
// Share of the limit on a GPU: not yet measured.
// 181 registers on sm_80, 188 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(lstm_fwd_step_tf32_64x16, RecurrentStepParams, 256, 1, 32) { oneStep<LstmForward, Tf32, StepTile<64, 16, 256>>(p); }
// 134 registers on sm_80, 134 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(lstm_bwd_step_tf32_64x16, RecurrentStepParams, 256, 1, 32) { oneStep<LstmBackward, Tf32, StepTile<64, 16, 256>>(p); }

}
