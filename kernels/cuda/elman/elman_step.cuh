// Elman network (src/RnnGpu.Core/Cells/ElmanCell.cs), one step a launch: h' = phi(a + R h), phi = tanh or ReLU (p.variant).
// Axes: gates [T, B, H], states h [T+1, B, H], R packed [H, H].
// Cost of a step: 2 B H^2 operations; R from L2 once a tile of rows, the states once a tile of units.
#pragma once

#include "elman/elman_cell.cuh"
#include "recurrent/step.cuh"

namespace rnn {

/// a += h R^T, then the cell. Gates: in W x + biases, out h'.
template <class P, class Tile, class Product> RNN_DEVICE void elmanForward(const RecurrentStepParams& p, TileAt at, Product& product)
{
    using Cell = ElmanCell<P::fast>;
    const ForwardStep<P, Tile> step(p, at);
    float a[Tile::items][1], held[Tile::items];
    RNN_UNROLL for (i32 i = 0; i < Tile::items; i++)
    {
        a[i][0] = step.template gate<1>(i, 0);
        held[i] = step.active[i] ? 0.0f : step.entering(i);
    }

    step.multiply(product, step.anyActive(), a);
    RNN_UNROLL for (i32 i = 0; i < Tile::items; i++)
    {
        if (!step.inside[i]) { continue; }
        float h = held[i];
        if (step.active[i])
        {
            h = p.variant == (i32)ElmanVariant::Relu ? Cell::forwardRelu(a[i][0]) : Cell::forwardTanh(a[i][0]);
            step.gates[step.template gateAt<1>(i, 0)] = h;
        }

        step.leave(i, h);
    }
}

/// dh = da R of the step processed before, then the cell back: da = phi'(h') (dh + dy). Gates: in h', out da.
template <class P, class Tile, class Product> RNN_DEVICE void elmanBackward(const RecurrentStepParams& p, TileAt at, Product& product)
{
    using Cell = ElmanCell<P::fast>;
    BackwardStep<P, Tile> step(p, at, false);
    float h[Tile::items];
    RNN_UNROLL for (i32 i = 0; i < Tile::items; i++) { h[i] = step.template gate<1>(i, 0); }

    step.run(product);
    RNN_UNROLL for (i32 i = 0; i < Tile::items; i++)
    {
        if (step.active[i])
        {
            const float dh = step.total(i);
            const float da = p.variant == (i32)ElmanVariant::Relu ? Cell::backwardRelu(h[i], dh) : Cell::backwardTanh(h[i], dh);
            step.gates[step.template gateAt<1>(i, 0)] = da;
            step.copyTo(p.to, p.toPitch, i, step.unit, da);
        }
        else if (step.inside[i])
        {
            step.template clearGates<1>(i);
            step.keep(i, step.dh[i][0]);
        }
    }
}

/// The step forward, for the loops of all strategies.
struct ElmanForward {
    static constexpr i32 gates = 1;
    static constexpr bool firstIsEmpty = false;

    template <class P, class Tile, class Product> RNN_DEVICE static void run(const RecurrentStepParams& p, TileAt at, Product& product)
    {
        elmanForward<P, Tile>(p, at, product);
    }
};

/// The step back.
struct ElmanBackward {
    static constexpr i32 gates = 1;
    static constexpr bool firstIsEmpty = true;

    template <class P, class Tile, class Product> RNN_DEVICE static void run(const RecurrentStepParams& p, TileAt at, Product& product)
    {
        elmanBackward<P, Tile>(p, at, product);
    }
};

}  // namespace rnn
