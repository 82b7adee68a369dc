// Products in tf32 on tensor cores, fp32 sums: see gemm.cuh for the equation, axes, pipeline and cost.
#include "gemm/gemm.cuh"

namespace rnn {

// Tile 128 x 128, 8 warps of 32 x 64. 61,440 bytes of dynamic shared memory; 64 sums a thread. Bound by the rate of mma while A and B come
// from L2. Share of the limit on a GPU: not yet measured.
// 128 registers on sm_80, 128 on sm_90; 0 bytes of static shared memory.
RNN_KERNEL(gemm_tf32_128x128, GemmParams, 256, 2, 0)
{
    gemm<Tf32, TensorBlock<Tf32, 128, 128, 4, 2>, 128, 128, ConvertedOperand<Tf32, 128, 256>, ConvertedOperand<Tf32, 128, 256>>(p);
}

// The same with B packed. 61,440 bytes of dynamic shared memory.
// 128 registers on sm_80, 128 on sm_90; 0 bytes of static shared memory.
RNN_KERNEL(gemm_packed_tf32_128x128, GemmParams, 256, 2, 0)
{
    gemm<Tf32, TensorBlock<Tf32, 128, 128, 4, 2>, 128, 128, ConvertedOperand<Tf32, 128, 256>, PackedOperand<Tf32, 128, 256>>(p);
}

// Tile 32 x 64, 4 warps of 16 x 32, for few rows or few tiles. 23,040 bytes of dynamic shared memory. Not yet measured.
// 86 registers on sm_80, 89 on sm_90; 0 bytes of static shared memory.
RNN_KERNEL(gemm_tf32_32x64, GemmParams, 128, 4, 0)
{
    gemm<Tf32, TensorBlock<Tf32, 32, 64, 2, 2>, 32, 64, ConvertedOperand<Tf32, 32, 128>, ConvertedOperand<Tf32, 64, 128>>(p);
}

// The same with B packed. 23,040 bytes of dynamic shared memory.
// 70 registers on sm_80, 71 on sm_90; 0 bytes of static shared memory.
RNN_KERNEL(gemm_packed_tf32_32x64, GemmParams, 128, 4, 0)
{
    gemm<Tf32, TensorBlock<Tf32, 32, 64, 2, 2>, 32, 64, ConvertedOperand<Tf32, 32, 128>, PackedOperand<Tf32, 64, 128>>(p);
}

}
