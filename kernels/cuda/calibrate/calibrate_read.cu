// How fast an SM reads its shared memory, and how fast one or all SMs read the L2 and the device's memory. What is read is added up (integers, so that the
// order of sums makes no difference) and stored, so that no read can be left out. Cost: the time itself is what is measured.
#include "device.cuh"
#include "rnn_abi.h"

namespace rnn {

constexpr u32 sharedVectors = 2048;

RNN_DEVICE u32 sumOf(UInt4 v) { return v.x + v.y + v.z + v.w; }

// sink[block, thread] = sum over rounds of 8 vectors of 16 bytes, each at a place of the block's 32 KB that follows from the round.
//
// source: [2048, 4] u32, what the block's shared memory starts with; sink: [gridDim.x, 256] u32. A round reads 8 * 16 * 256 bytes a block.
// Neighbouring threads read neighbouring vectors: no bank conflicts. Grid: one block an SM.
// Bound by shared memory: 128 bytes a cycle. Share of that on a GPU: not yet measured.
// 30 registers on sm_80, 32 on sm_90; 32,768 bytes of static shared memory.
RNN_KERNEL(calibrate_shared, CalibrateParams, 256, 2, 32768)
{
    RNN_SHARED(u32, data, 8192);
    Global<const u32> source = global<const u32>(p.source);
    const u32 thread = threadIdxX();
    for (u32 i = thread; i < sharedVectors; i += blockDimX()) { storeAs(data + 4 * i, loadAs<UInt4>(source + 4 * i)); }
    syncBlock();
    u32 sum = 0;
    RNN_ROLLED for (i32 round = 0; round < p.rounds; round++)
    {
        const u32 first = opaque((u32)round) * 32 + thread;
        RNN_UNROLL for (u32 k = 0; k < 8; k++) { sum += sumOf(loadAs<UInt4>(data + 4 * ((first + 256 * k) % sharedVectors))); }
    }

    global<u32>(p.sink)[(i64)blockIdxX() * blockDimX() + thread] = sum;
}

// sink[block, thread] = sum over rounds of all of source that is the thread's, past the SM's own cache.
//
// source: [count, 4] u32, count a multiple of 4; sink: [gridDim.x, 512] u32. With rounds of a small source, what the L2 gives, to one block or to one an SM;
// with one round of a source much larger than the L2, what the memory gives. In a round all blocks together read the source once if whole is 0; each block reads
// all of it, from a place of its own on, if it is 1.
// Bound by the L2 or the memory. Share of that on a GPU: not yet measured.
// 58 registers on sm_80, 58 on sm_90; 0 bytes of static shared memory.
RNN_KERNEL(calibrate_global, CalibrateParams, 512, 2, 0)
{
    Global<const u32> source = global<const u32>(p.source);
    const i64 threads = blockDimX();
    const bool whole = p.whole != 0;
    const i64 stride = whole ? threads : threads * gridDimX();
    const i64 start = whole ? (p.count / gridDimX()) * blockIdxX() : 0;
    const i64 own = (whole ? 0 : (i64)blockIdxX() * threads) + threadIdxX();
    u32 sum = 0;
    RNN_ROLLED for (i32 round = 0; round < p.rounds; round++)
    {
        RNN_ROLLED for (i64 i = own; i < p.count; i += 4 * stride)
        {
            UInt4 v[4];
            RNN_UNROLL for (u32 k = 0; k < 4; k++)
            {
                i64 at = i + k * stride + start;
                at = at >= p.count ? at - p.count : at;
                v[k] = loadL2x4(source + 4 * (i + k * stride < p.count ? at : 0));
            }

            RNN_UNROLL for (u32 k = 0; k < 4; k++) { sum += i + k * stride < p.count ? sumOf(v[k]) : 0; }
        }
    }

    global<u32>(p.sink)[(i64)blockIdxX() * threads + threadIdxX()] = sum;
}

}  // namespace rnn
