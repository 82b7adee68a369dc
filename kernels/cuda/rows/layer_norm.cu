// Layer normalisation of rows and its gradients.
#include "device.cuh"
#include "rnn_abi.h"
#include "rows/row.cuh"

namespace rnn {

template <class R> RNN_DEVICE void layerNormRow(const LayerNormParams& p, const R& r)
{
    if (r.row >= p.rows) { return; }
    Global<const float> x = global<const float>(p.x) + r.row * p.columns;
    Global<const float> gamma = global<const float>(p.gamma), beta = global<const float>(p.beta);
    Global<float> y = global<float>(p.y) + r.row * p.columns;
    Shared<float> keep = dynamicShared<float>(0) + (i64)r.place * p.columns;
    bool kept = p.kept != 0;
    float sum = 0.0f, squares = 0.0f;
    overColumns(r, p.columns, [=](i32 c) { float v = x[c]; return v; }, [&](i32 c, float v)
    {
        if (kept) { keep[c] = v; }
        sum += v;
    });
    float mean = r.sum(sum) / (float)p.columns;
    overColumns(r, p.columns, [=](i32 c) { float v = kept ? (float)keep[c] : (float)x[c]; return v - mean; }, [&](i32 c, float d)
    {
        if (kept) { keep[c] = d; }
        squares += d * d;
    });
    float rstd = rsqrt(r.sum(squares) / (float)p.columns + p.epsilon);
    overColumns(r, p.columns, [=](i32 c) { float d = kept ? (float)keep[c] : (float)x[c] - mean; return d; }, [&](i32 c, float d)
    {
        y[c] = fma(gamma[c], d * rstd, beta[c]);
    });
    if (r.rank != 0) { return; }
    global<float>(p.mean)[r.row] = mean;
    global<float>(p.rstd)[r.row] = rstd;
}

// y = gamma (x - mean) rstd + beta a row, rstd = 1 / sqrt(variance + epsilon), the variance from deviations.
//
// x, y: [rows, columns]; gamma, beta: [columns]; mean, rstd: [rows]. A warp a row, up to eight rows a block.
// Shared memory: 4 bytes a column and row of the block (dynamic), where a row is kept between the passes. Registers: up to 64, no spills.
// Cost: 8 bytes an element against the memory's bandwidth. Share of that limit on a GPU: not yet measured.
// 31 registers on sm_80, 32 on sm_90; 0 bytes of static shared memory.
RNN_KERNEL(layer_norm_warp_f32, LayerNormParams, 256, 4, 0) { layerNormRow(p, WarpRow(Shared<float>())); }

// The same with a block of 256 threads a row, for long rows; a row that does not fit the dynamic shared memory (kept = 0) is read again in each
// pass. Shared memory: 32 bytes, and 4 a column where kept. Registers: up to 64, no spills.
// 31 registers on sm_80, 31 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(layer_norm_block_f32, LayerNormParams, 256, 4, 32)
{
    RNN_SHARED(float, scratch, sumWarps);
    layerNormRow(p, BlockRow(scratch));
}

template <class R> RNN_DEVICE void layerNormBackwardRow(const LayerNormBackwardParams& p, const R& r)
{
    if (r.row >= p.rows) { return; }
    Global<const float> x = global<const float>(p.x) + r.row * p.columns, dy = global<const float>(p.dy) + r.row * p.columns;
    Global<const float> gamma = global<const float>(p.gamma);
    Global<float> dx = global<float>(p.dx) + r.row * p.columns;
    float mean = global<const float>(p.mean)[r.row], rstd = global<const float>(p.rstd)[r.row];
    Shared<float> keep = dynamicShared<float>(0) + 2 * (i64)r.place * p.columns, deviation = keep + p.columns;
    bool kept = p.kept != 0;
    float sumG = 0.0f, sumGn = 0.0f;
    auto read = [=](i32 c)
    {
        float v = x[c], d = dy[c], w = gamma[c];
        return Float2{d * w, v - mean};
    };
    overColumns(r, p.columns, read, [&](i32 c, Float2 v)
    {
        if (kept)
        {
            keep[c] = v.x;
            deviation[c] = v.y;
        }
        sumG += v.x;
        sumGn += v.x * v.y;
    });
    float meanG = r.sum(sumG) / (float)p.columns;
    float slope = r.sum(sumGn) * rstd / (float)p.columns * rstd;
    auto again = [=](i32 c)
    {
        if (!kept) { return read(c); }
        float g = keep[c], d = deviation[c];
        return Float2{g, d};
    };
    overColumns(r, p.columns, again, [&](i32 c, Float2 v) { dx[c] = rstd * fma(-slope, v.y, v.x - meanG); });
}

// dx = rstd (g - mean g - n mean(g n)) a row, with g = dy gamma and n = (x - mean) rstd.
//
// x, dy, dx: [rows, columns], dx may be dy; gamma: [columns]; mean, rstd: [rows]. A warp a row, as many rows a block as shared memory holds.
// Shared memory: 8 bytes a column and row of the block (dynamic), for g and x - mean. Registers: up to 64, no spills.
// Cost: 12 bytes an element against the memory's bandwidth. Share of that limit on a GPU: not yet measured.
// 64 registers on sm_80, 64 on sm_90; 0 bytes of static shared memory.
RNN_KERNEL(layer_norm_backward_warp_f32, LayerNormBackwardParams, 256, 4, 0) { layerNormBackwardRow(p, WarpRow(Shared<float>())); }

// The same with a block of 256 threads a row, for long rows; a row that does not fit the dynamic shared memory (kept = 0) is read twice.
// Shared memory: 32 bytes, and 8 a column where kept. Registers: up to 64, no spills.
// 40 registers on sm_80, 40 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(layer_norm_backward_block_f32, LayerNormBackwardParams, 256, 4, 32)
{
    RNN_SHARED(float, scratch, sumWarps);
    layerNormBackwardRow(p, BlockRow(scratch));
}

constexpr u32 gammaColumns = 32, gammaLanes = 8;
constexpr u32 gammaPart = 256;       // rows of a part; twin in LayerNorm.cs

// dGamma[part] = sum over a part's rows of dy (x - mean) rstd, dBeta[part] = sum of dy; += with accumulate (one part only).
//
// A block of 32 x 8 threads: 32 neighbouring columns, and 8 lanes that take every eighth of the part's 256 rows; the lanes meet in a chain. Grid:
// (columns in 32s, parts). Where there are several parts, dGamma and dBeta are [parts, columns] and are summed by sum_columns_f32: the order of
// additions depends on the shapes alone.
// Shared memory: 2,048 bytes. Registers: up to 40 (6 blocks an SM), no spills.
// Cost: 8 bytes an element against the memory's bandwidth. Share of that limit on a GPU: not yet measured.
// 40 registers on sm_80, 40 on sm_90; 2,048 bytes of static shared memory.
RNN_KERNEL(layer_norm_gamma_f32, LayerNormBackwardParams, 256, 6, 2048)
{
    RNN_SHARED(float, sumsOfGamma, gammaColumns * gammaLanes);
    RNN_SHARED(float, sumsOfBeta, gammaColumns * gammaLanes);
    u32 lane = threadIdxX(), turn = threadIdxY();
    i32 column = (i32)(blockIdxX() * gammaColumns + lane);
    i64 first = (i64)blockIdxY() * gammaPart, end = first + gammaPart < p.rows ? first + gammaPart : p.rows;
    float sumGamma = 0.0f, sumBeta = 0.0f;
    if (column < p.columns)
    {
        Global<const float> x = global<const float>(p.x) + column, dy = global<const float>(p.dy) + column;
        Global<const float> means = global<const float>(p.mean), rstds = global<const float>(p.rstd);
        for (i64 row = first + turn; row < end; row += 2 * gammaLanes)
        {
            float d[2], n[2];
            RNN_UNROLL
            for (u32 k = 0; k < 2; k++)
            {
                i64 at = row + k * gammaLanes;
                d[k] = n[k] = 0.0f;
                if (at < end)
                {
                    float v = x[at * p.columns], mean = means[at], rstd = rstds[at];
                    d[k] = dy[at * p.columns];
                    n[k] = d[k] * ((v - mean) * rstd);
                }
            }
            RNN_UNROLL
            for (u32 k = 0; k < 2; k++)
            {
                sumGamma += n[k];
                sumBeta += d[k];
            }
        }
    }
    sumsOfGamma[turn * gammaColumns + lane] = sumGamma;
    sumsOfBeta[turn * gammaColumns + lane] = sumBeta;
    syncBlock();
    if (turn > 1 || column >= p.columns) { return; }
    Shared<float> sums = turn == 0 ? sumsOfGamma : sumsOfBeta;
    Global<float> to = global<float>(turn == 0 ? p.dGamma : p.dBeta) + ((i64)blockIdxY() * p.columns + column);
    float sum = sums[lane];
    RNN_UNROLL
    for (u32 t = 1; t < gammaLanes; t++) { sum += sums[t * gammaColumns + lane]; }
    if (p.accumulate != 0)
    {
        float old = to[0];
        sum = old + sum;
    }
    to[0] = sum;
}

}  // namespace rnn
