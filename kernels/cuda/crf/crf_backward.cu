// Gradients of the negative log-likelihoods: marginals less the tags.
#include "device.cuh"
#include "rnn_abi.h"
#include "crf/crf.cuh"

namespace rnn {

/// A row's part of dTransitions: factor (sum over steps of P(i, j) - [tags are i, j]); zeros where factor is 0.
RNN_DEVICE void crfPairs(const CrfParams& p, const CrfRow& r, float factor)
{
    Global<const float> alpha = global<const float>(p.alpha), q = global<const float>(p.scratch);
    Global<const i32> tags = global<const i32>(p.tags);
    Global<float> out = global<float>(p.pairs) + r.row * r.k * r.k;
    for (i32 pair = r.rank; pair < r.k * r.k; pair += r.threads)
    {
        i32 i = pair / r.k, j = pair % r.k;
        float a = r.transition(i, j), sum = 0.0f, hits = 0.0f;
        for (i32 t = 1; t < r.n && factor != 0.0f; t++)
        {
            i64 before = r.at(t - 1), at = r.at(t);
            sum += expOfNonPositive((alpha[before * r.k + i] + a) + q[at * r.k + j]);
            if (p.tags != 0 && tags[before] == i && tags[at] == j) { hits += 1.0f; }
        }
        out[pair] = factor == 0.0f ? 0.0f : factor * sum - factor * hits;
    }
}

// beta_t[i] = log sum_j exp(transitions[i, j] + x_(t+1)[j] + beta_(t+1)[j]); dx = dLoss (softmax(alpha_t + beta_t) - tags); q_t = x_t + beta_t -
// (shift_t + log sum exp(alpha_t + beta_t)), which makes P(y_(t-1) = i, y_t = j) = exp(alpha_(t-1)[i] + transitions[i, j] + q_t[j]).
//
// As crf_forward_f32, with its alpha and shifts; rows: dLoss [B]; scratch: q [T, B, K]; out: dx [T, B, K], pairs [B, K, K] or none.
// A block a row, up to 256 threads. Dynamic shared memory: 3 K floats and, kept, the transitions (K (K | 1) floats). Registers: up to 128.
// Cost: 2 T K^2 / threads exponentials in a row, seven barriers a step. Share of that limit on a GPU: not yet measured.
// 79 registers on sm_80, 82 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(crf_backward_f32, CrfParams, 256, 2, 32)
{
    RNN_SHARED(float, scratch, crfWarps);
    CrfRow r(p, scratch, 3);
    bool counts = r.counts(p);
    float factor = counts ? (float)global<const float>(p.rows)[r.row] : 0.0f;
    Shared<float> q = r.buffer(0), beta = r.buffer(1), e = r.buffer(2);
    for (i32 t = counts ? r.n : 0; t < r.steps; t++)
    {
        for (i32 i = r.rank; i < r.k; i += r.threads) { global<float>(p.dx)[r.at(t) * r.k + i] = 0.0f; }
    }
    for (i32 t = counts ? r.n - 1 : -1; t >= 0; t--)
    {
        i64 at = r.at(t);
        Global<const float> x = global<const float>(p.x) + at * r.k, alpha = global<const float>(p.alpha) + at * r.k;
        Global<float> dx = global<float>(p.dx) + at * r.k;
        float most = crfLeastShift;
        for (i32 i = r.rank; i < r.k; i += r.threads)
        {
            float v;
            if (t == r.n - 1) { v = global<const float>(p.end)[i]; }
            else
            {
                float top = crfLeastShift, sum = 0.0f;
                for (i32 j = 0; j < r.k; j++) { top = max(top, q[j] + r.transition(i, j)); }
                for (i32 j = 0; j < r.k; j++) { sum += expOfNonPositive((q[j] + r.transition(i, j)) - top); }
                v = top + log(sum);
            }
            beta[i] = v;
            most = max(most, v);
        }
        float shift = t == r.n - 1 ? 0.0f : r.largest(most);
        most = crfLeastShift;
        for (i32 i = r.rank; i < r.k; i += r.threads)
        {
            float v = beta[i] - shift;
            beta[i] = v;
            most = max(most, alpha[i] + v);
        }
        most = r.largest(most);
        float sum = 0.0f;
        for (i32 i = r.rank; i < r.k; i += r.threads)
        {
            float v = expOfNonPositive((alpha[i] + beta[i]) - most);
            e[i] = v;
            sum += v;
        }
        sum = r.sum(sum);
        float scale = sum == 0.0f ? 0.0f : factor / sum;
        float normaliser = max(global<const float>(p.shifts)[at] + (most + log(sum)), crfLeastShift);
        i32 tag = -1;
        if (p.tags != 0) { tag = global<const i32>(p.tags)[at]; }
        for (i32 i = r.rank; i < r.k; i += r.threads)
        {
            float slope = scale * e[i];
            dx[i] = i == tag ? slope - factor : slope;
            float v = (x[i] + beta[i]) - normaliser;
            q[i] = v;
            global<float>(p.scratch)[at * r.k + i] = v;
        }
        syncBlock();
    }
    syncBlock();
    if (p.pairs != 0) { crfPairs(p, r, factor); }
}

// Gradients of first and last tags: dStart[k] += dx[0, b, k], dEnd[k] += dx[n - 1, b, k] over rows b in order; either may be none.
//
// dx: [T, B, K], lengths: [B] or none. A thread a tag. Shared memory: none. Registers: up to 32.
// Cost: 2 B loads in a row of threads. Share of that limit on a GPU: not yet measured.
// 32 registers on sm_80, 30 on sm_90; 0 bytes of static shared memory.
RNN_KERNEL(crf_ends_f32, CrfParams, 256, 8, 0)
{
    i32 i = (i32)(blockIdxX() * blockDimX() + threadIdxX());
    if (i >= p.k) { return; }
    Global<const float> dx = global<const float>(p.dx);
    float first = 0.0f, last = 0.0f;
    if (p.dStart != 0) { first = global<float>(p.dStart)[i]; }
    if (p.dEnd != 0) { last = global<float>(p.dEnd)[i]; }
    for (i32 b = 0; b < p.batch; b++)
    {
        i32 n = p.steps;
        if (p.lengths != 0)
        {
            i32 length = global<const i32>(p.lengths)[b];
            n = length < n ? length : n;
        }
        if (n <= 0) { continue; }
        first += dx[(i64)b * p.k + i];
        last += dx[((i64)(n - 1) * p.batch + b) * p.k + i];
    }
    if (p.dStart != 0) { global<float>(p.dStart)[i] = first; }
    if (p.dEnd != 0) { global<float>(p.dEnd)[i] = last; }
}

}  // namespace rnn
