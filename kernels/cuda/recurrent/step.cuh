// What the steps of all cells share. A step is one launch: the product for a tile of rows x units, and the cell in its epilogue, while the
// sums are in registers. Grid: x over tiles of units, y over tiles of rows.
//
// Order within a step: the product's first copies begin; behind them everything that the cell will need is read, so that the product
// hides the way to memory; then the product, and the cell, which only computes and stores.
#pragma once

#include "recurrent/chunk.cuh"
#include "recurrent/step_product.cuh"

namespace rnn {

/// The (row, unit) pairs of a thread in one step.
template <class P, class Tile> struct Step {
    const RecurrentStepParams& p;
    TileAt at;
    Chunk chunk;
    StepView view;
    i32 unit;
    Global<float> gates, h, y;
    i64 yRow;
    bool inside[Tile::items];       // in the batch and among the units
    bool active[Tile::items];       // takes part in the step; the rows past their end only pass their state on

    RNN_DEVICE Step(const RecurrentStepParams& p, TileAt at, bool backward)
        : p(p), at(at), chunk(p.chunk), view(chunk, p.batch, p.steps, p.step, backward), unit(at.unit + Tile::unit()),
          gates(chunk.gates()), h(chunk.h()), y(chunk.y()), yRow(chunk.yRow())
    {
        RNN_UNROLL for (i32 i = 0; i < Tile::items; i++)
        {
            inside[i] = row(i) < p.batch && unit < p.hidden;
            active[i] = inside[i] && p.step < p.steps && view.active(view.t, row(i));
        }
    }

    RNN_DEVICE i32 row(i32 item) const { return at.row + Tile::row(item); }

    /// Elements of the gates of this step, of a state's slot, of the output, and of a [B, H] tensor.
    template <i32 G> RNN_DEVICE i64 gateAt(i32 item, i32 gate) const { return view.at(view.t, row(item), G * p.hidden, gate * p.hidden + unit); }
    RNN_DEVICE i64 stateAt(i32 item, i32 slot) const { return view.at(slot, row(item), p.hidden, unit); }
    RNN_DEVICE i64 outputAt(i32 item) const { return ((i64)view.t * p.batch + row(item)) * yRow + unit; }
    RNN_DEVICE i64 rowAt(i32 item) const { return (i64)row(item) * p.hidden + unit; }

    /// A gate of an item that takes part; 0 of the others, whose gates may hold anything.
    template <i32 G> RNN_DEVICE float gate(i32 item, i32 gate) const { return active[item] ? (float)gates[gateAt<G>(item, gate)] : 0.0f; }

    /// The state that enters the step.
    RNN_DEVICE float entering(i32 item) const { return inside[item] ? (float)h[stateAt(item, view.before)] : 0.0f; }

    /// Stores a factor of a later product: column `column` of a copy.
    RNN_DEVICE void copyTo(u64 copy, i32 pitch, i32 item, i32 column, float x) const
    {
        P::store(global<u32>(copy) + (i64)row(item) * pitch, column, x);
    }

    /// The product, unless no row of the tile takes part: `any` of this thread's do.
    template <class Product, i32 G> RNN_DEVICE void multiply(Product& product, bool any, float (&sum)[Tile::items][G]) const
    {
        product.await();
        if (view.lengths && !anyInBlock(any)) { product.skip(); }
        else { product.run(p.depth, sum); }
    }

    RNN_DEVICE bool anyActive() const
    {
        bool any = false;
        RNN_UNROLL for (i32 i = 0; i < Tile::items; i++) { any = any || active[i]; }
        return any;
    }
};

/// A step forward that ends with a new state.
template <class P, class Tile> struct ForwardStep : Step<P, Tile> {
    bool clears[Tile::items];       // the next step resets the row: the state is to be stored as 0

    RNN_DEVICE ForwardStep(const RecurrentStepParams& p, TileAt at) : Step<P, Tile>(p, at, false)
    {
        RNN_UNROLL for (i32 i = 0; i < Tile::items; i++) { clears[i] = this->inside[i] && this->view.clearsNext(this->row(i)); }
    }

    /// Stores the state that leaves the step: into its slot and the next product's copy, as the next step is to see it, and into the output.
    RNN_DEVICE void leave(i32 item, float state) const
    {
        const float kept = clears[item] ? 0.0f : state;
        this->h[this->stateAt(item, this->view.after)] = kept;
        if (this->p.to) { this->copyTo(this->p.to, this->p.toPitch, item, this->unit, kept); }
        if (this->y) { this->y[this->outputAt(item)] = this->active[item] ? state : 0.0f; }
    }
};

/// A step back. The gradient of the state that leaves it, without the output's, is what the product over the gradients of the step
/// processed before brings, on top of what bypassed that product:
///   processed before   dh =
///   nothing            the caller's dh
///   an active step     dh (bypass, where the cell has one) + dgates R, or 0 if that step had reset the row
///   an inactive step   dh as it stands
template <class P, class Tile> struct BackwardStep : Step<P, Tile> {
    Global<float> carried;
    float dh[Tile::items][1];
    float dy[Tile::items];          // gradient of the step's output
    bool multiplied[Tile::items];   // the step processed before was active
    bool cut[Tile::items];          // and had reset the row: nothing flows through

    RNN_DEVICE BackwardStep(const RecurrentStepParams& p, TileAt at, bool bypass) : Step<P, Tile>(p, at, true), carried(this->chunk.dh())
    {
        const i32 before = this->chunk.reverse() ? this->view.t - 1 : this->view.t + 1;
        RNN_UNROLL for (i32 i = 0; i < Tile::items; i++)
        {
            const i32 row = this->row(i);
            multiplied[i] = this->inside[i] && p.step > 0 && this->view.active(before, row);
            cut[i] = multiplied[i] && this->view.reset(before, row);
            dh[i][0] = this->inside[i] && (bypass || !multiplied[i]) ? (float)carried[this->rowAt(i)] : 0.0f;
            dy[i] = this->active[i] && this->y ? (float)this->y[this->outputAt(i)] : 0.0f;
        }
    }

    /// dh, by the product.
    template <class Product> RNN_DEVICE void run(Product& product)
    {
        if (this->p.step == 0) { return; }
        bool any = false;
        float sum[Tile::items][1];
        RNN_UNROLL for (i32 i = 0; i < Tile::items; i++)
        {
            any = any || multiplied[i];
            sum[i][0] = dh[i][0];
        }

        this->multiply(product, any, sum);
        RNN_UNROLL for (i32 i = 0; i < Tile::items; i++)
        {
            if (multiplied[i]) { dh[i][0] = cut[i] ? 0.0f : sum[i][0]; }
        }
    }

    /// The gradient of the state that leaves the step, with the output's.
    RNN_DEVICE float total(i32 item) const { return this->y ? dh[item][0] + dy[item] : dh[item][0]; }

    /// Keeps a gradient for the next launch, or for the caller.
    RNN_DEVICE void keep(i32 item, float x) const { carried[this->rowAt(item)] = x; }

    /// Gradients of the gates of an item that takes no part.
    template <i32 G> RNN_DEVICE void clearGates(i32 item) const
    {
        if (this->p.step == this->p.steps) { return; }
        RNN_UNROLL for (i32 g = 0; g < G; g++) { this->gates[this->template gateAt<G>(item, g)] = 0.0f; }
    }
};

/// One step of a cell, a tile a block. A cell says how many gates its product computes of a unit, and whether the first step of its loop has
/// nothing to multiply.
template <class Cell, class P, class Tile> RNN_DEVICE void oneStep(const RecurrentStepParams& p)
{
    const TileAt at = TileAt::ofBlock<Tile>();
    StepProduct<P, Tile, Cell::gates> product(p, at, !Cell::firstIsEmpty || p.step > 0);
    Cell::template run<P, Tile>(p, at, product);
}

}  // namespace rnn
