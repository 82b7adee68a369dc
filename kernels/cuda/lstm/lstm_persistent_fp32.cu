// LSTM in exact fp32 on the CUDA cores, all steps in one launch: see lstm/lstm_step.cuh for equations and axes, recurrent/persistent.cuh for the
// exchange between blocks, shared memory and cost.
#include "lstm/lstm_step.cuh"
#include "recurrent/persistent.cuh"

namespace rnn {

// Tile 8 rows x 16 units, 128 threads. Share of the limit on a GPU: not yet measured.
// 156 registers on sm_80, 152 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(lstm_fwd_persistent_fp32_8x16, RecurrentLoopParams, 128, 1, 32) { persistent<LstmForward, Fp32, StepTile<8, 16, 128>>(p); }
// 130 registers on sm_80, 128 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(lstm_bwd_persistent_fp32_8x16, RecurrentLoopParams, 128, 1, 32) { persistent<LstmBackward, Fp32, StepTile<8, 16, 128>>(p); }

// Tile 32 rows x 16 units, 128 threads. Share of the limit on a GPU: not yet measured.
// 226 registers on sm_80, 224 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(lstm_fwd_persistent_fp32_32x16, RecurrentLoopParams, 128, 1, 32) { persistent<LstmForward, Fp32, StepTile<32, 16, 128>>(p); }
// 254 registers on sm_80, 254 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(lstm_bwd_persistent_fp32_32x16, RecurrentLoopParams, 128, 1, 32) { persistent<LstmBackward, Fp32, StepTile<32, 16, 128>>(p); }

}
