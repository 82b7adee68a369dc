// The packed operands of gemm_packed_* and of the recurrent steps: see pack.cuh. 5,120 bytes of shared memory; bound by memory. Not yet measured.
#include "product/pack.cuh"

namespace rnn {

// 32 registers on sm_80, 33 on sm_90; 5,120 bytes of static shared memory.
RNN_KERNEL(pack_fp32, PackParams, packThreads, 1, packRows * slabPitch * 4) { packRowsOf<Fp32>(p); }
// 32 registers on sm_80, 33 on sm_90; 5,120 bytes of static shared memory.
RNN_KERNEL(pack_tf32, PackParams, packThreads, 1, packRows * slabPitch * 4) { packRowsOf<Tf32>(p); }
// 40 registers on sm_80, 40 on sm_90; 5,120 bytes of static shared memory.
RNN_KERNEL(pack_bf16, PackParams, packThreads, 1, packRows * slabPitch * 4) { packRowsOf<Bf16>(p); }
// 40 registers on sm_80, 40 on sm_90; 5,120 bytes of static shared memory.
RNN_KERNEL(pack_fp16, PackParams, packThreads, 1, packRows * slabPitch * 4) { packRowsOf<Fp16>(p); }

}
