// LSTM in bf16 on tensor cores, all steps in one launch: see lstm/lstm_step.cuh for equations and axes, recurrent/persistent.cuh for the
// exchange between blocks, shared memory and cost.
#include "lstm/lstm_step.cuh"
#include "recurrent/persistent.cuh"

namespace rnn {

// Tile 32 rows x 8 units, 128 threads. Share of the limit on a GPU: not yet measured.
// 194 registers on sm_80, 195 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(lstm_fwd_persistent_bf16_32x8, RecurrentLoopParams, 128, 1, 32) { persistent<LstmForward, Bf16, StepTile<32, 8, 128>>(p); }
// 167 registers on sm_80, 163 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(lstm_bwd_persistent_bf16_32x8, RecurrentLoopParams, 128, 1, 32) { persistent<LstmBackward, Bf16, StepTile<32, 8, 128>>(p); }

// Tile 64 rows x 16 units, 256 threads. Share of the limit on a GPU: not yet measured.
// 255 registers on sm_80, 255 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(lstm_fwd_persistent_bf16_64x16, RecurrentLoopParams, 256, 1, 32) { persistent<LstmForward, Bf16, StepTile<64, 16, 256>>(p); }
// 238 registers on sm_80, 236 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(lstm_bwd_persistent_bf16_64x16, RecurrentLoopParams, 256, 1, 32) { persistent<LstmBackward, Bf16, StepTile<64, 16, 256>>(p); }

}
