// LSTM in exact fp32 on the CUDA cores: see lstm_step.cuh for the equations, axes and cost.
#include "lstm/lstm_step.cuh"

namespace rnn {

// Tile 8 rows x 16 units, 128 threads. Bytes of dynamic shared memory: 41,472 (forward), 13,824 (backward).
// Share of the limit on a GPU: not yet measured.
// 132 registers on sm_80, 134 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(lstm_fwd_step_fp32_8x16, RecurrentStepParams, 128, 1, 32) { oneStep<LstmForward, Fp32, StepTile<8, 16, 128>>(p); }
// 76 registers on sm_80, 78 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(lstm_bwd_step_fp32_8x16, RecurrentStepParams, 128, 1, 32) { oneStep<LstmBackward, Fp32, StepTile<8, 16, 128>>(p); }

// Tile 32 rows x 16 units, 128 threads. Bytes of dynamic shared memory: 55,296 (forward), 27,648 (backward).
// Share of the limit on a GPU: not yet measured.
// 162 registers on sm_80, 162 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(lstm_fwd_step_fp32_32x16, RecurrentStepParams, 128, 1, 32) { oneStep<LstmForward, Fp32, StepTile<32, 16, 128>>(p); }
// 180 registers on sm_80, 180 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(lstm_bwd_step_fp32_32x16, RecurrentStepParams, 128, 1, 32) { oneStep<LstmBackward, Fp32, StepTile<32, 16, 128>>(p); }

}
