// Softmax cross-entropy with its gradient, in one pass over the logits.
#include "device.cuh"
#include "rnn_abi.h"
#include "movement/fault.cuh"
#include "rows/row.cuh"

namespace rnn {

/// A row that counts. Gives its loss, in every thread.
template <class R> RNN_DEVICE float crossEntropyRow(const CrossEntropyParams& p, const R& r, i32 target, float weight)
{
    Global<const float> x = global<const float>(p.x) + r.row * p.columns;
    Global<float> dx = global<float>(p.dx) + r.row * p.columns;
    Shared<float> keep = dynamicShared<float>(0) + (i64)r.place * p.columns;
    bool kept = p.kept != 0;
    float wanted = x[target];                    // before dx, which may be x, is written
    float most = -__builtin_inff(), sum = 0.0f, total = 0.0f;
    overColumns(r, p.columns, [=](i32 c) { float v = x[c]; return v; }, [&](i32 c, float v)
    {
        if (kept) { keep[c] = v; }
        most = max(most, v);
        total += v;
    });
    most = r.largest(most);
    overColumns(r, p.columns, [=](i32 c) { float v = kept ? (float)keep[c] : (float)x[c]; return v; }, [&](i32 c, float v)
    {
        float e = expOfNonPositive(v - most);
        if (kept) { keep[c] = e; }
        sum += e;
    });
    sum = r.sum(sum);
    if (p.dx != 0)
    {
        float factor = global<const float>(p.scale)[0] * weight, scale = factor / sum;
        float rest = -factor * p.smoothing / (float)p.columns, hit = factor * (1.0f - p.smoothing);
        overColumns(r, p.columns, [=](i32 c) { float v = kept ? (float)keep[c] : expOfNonPositive((float)x[c] - most); return v; }, [&](i32 c, float v)
        {
            float slope = fma(scale, v, rest);
            dx[c] = c == target ? slope - hit : slope;
        });
    }
    // taken against the maximum, so that large logits cost no digits
    float logSum = log(sum), loss = (1.0f - p.smoothing) * (logSum + (most - wanted));
    if (p.smoothing != 0.0f) { loss += p.smoothing * (logSum + (most - r.sum(total) / (float)p.columns)); }
    return weight * loss;
}

template <class R> RNN_DEVICE void crossEntropy(const CrossEntropyParams& p, const R& r)
{
    if (r.row >= p.rows) { return; }
    i32 target = global<const i32>(p.targets)[r.row];
    float loss = 0.0f;
    if (target >= 0 && target < p.columns)
    {
        float weight = 1.0f;
        if (p.weights != 0) { weight = global<const float>(p.weights)[r.row]; }
        loss = crossEntropyRow(p, r, target, weight);
    }
    else
    {
        float nothing = target < 0 ? 0.0f : __builtin_nanf("");
        if (target >= 0 && r.rank == 0) { noteIndex(p.fault, r.row, target); }
        if (p.dx != 0)
        {
            Global<float> dx = global<float>(p.dx) + r.row * p.columns;
            for (i32 c = (i32)r.rank; c < p.columns; c += (i32)R::threads) { dx[c] = nothing; }
        }
        loss = nothing;
    }
    if (r.rank == 0) { global<float>(p.loss)[r.row] = loss; }
}

// loss[r] = w[r] ((1-e) (lse - x[target]) + e (lse - mean x)) with lse the row's log-sum-exp and e the smoothing, and where there is dx,
// dx[r, :] = scale w[r] (softmax(x[r, :]) - (1-e) onehot - e / columns). A negative target gives 0 and 0; one beyond the classes is noted and gives NaN.
//
// x: [rows, columns]; targets: [rows] int; weights: [rows] or none (1); scale: one element; loss: [rows]; dx: [rows, columns], may be x, or none.
// A warp a row, up to eight rows a block.
// Shared memory: 4 bytes a column and row of the block (dynamic), where a row is kept between the passes. Registers: up to 64, no spills.
// Cost: 8 bytes an element against the memory's bandwidth; the exponential makes it about 45 instructions an element, near the point
// where they weigh as much. Share of that limit on a GPU: not yet measured.
// 34 registers on sm_80, 37 on sm_90; 0 bytes of static shared memory.
RNN_KERNEL(cross_entropy_warp_f32, CrossEntropyParams, 256, 4, 0) { crossEntropy(p, WarpRow(Shared<float>())); }

// The same with a block of 256 threads a row, for many classes. A row that does not fit the dynamic shared memory (kept = 0) is read again in each
// pass, from L2 if that holds it, and its exponentials are taken twice. Shared memory: 32 bytes, and 4 a column where kept. Registers: up to 64,
// no spills.
// 32 registers on sm_80, 32 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(cross_entropy_block_f32, CrossEntropyParams, 256, 4, 32)
{
    RNN_SHARED(float, scratch, sumWarps);
    crossEntropy(p, BlockRow(scratch));
}

}  // namespace rnn
