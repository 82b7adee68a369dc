// Log partition functions and negative log-likelihoods.
#include "device.cuh"
#include "rnn_abi.h"
#include "crf/crf.cuh"

namespace rnn {

// alpha_t[j] = x_t[j] + log sum_i exp(alpha_(t-1)[i] + transitions[i, j]), shifted so that its largest is 0; loss = sum of shifts + log sum exp(alpha_(n-1) +
// end) - score of the tags.
//
// x: [T, B, K], transitions: [K, K], start, end: [K], lengths: [B] or none, tags: [T, B] or none; out: alpha [T, B, K], shifts [T, B], rows [B].
// A block a row, up to 256 threads. Dynamic shared memory: 2 K floats and, kept, the transitions (K (K | 1) floats). Registers: up to 128.
// Cost: T K^2 / threads exponentials in a row, about 25 instructions each; three barriers a step. Share of that limit on a GPU: not yet measured.
// 56 registers on sm_80, 64 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(crf_forward_f32, CrfParams, 256, 2, 32)
{
    RNN_SHARED(float, scratch, crfWarps);
    CrfRow r(p, scratch, 2);
    bool counts = r.counts(p);
    if (r.n == 0 || !counts)
    {
        if (r.rank == 0) { global<float>(p.rows)[r.row] = 0.0f; }
        return;
    }
    Global<const float> start = global<const float>(p.start), end = global<const float>(p.end);
    Global<const i32> tags = global<const i32>(p.tags);
    Shared<float> before = r.buffer(0), now = r.buffer(1);
    float loss = 0.0f;
    i32 previous = 0;
    for (i32 t = 0; t < r.n; t++)
    {
        i64 at = r.at(t);
        Global<const float> x = global<const float>(p.x) + at * r.k;
        Global<float> alpha = global<float>(p.alpha) + at * r.k;
        float most = crfLeastShift;
        for (i32 j = r.rank; j < r.k; j += r.threads)
        {
            float v;
            if (t == 0) { v = start[j] + x[j]; }
            else
            {
                float top = crfLeastShift, sum = 0.0f;
                for (i32 i = 0; i < r.k; i++) { top = max(top, before[i] + r.transition(i, j)); }
                for (i32 i = 0; i < r.k; i++) { sum += expOfNonPositive((before[i] + r.transition(i, j)) - top); }
                v = (top + log(sum)) + x[j];
            }
            now[j] = v;
            most = max(most, v);
        }
        float shift = r.largest(most);
        for (i32 j = r.rank; j < r.k; j += r.threads)
        {
            float v = now[j] - shift;
            now[j] = v;
            alpha[j] = v;
        }
        if (r.rank == 0)
        {
            global<float>(p.shifts)[at] = shift;
            float step = shift;
            if (p.tags != 0)
            {
                i32 tag = tags[at];
                step -= x[tag] + (t == 0 ? (float)start[tag] : r.transition(previous, tag));
                previous = tag;
            }
            loss += step;
        }
        syncBlock();
        Shared<float> old = before;
        before = now;
        now = old;
    }
    float most = crfLeastShift, sum = 0.0f;
    for (i32 j = r.rank; j < r.k; j += r.threads) { most = max(most, before[j] + end[j]); }
    most = r.largest(most);
    for (i32 j = r.rank; j < r.k; j += r.threads) { sum += expOfNonPositive((before[j] + end[j]) - most); }
    sum = r.sum(sum);
    if (r.rank == 0)
    {
        float rest = most + log(sum);
        if (p.tags != 0) { rest -= end[previous]; }
        global<float>(p.rows)[r.row] = loss + rest;
    }
}

}  // namespace rnn
