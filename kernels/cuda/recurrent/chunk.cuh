// Where a step of a chunk stands, and which rows take part: the semantics of RecurrentChunk (src/RnnGpu.Core/Backend/Ops/Recurrent.cs).
#pragma once

#include "device.cuh"
#include "rnn_abi.h"

namespace rnn {

/// The chunk's description (RecurrentChunkParams) as the prepare kernel left it in device memory. What changes from call to call is read from there,
/// so that the launches of a chunk's steps can be captured once and replayed.
struct Chunk {
    Global<const u64> words;

    RNN_DEVICE explicit Chunk(u64 address) : words(global<const u64>(address)) {}

    RNN_DEVICE Global<float> gates() const { return global<float>(words[0]); }
    RNN_DEVICE Global<float> extra() const { return global<float>(words[1]); }
    RNN_DEVICE Global<float> h() const { return global<float>(words[2]); }
    RNN_DEVICE Global<float> c() const { return global<float>(words[3]); }
    RNN_DEVICE Global<float> y() const { return global<float>(words[4]); }
    RNN_DEVICE Global<float> dh() const { return global<float>(words[5]); }
    RNN_DEVICE Global<float> dc() const { return global<float>(words[6]); }
    RNN_DEVICE Global<const i32> lengths() const { return global<const i32>(words[7]); }
    RNN_DEVICE Global<const i32> resets() const { return global<const i32>(words[8]); }
    RNN_DEVICE Global<const float> bias() const { return global<const float>(words[9]); }
    RNN_DEVICE i64 yRow() const { return (i64)words[10]; }
    RNN_DEVICE i32 stepOffset() const { return (i32)(u32)words[11]; }
    RNN_DEVICE bool reverse() const { return (words[11] >> 32) != 0; }
};

/// One step of the loop, forward or back.
struct StepView {
    Global<const i32> lengths, resets;
    i32 batch, steps, stepOffset;
    i32 t;                  // the step within the chunk
    i32 before, after;      // slots of the states that enter it and leave it, in the forward sense
    i32 next;               // the step behind it in the forward order; may lie outside the chunk

    RNN_DEVICE StepView(const Chunk& chunk, i32 batch, i32 steps, i32 step, bool backward)
        : lengths(chunk.lengths()), resets(chunk.resets()), batch(batch), steps(steps), stepOffset(chunk.stepOffset())
    {
        const bool reverse = chunk.reverse();
        t = reverse != backward ? steps - 1 - step : step;
        before = reverse ? t + 1 : t;
        after = reverse ? t : t + 1;
        next = reverse ? t - 1 : t + 1;
    }

    RNN_DEVICE bool active(i32 step, i32 row) const { return !lengths || stepOffset + step < loadReadOnly(lengths + row); }

    /// Whether a row's state is cleared before a step of the chunk.
    RNN_DEVICE bool reset(i32 step, i32 row) const
    {
        return resets && loadReadOnly(resets + ((i64)step * batch + row)) != 0 && active(step, row);
    }

    /// Whether the state that leaves this step is to be stored as 0, since the next step resets the row.
    RNN_DEVICE bool clearsNext(i32 row) const { return (u32)next < (u32)steps && reset(next, row); }

    /// Element of a [T, B, width] tensor.
    RNN_DEVICE i64 at(i64 step, i32 row, i32 width, i32 i) const { return (step * batch + row) * width + i; }
};

}  // namespace rnn
