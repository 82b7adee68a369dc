// Elman network in exact fp32 on the CUDA cores, all steps in one launch: see elman/elman_step.cuh for equations and axes, recurrent/persistent.cuh for the
// exchange between blocks, shared memory and cost.
#include "elman/elman_step.cuh"
#include "recurrent/persistent.cuh"

namespace rnn {

// Tile 8 rows x 16 units, 128 threads. Share of the limit on a GPU: not yet measured.
// 110 registers on sm_80, 108 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(elman_fwd_persistent_fp32_8x16, RecurrentLoopParams, 128, 1, 32) { persistent<ElmanForward, Fp32, StepTile<8, 16, 128>>(p); }
// 108 registers on sm_80, 108 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(elman_bwd_persistent_fp32_8x16, RecurrentLoopParams, 128, 1, 32) { persistent<ElmanBackward, Fp32, StepTile<8, 16, 128>>(p); }

// Tile 32 rows x 16 units, 128 threads. Share of the limit on a GPU: not yet measured.
// 188 registers on sm_80, 186 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(elman_fwd_persistent_fp32_32x16, RecurrentLoopParams, 128, 1, 32) { persistent<ElmanForward, Fp32, StepTile<32, 16, 128>>(p); }
// 216 registers on sm_80, 202 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(elman_bwd_persistent_fp32_32x16, RecurrentLoopParams, 128, 1, 32) { persistent<ElmanBackward, Fp32, StepTile<32, 16, 128>>(p); }

}
