// Softmax of rows and its gradient.
#include "device.cuh"
#include "rnn_abi.h"
#include "rows/row.cuh"

namespace rnn {

template <class R> RNN_DEVICE void softmaxRow(const SoftmaxParams& p, const R& r)
{
    if (r.row >= p.rows) { return; }
    Global<const float> x = global<const float>(p.x) + r.row * p.columns;
    Global<float> y = global<float>(p.y) + r.row * p.columns;
    Shared<float> keep = dynamicShared<float>(0) + (i64)r.place * p.columns;
    bool kept = p.kept != 0;
    float most = -__builtin_inff(), sum = 0.0f;
    overColumns(r, p.columns, [=](i32 c) { float v = x[c]; return v; }, [&](i32 c, float v)
    {
        if (kept) { keep[c] = v; }
        most = max(most, v);
    });
    most = r.largest(most);
    overColumns(r, p.columns, [=](i32 c) { float v = kept ? (float)keep[c] : (float)x[c]; return v; }, [&](i32 c, float v)
    {
        float e = expOfNonPositive(v - most);
        if (kept) { keep[c] = e; }
        else { y[c] = e; }
        sum += e;
    });
    float scale = 1.0f / r.sum(sum);
    overColumns(r, p.columns, [=](i32 c) { float v = kept ? (float)keep[c] : (float)y[c]; return v; }, [&](i32 c, float v) { y[c] = v * scale; });
}

// y[r, :] = exp(x[r, :] - max) / sum of the same.
//
// x, y: [rows, columns], y may be x. A warp a row, up to eight rows a block.
// Shared memory: 4 bytes a column and row of the block (dynamic), where a row is kept between the passes. Registers: up to 64, no spills.
// Cost: 8 bytes an element against the memory's bandwidth; the exponential makes it about 40 instructions an element, near the point
// where they weigh as much. Share of that limit on a GPU: not yet measured.
// 26 registers on sm_80, 27 on sm_90; 0 bytes of static shared memory.
RNN_KERNEL(softmax_warp_f32, SoftmaxParams, 256, 4, 0) { softmaxRow(p, WarpRow(Shared<float>())); }

// The same with a block of 256 threads a row, for long rows. A row that does not fit the dynamic shared memory (kept = 0) is read again in each
// pass, from L2 if that holds it. Shared memory: 32 bytes, and 4 a column where kept. Registers: up to 64, no spills.
// 24 registers on sm_80, 24 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(softmax_block_f32, SoftmaxParams, 256, 4, 32)
{
    RNN_SHARED(float, scratch, sumWarps);
    softmaxRow(p, BlockRow(scratch));
}

template <class R> RNN_DEVICE void softmaxBackwardRow(const SoftmaxParams& p, const R& r)
{
    if (r.row >= p.rows) { return; }
    Global<const float> y = global<const float>(p.x) + r.row * p.columns, dy = global<const float>(p.y) + r.row * p.columns;
    Global<float> dx = global<float>(p.dx) + r.row * p.columns;
    float dot = 0.0f;
    overColumns(r, p.columns, [=](i32 c) { float a = dy[c], b = y[c]; return a * b; }, [&](i32, float v) { dot += v; });
    dot = r.sum(dot);
    overColumns(r, p.columns, [=](i32 c) { float a = dy[c], b = y[c]; return b * (a - dot); }, [&](i32 c, float v) { dx[c] = v; });
}

// dx[r, :] = y (dy - sum(dy y)).
//
// y (in x), dy (in y), dx: [rows, columns], dx may be dy. A warp a row, up to eight rows a block; the second pass finds its row in L1 or L2.
// Shared memory: none. Registers: up to 64, no spills.
// Cost: 12 bytes an element against the memory's bandwidth. Share of that limit on a GPU: not yet measured.
// 39 registers on sm_80, 40 on sm_90; 0 bytes of static shared memory.
RNN_KERNEL(softmax_backward_warp_f32, SoftmaxParams, 256, 4, 0) { softmaxBackwardRow(p, WarpRow(Shared<float>())); }

// The same with a block of 256 threads a row, for long rows. Shared memory: 32 bytes. Registers: up to 64, no spills.
// 39 registers on sm_80, 40 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(softmax_backward_block_f32, SoftmaxParams, 256, 4, 32)
{
    RNN_SHARED(float, scratch, sumWarps);
    softmaxBackwardRow(p, BlockRow(scratch));
}

}  // namespace rnn
