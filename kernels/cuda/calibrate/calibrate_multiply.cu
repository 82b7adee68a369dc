// How fast products are when nothing is read: tensor cores in each precision, and fused multiply-adds. Every chain starts from the thread's number, and its end
// is stored. Cost: the time itself is what is measured.
#include "device.cuh"
#include "rnn_abi.h"

namespace rnn {

struct MultiplyBf16 { static RNN_DEVICE void run(float (&d)[4], const u32 (&a)[4], const u32 (&b)[2]) { mmaBf16(d, a, b); } };
struct MultiplyF16 { static RNN_DEVICE void run(float (&d)[4], const u32 (&a)[4], const u32 (&b)[2]) { mmaF16(d, a, b); } };
struct MultiplyTf32 { static RNN_DEVICE void run(float (&d)[4], const u32 (&a)[4], const u32 (&b)[2]) { mmaTf32(d, a, b); } };

/// Eight chains of products a warp: enough to hide one's latency. Factors of 0, so that sums stay what they were.
template <class M> RNN_DEVICE void multiplyRounds(const CalibrateParams& p)
{
    float d[8][4];
    const float start = (float)threadIdxX();
    RNN_UNROLL for (u32 k = 0; k < 8; k++)
    {
        RNN_UNROLL for (u32 e = 0; e < 4; e++) { d[k][e] = start; }
    }

    const u32 zero = opaque(0);
    const u32 a[4] = {zero, zero, zero, zero}, b[2] = {zero, zero};
    RNN_ROLLED for (i32 round = 0; round < p.rounds; round++)
    {
        RNN_UNROLL for (u32 k = 0; k < 8; k++) { M::run(d[k], a, b); }
    }

    float sum = 0;
    RNN_UNROLL for (u32 k = 0; k < 8; k++)
    {
        RNN_UNROLL for (u32 e = 0; e < 4; e++) { sum += d[k][e]; }
    }

    global<float>(p.sink)[(i64)blockIdxX() * blockDimX() + threadIdxX()] = sum;
}

// sink[block, thread] = 32 times the thread's number: a round is 8 products of 16 x 16 by 16 x 8 a warp, 2 * 2048 FLOP each, with factors of 0.
//
// sink: [gridDim.x, 256] fp32. Grid: two blocks an SM. Bound by the tensor cores as mma.sync reaches them. Share of that on a GPU: not yet measured.
// 44 registers on sm_80, 48 on sm_90; 0 bytes of static shared memory.
RNN_KERNEL(calibrate_mma_bf16_m16n8k16, CalibrateParams, 256, 2, 0) { multiplyRounds<MultiplyBf16>(p); }

// The same with factors in fp16.
// 44 registers on sm_80, 48 on sm_90; 0 bytes of static shared memory.
RNN_KERNEL(calibrate_mma_fp16_m16n8k16, CalibrateParams, 256, 2, 0) { multiplyRounds<MultiplyF16>(p); }

// The same with factors in tf32: products of 16 x 8 by 8 x 8, half as many FLOP.
// 44 registers on sm_80, 48 on sm_90; 0 bytes of static shared memory.
RNN_KERNEL(calibrate_mma_tf32_m16n8k8, CalibrateParams, 256, 2, 0) { multiplyRounds<MultiplyTf32>(p); }

// sink[block, thread] = eight chains of x = fma(x, y, z) a thread, added up: y and z from source[0] and source[1].
//
// source: [2] fp32 (1 and 0 leave every chain at the thread's number); sink: [gridDim.x, 256] fp32. A round is 8 fused multiply-adds a thread. With one chain that
// counts, one block of one warp and count 1, the chains follow one another: their latency. Bound by the fp32 units. Share of that on a GPU: not yet measured.
// 14 registers on sm_80, 18 on sm_90; 0 bytes of static shared memory.
RNN_KERNEL(calibrate_fma, CalibrateParams, 256, 2, 0)
{
    Global<const float> source = global<const float>(p.source);
    const float y = source[0], z = source[1], start = (float)threadIdxX();
    float x[8] = {start, start, start, start, start, start, start, start};
    if (p.count == 1)
    {
        RNN_ROLLED for (i32 round = 0; round < p.rounds; round++)
        {
            RNN_UNROLL for (u32 k = 0; k < 8; k++) { x[0] = fma(x[0], y, z); }
        }
    }
    else
    {
        RNN_ROLLED for (i32 round = 0; round < p.rounds; round++)
        {
            RNN_UNROLL for (u32 k = 0; k < 8; k++) { x[k] = fma(x[k], y, z); }
        }
    }

    float sum = 0;
    RNN_UNROLL for (u32 k = 0; k < 8; k++) { sum += x[k]; }
    global<float>(p.sink)[(i64)blockIdxX() * blockDimX() + threadIdxX()] = sum;
}

}  // namespace rnn
