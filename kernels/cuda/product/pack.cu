// The packed operands of gemm_packed_* and of the recurrent steps: see pack.cuh. 5,120 bytes of shared memory; bound by memory. Not yet measured.
#include "product/pack.cuh"

namespace rnn {

RNN_KERNEL(pack_fp32, PackParams, packThreads, 1, packRows * slabPitch * 4) { packRowsOf<Fp32>(p); }
RNN_KERNEL(pack_tf32, PackParams, packThreads, 1, packRows * slabPitch * 4) { packRowsOf<Tf32>(p); }
RNN_KERNEL(pack_bf16, PackParams, packThreads, 1, packRows * slabPitch * 4) { packRowsOf<Bf16>(p); }
RNN_KERNEL(pack_fp16, PackParams, packThreads, 1, packRows * slabPitch * 4) { packRowsOf<Fp16>(p); }

}
