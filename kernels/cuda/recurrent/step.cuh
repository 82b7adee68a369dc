// What the steps of all cells share. A step is one launch: the product for a tile of rows x units, and the cell in its epilogue, while the
// sums are in registers. Grid: x over tiles of units, y over tiles of rows.
#pragma once

#include "recurrent/chunk.cuh"
#include "recurrent/step_product.cuh"

namespace rnn {

/// The (row, unit) pairs of a thread in one step.
template <class P, class Tile> struct Step {
    const RecurrentStepParams& p;
    Chunk chunk;
    StepView view;
    i32 row0, unit;
    Global<float> gates;

    RNN_DEVICE static i32 firstRow() { return (i32)blockIdxY() * Tile::rows; }
    RNN_DEVICE static i32 firstUnit() { return (i32)blockIdxX() * Tile::units; }

    RNN_DEVICE Step(const RecurrentStepParams& p, bool backward)
        : p(p), chunk(p.chunk), view(chunk, p.batch, p.hidden, p.steps, p.step, backward), row0(firstRow()), unit(firstUnit() + Tile::unit()),
          gates(chunk.gates())
    {
    }

    RNN_DEVICE i32 row(i32 item) const { return row0 + Tile::row(item); }
    RNN_DEVICE bool inside(i32 item) const { return row(item) < p.batch && unit < p.hidden; }
    RNN_DEVICE bool active(i32 item, i32 step) const { return inside(item) && view.active(step, row(item)); }

    /// Element of the gates of this step, and of a state's slot.
    template <i32 G> RNN_DEVICE i64 gateAt(i32 item, i32 gate) const { return view.at(view.t, row(item), G * p.hidden, gate * p.hidden + unit); }
    RNN_DEVICE i64 stateAt(i32 item, i32 slot) const { return view.state(slot, row(item), unit); }

    /// Stores a factor of a later product: column `column` of a copy.
    RNN_DEVICE void copyTo(u64 copy, i32 pitch, i32 item, i32 column, float x) const
    {
        P::store(global<u32>(copy) + (i64)row(item) * pitch, column, x);
    }

    /// The state that leaves the step: into its slot and the next product's copy, as the next step is to see it, and into the output.
    RNN_DEVICE void leave(i32 item, bool isActive, float h) const
    {
        const float kept = view.clearsNext(row(item)) ? 0.0f : h;
        chunk.h()[stateAt(item, view.after)] = kept;
        if (p.to) { copyTo(p.to, p.toPitch, item, unit, kept); }
        Global<float> y = chunk.y();
        if (y) { y[((i64)view.t * p.batch + row(item)) * chunk.yRow() + unit] = isActive ? h : 0.0f; }
    }

    /// The product, unless no row of the tile takes part in step t.
    template <i32 G> RNN_DEVICE void multiply(StepProduct<P, Tile, G>& product, i32 t, float (&sum)[Tile::items][G]) const
    {
        if (view.lengths)
        {
            bool any = false;
            RNN_UNROLL for (i32 i = 0; i < Tile::items; i++) { any = any || active(i, t); }
            if (!anyInBlock(any))
            {
                waitAsync<0>();
                return;
            }
        }

        product.run(p.depth, sum);
    }
};

/// The gradient of the state that leaves a backward step, without the output's: what the product over the gradients of the step
/// processed before brings, on top of what bypassed that product.
///   processed before   dh =
///   nothing            the caller's dh
///   an active step     dh (bypass, where the cell has one) + dgates R, or 0 if that step had reset the row
///   an inactive step   dh as it stands
template <class P, class Tile> struct StateGradient {
    float dh[Tile::items][1];
    bool reset[Tile::items];        // the step processed before had reset the row: nothing flows through

    RNN_DEVICE void run(const Step<P, Tile>& step, StepProduct<P, Tile, 1>& product, bool bypass)
    {
        const i32 before = step.chunk.reverse() ? step.view.t - 1 : step.view.t + 1;
        Global<float> carried = step.chunk.dh();
        float old[Tile::items];
        bool multiplied[Tile::items];
        RNN_UNROLL for (i32 i = 0; i < Tile::items; i++)
        {
            old[i] = step.inside(i) ? (float)carried[(i64)step.row(i) * step.p.hidden + step.unit] : 0.0f;
            multiplied[i] = step.p.step > 0 && step.active(i, before);
            reset[i] = multiplied[i] && step.view.reset(before, step.row(i));
            dh[i][0] = bypass && multiplied[i] ? old[i] : 0.0f;
        }

        if (step.p.step > 0) { step.multiply(product, before, dh); }
        RNN_UNROLL for (i32 i = 0; i < Tile::items; i++) { dh[i][0] = !multiplied[i] ? old[i] : reset[i] ? 0.0f : dh[i][0]; }
    }

    /// Keeps a gradient for the next launch, or for the caller.
    RNN_DEVICE static void keep(const Step<P, Tile>& step, i32 item, float x) { step.chunk.dh()[(i64)step.row(item) * step.p.hidden + step.unit] = x; }

    /// With the gradient of the step's output.
    RNN_DEVICE float withOutput(const Step<P, Tile>& step, i32 item) const
    {
        Global<float> dy = step.chunk.y();
        return dy ? dh[item][0] + dy[((i64)step.view.t * step.p.batch + step.row(item)) * step.chunk.yRow() + step.unit] : dh[item][0];
    }
};

}  // namespace rnn
