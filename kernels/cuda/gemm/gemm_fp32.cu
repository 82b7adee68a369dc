// Products in exact fp32 on the CUDA cores: see gemm.cuh for the equation, axes, pipeline and cost.
#include "gemm/gemm.cuh"

namespace rnn {

// Tile 128 x 128, 256 threads of 8 x 8 sums. 61,440 bytes of dynamic shared memory. Bound by the FMA units: 64 chains a thread hide their
// latency; shared memory is read at a quarter of its rate. Share of the limit on a GPU: not yet measured.
// 254 registers on sm_80, 254 on sm_90; 0 bytes of static shared memory.
RNN_KERNEL(gemm_fp32_128x128, GemmParams, 256, 1, 0)
{
    gemm<Fp32, ChainBlock<128, 128, 16, 16>, 128, 128, CopiedOperand<128, 256>, CopiedOperand<128, 256>>(p);
}

// The same with B packed. 61,440 bytes of dynamic shared memory.
// 168 registers on sm_80, 168 on sm_90; 0 bytes of static shared memory.
RNN_KERNEL(gemm_packed_fp32_128x128, GemmParams, 256, 1, 0)
{
    gemm<Fp32, ChainBlock<128, 128, 16, 16>, 128, 128, CopiedOperand<128, 256>, PackedOperand<Fp32, 128, 256>>(p);
}

// Tile 32 x 64, 128 threads of 4 x 4 sums, for few rows or few tiles. 23,040 bytes of dynamic shared memory. Not yet measured.
// 99 registers on sm_80, 114 on sm_90; 0 bytes of static shared memory.
RNN_KERNEL(gemm_fp32_32x64, GemmParams, 128, 4, 0)
{
    gemm<Fp32, ChainBlock<32, 64, 8, 16>, 32, 64, CopiedOperand<32, 128>, CopiedOperand<64, 128>>(p);
}

// The same with B packed. 23,040 bytes of dynamic shared memory.
// 96 registers on sm_80, 96 on sm_90; 0 bytes of static shared memory.
RNN_KERNEL(gemm_packed_fp32_32x64, GemmParams, 128, 4, 0)
{
    gemm<Fp32, ChainBlock<32, 64, 8, 16>, 32, 64, CopiedOperand<32, 128>, PackedOperand<Fp32, 64, 128>>(p);
}

}
