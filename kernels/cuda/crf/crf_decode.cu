// The tags of the highest score.
#include "device.cuh"
#include "rnn_abi.h"
#include "crf/crf.cuh"

namespace rnn {

// delta_t[j] = x_t[j] + max_i (delta_(t-1)[i] + transitions[i, j]), shifted so that its largest is 0; origins keep that i, the lowest of equals; the tags
// are read back from the last step's best (Viterbi).
//
// As crf_forward_f32; scratch: origins [T, B, K] i32; out: tags [T, B], -1 behind a row's length, rows [B]: the best scores.
// A block a row, up to 256 threads. Dynamic shared memory: 2 K floats and, kept, the transitions (K (K | 1) floats). Registers: up to 128.
// Cost: 4 T K^2 / threads instructions in a row, three barriers a step, and T dependent loads at the end. Share of that limit on a GPU: not yet measured.
// 56 registers on sm_80, 64 on sm_90; 128 bytes of static shared memory.
RNN_KERNEL(crf_decode_f32, CrfParams, 256, 2, 32)
{
    RNN_SHARED(float, scratch, crfWarps);
    CrfRow r(p, scratch, 2);
    Global<i32> tags = global<i32>(p.tags), origins = global<i32>(p.scratch);
    for (i32 t = r.n + r.rank; t < r.steps; t += r.threads) { tags[r.at(t)] = -1; }
    if (r.n == 0)
    {
        if (r.rank == 0) { global<float>(p.rows)[r.row] = 0.0f; }
        return;
    }
    Shared<float> before = r.buffer(0), now = r.buffer(1);
    float best = 0.0f;
    for (i32 t = 0; t < r.n; t++)
    {
        i64 at = r.at(t);
        Global<const float> x = global<const float>(p.x) + at * r.k;
        float most = crfLeastShift;
        for (i32 j = r.rank; j < r.k; j += r.threads)
        {
            float v;
            if (t == 0) { v = global<const float>(p.start)[j] + x[j]; }
            else
            {
                float top = before[0] + r.transition(0, j);
                i32 origin = 0;
                for (i32 i = 1; i < r.k; i++)
                {
                    float score = before[i] + r.transition(i, j);
                    if (top < score) { origin = i; }
                    top = max(top, score);
                }
                origins[at * r.k + j] = origin;
                v = top + x[j];
            }
            now[j] = v;
            most = max(most, v);
        }
        float shift = r.largest(most);
        for (i32 j = r.rank; j < r.k; j += r.threads) { now[j] = now[j] - shift; }
        best += shift;
        syncBlock();
        Shared<float> old = before;
        before = now;
        now = old;
    }
    if (r.rank != 0) { return; }
    Global<const float> end = global<const float>(p.end);
    i32 tag = 0;
    float top = before[0] + end[0];
    for (i32 j = 1; j < r.k; j++)
    {
        float score = before[j] + end[j];
        if (score > top) { top = score; tag = j; }
    }
    global<float>(p.rows)[r.row] = best + top;
    for (i32 t = r.n - 1; t >= 0; t--)
    {
        tags[r.at(t)] = tag;
        if (t > 0) { tag = origins[r.at(t) * r.k + tag]; }
    }
}

}  // namespace rnn
