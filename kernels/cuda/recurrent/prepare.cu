// The launch in front of a chunk's steps: see prepare.cuh. No shared memory; bound by memory. Not yet measured.
#include "recurrent/prepare.cuh"

namespace rnn {

// 28 registers on sm_80, 32 on sm_90; 0 bytes of static shared memory.
RNN_KERNEL(recurrent_prepare_fp32, RecurrentPrepareParams, prepareThreads, 1, 0) { prepare<Fp32>(p); }
// 28 registers on sm_80, 32 on sm_90; 0 bytes of static shared memory.
RNN_KERNEL(recurrent_prepare_tf32, RecurrentPrepareParams, prepareThreads, 1, 0) { prepare<Tf32>(p); }
// 28 registers on sm_80, 32 on sm_90; 0 bytes of static shared memory.
RNN_KERNEL(recurrent_prepare_bf16, RecurrentPrepareParams, prepareThreads, 1, 0) { prepare<Bf16>(p); }
// 28 registers on sm_80, 32 on sm_90; 0 bytes of static shared memory.
RNN_KERNEL(recurrent_prepare_fp16, RecurrentPrepareParams, prepareThreads, 1, 0) { prepare<Fp16>(p); }

}
