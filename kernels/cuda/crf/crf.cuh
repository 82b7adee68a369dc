// What the kernels of a linear-chain conditional random field share (equations: src/RnnGpu.Core/Backend/Ops/Crf.cs). A block has a row of the
// batch and walks its steps; a thread has tags rank, rank + threads, ... The order of operations is that of the CPU backend, the sums over
// all tags of a step excepted, which are trees here.
#pragma once

#include "movement/fault.cuh"

namespace rnn {

constexpr u32 crfThreads = 256;
constexpr u32 crfWarps = crfThreads / warpSize;

/// Taken for the largest score where all are -infinity, so that differences from it are no NaN.
constexpr float crfLeastShift = -3e38f;

/// A row of the batch, its block and its shared memory.
struct CrfRow {
    i64 row = blockIdxX();
    i32 rank = (i32)threadIdxX();
    i32 threads = (i32)blockDimX();
    i32 k, steps, batch, n, pitch;
    bool kept;
    Global<const float> transitions;
    Shared<float> table;
    Shared<float> scratch;       // crfWarps elements

    /// buffers: vectors of k floats in front of the kept transitions.
    RNN_DEVICE CrfRow(const CrfParams& p, Shared<float> s, i32 buffers) : scratch(s)
    {
        k = p.k;
        steps = p.steps;
        batch = p.batch;
        kept = p.kept != 0;
        pitch = k | 1;           // odd: threads that read a column meet no bank twice
        transitions = global<const float>(p.transitions);
        n = steps;
        if (p.lengths != 0)
        {
            i32 length = global<const i32>(p.lengths)[row];
            n = length < 0 ? 0 : length < steps ? length : steps;
        }
        table = dynamicShared<float>((u32)(buffers * k) * 4);
        if (kept)
        {
            for (i32 at = rank; at < k * k; at += threads) { table[(at / k) * pitch + at % k] = transitions[at]; }
            syncBlock();
        }
    }

    RNN_DEVICE Shared<float> buffer(i32 index) const { return dynamicShared<float>((u32)(index * k) * 4); }

    /// Place of a step in [T, B].
    RNN_DEVICE i64 at(i32 t) const { return (i64)t * batch + row; }

    RNN_DEVICE float transition(i32 i, i32 j) const
    {
        float a;
        if (kept) { a = table[i * pitch + j]; }
        else { a = transitions[(i64)i * k + j]; }
        return a;
    }

    /// Largest of every thread's v, in every thread.
    RNN_DEVICE float largest(float v) const
    {
        v = warpMax(v);
        syncBlock();
        if (laneId() == 0) { scratch[warpId()] = v; }
        syncBlock();
        float most = scratch[0];
        for (i32 w = 1; w < threads / 32; w++) { most = max(most, (float)scratch[w]); }
        return most;
    }

    /// Sum of every thread's v, in every thread.
    RNN_DEVICE float sum(float v) const
    {
        v = warpSum(v);
        syncBlock();
        if (laneId() == 0) { scratch[warpId()] = v; }
        syncBlock();
        float all = 0.0f;
        for (i32 w = 0; w < threads / 32; w++) { all += scratch[w]; }
        return all;
    }

    /// Whether the row's tags are all there; true without tags. Notes tags that are too large.
    RNN_DEVICE bool counts(const CrfParams& p) const
    {
        if (p.tags == 0) { return true; }
        float bad = 0.0f;
        for (i32 t = rank; t < steps; t += threads)
        {
            i32 tag = global<const i32>(p.tags)[at(t)];
            if (tag >= k) { noteIndex(p.fault, at(t), tag); }
            if (tag >= k || (tag < 0 && t < n)) { bad = 1.0f; }
        }
        return largest(bad) == 0.0f;
    }
};

}  // namespace rnn
