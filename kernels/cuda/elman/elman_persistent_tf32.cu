// Elman network in tf32 on tensor cores, all steps in one launch: see elman/elman_step.cuh for equations and axes, recurrent/persistent.cuh for the
// exchange between blocks, shared memory and cost.
#include "elman/elman_step.cuh"
#include "recurrent/persistent.cuh"

namespace rnn {

// Tile 32 rows x 8 units, 128 threads. Share of the limit on a GPU: not yet measured.
// 124 registers on sm_80, 127 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(elman_fwd_persistent_tf32_32x8, RecurrentLoopParams, 128, 1, 32) { persistent<ElmanForward, Tf32, StepTile<32, 8, 128>>(p); }
// 134 registers on sm_80, 134 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(elman_bwd_persistent_tf32_32x8, RecurrentLoopParams, 128, 1, 32) { persistent<ElmanBackward, Tf32, StepTile<32, 8, 128>>(p); }

// Tile 64 rows x 16 units, 256 threads. Share of the limit on a GPU: not yet measured.
// 162 registers on sm_80, 162 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(elman_fwd_persistent_tf32_64x16, RecurrentLoopParams, 256, 1, 32) { persistent<ElmanForward, Tf32, StepTile<64, 16, 256>>(p); }
// 192 registers on sm_80, 182 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(elman_bwd_persistent_tf32_64x16, RecurrentLoopParams, 256, 1, 32) { persistent<ElmanBackward, Tf32, StepTile<64, 16, 256>>(p); }

}
