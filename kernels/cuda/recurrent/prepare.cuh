// What precedes the steps of a chunk: its description into device memory, and the entering state in the form in which the first product reads it.
#pragma once

#include "product/precision.cuh"
#include "recurrent/chunk.cuh"

namespace rnn {

constexpr i32 prepareThreads = 256;

RNN_DEVICE void writeChunk(const RecurrentChunkParams& c, u64 address)
{
    Global<u64> words = global<u64>(address);
    words[0] = c.gates;
    words[1] = c.extra;
    words[2] = c.h;
    words[3] = c.c;
    words[4] = c.y;
    words[5] = c.dh;
    words[6] = c.dc;
    words[7] = c.lengths;
    words[8] = c.resets;
    words[9] = c.bias;
    words[10] = (u64)c.yRow;
    words[11] = (u64)(u32)c.stepOffset | (u64)(u32)c.reverse << 32;
}

/// Forward: sets the entering slot of h to 0 where the first step resets a row, and converts it into the first copy [B, pitch] of the workspace.
/// All other words of the copies become 0, so that padding multiplies as 0. Backward: only the zeros.
/// Grid: x over the words of the copies, 256 a block. Cost: the copies written once, h read once.
template <class P> RNN_DEVICE void prepare(const RecurrentPrepareParams& p)
{
    if (blockIdxX() == 0 && threadIdxX() == 0) { writeChunk(p.chunk, p.description); }
    const i64 word = (i64)blockIdxX() * prepareThreads + threadIdxX();
    if (word >= p.words) { return; }
    float x[2] = {0.0f, 0.0f};
    const i64 row = word / p.pitch;
    const i32 first = (i32)(word % p.pitch) * P::perWord;
    if (p.entering && row < p.batch)
    {
        const i32 t = p.chunk.reverse ? p.steps - 1 : 0, slot = p.chunk.reverse ? p.steps : 0;
        Global<const i32> lengths = global<const i32>(p.chunk.lengths), resets = global<const i32>(p.chunk.resets);
        const bool active = !lengths || p.chunk.stepOffset + t < loadReadOnly(lengths + row);
        const bool reset = resets && active && loadReadOnly(resets + ((i64)t * p.batch + row)) != 0;
        Global<float> h = global<float>(p.chunk.h) + ((i64)slot * p.batch + row) * p.hidden;
        RNN_UNROLL for (i32 i = 0; i < P::perWord; i++)
        {
            if (first + i < p.hidden)
            {
                if (reset) { h[first + i] = 0.0f; }
                else { x[i] = h[first + i]; }
            }
        }
    }

    global<u32>(p.copies)[word] = P::word(x);
}

}  // namespace rnn
