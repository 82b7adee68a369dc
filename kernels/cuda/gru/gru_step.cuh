// GRU, reset gate after the product (src/RnnGpu.Core/Cells/GruResetAfterCell.cs), one step a launch.
// Axes: gates [T, B, 3H] in order r z n, extra [T, B, H], states h [T+1, B, H], R packed [3H, H] forward, [H, 3H] backward.
// Cost of a step: 6 B H^2 operations; R from L2 once a tile of rows, the states once a tile of units.
#pragma once

#include "gru/gru_cell.cuh"
#include "recurrent/step.cuh"

namespace rnn {

/// r and z accumulate h R^T, q = b_hn + h R_n^T apart, then the cell. Gates: in W x + biases but b_hn, out activated. Extra: out q.
template <class P, class Tile, class Product> RNN_DEVICE void gruForward(const RecurrentStepParams& p, TileAt at, Product& product)
{
    const ForwardStep<P, Tile> step(p, at);
    Global<const float> bias = step.chunk.bias();
    Global<float> extra = step.chunk.extra();
    const float bn = bias && step.unit < p.hidden ? loadReadOnly(bias + step.unit) : 0.0f;
    float a[Tile::items][3], n[Tile::items], h[Tile::items];
    RNN_UNROLL for (i32 i = 0; i < Tile::items; i++)
    {
        a[i][0] = step.template gate<3>(i, 0);
        a[i][1] = step.template gate<3>(i, 1);
        a[i][2] = bn;
        n[i] = step.template gate<3>(i, 2);
        h[i] = step.entering(i);
    }

    step.multiply(product, step.anyActive(), a);
    RNN_UNROLL for (i32 i = 0; i < Tile::items; i++)
    {
        if (!step.inside[i]) { continue; }
        float q = 0.0f, hNew = h[i];
        if (step.active[i])
        {
            q = a[i][2];
            GruResetAfterCell<P::fast>::forward(a[i][0], a[i][1], n[i], q, h[i], hNew);
            step.gates[step.template gateAt<3>(i, 0)] = a[i][0];
            step.gates[step.template gateAt<3>(i, 1)] = a[i][1];
            step.gates[step.template gateAt<3>(i, 2)] = n[i];
        }

        extra[step.stateAt(i, step.view.t)] = q;
        step.leave(i, hNew);
    }
}

/// dh += [dr dz dq] R of the step processed before, then the cell back. Gates: in activated, out gradients of W x. Extra: in q, out dq.
template <class P, class Tile, class Product> RNN_DEVICE void gruBackward(const RecurrentStepParams& p, TileAt at, Product& product)
{
    BackwardStep<P, Tile> step(p, at, true);
    Global<float> extra = step.chunk.extra();
    float a[Tile::items][3], q[Tile::items], h[Tile::items];
    RNN_UNROLL for (i32 i = 0; i < Tile::items; i++)
    {
        RNN_UNROLL for (i32 g = 0; g < 3; g++) { a[i][g] = step.template gate<3>(i, g); }
        q[i] = step.active[i] ? (float)extra[step.stateAt(i, step.view.t)] : 0.0f;
        h[i] = step.active[i] ? step.entering(i) : 0.0f;
    }

    step.run(product);
    RNN_UNROLL for (i32 i = 0; i < Tile::items; i++)
    {
        if (!step.inside[i]) { continue; }
        float dh = step.dh[i][0];
        if (step.active[i])
        {
            GruResetAfterCell<P::fast>::backward(a[i][0], a[i][1], a[i][2], q[i], h[i], step.total(i), dh);
            RNN_UNROLL for (i32 g = 0; g < 3; g++)
            {
                step.gates[step.template gateAt<3>(i, g)] = a[i][g];
                step.copyTo(p.to, p.toPitch, i, g * p.hidden + step.unit, g < 2 ? a[i][g] : q[i]);
            }
            extra[step.stateAt(i, step.view.t)] = q[i];
        }
        else { step.template clearGates<3>(i); }

        step.keep(i, dh);
    }
}

/// The step forward, for the loops of all strategies.
struct GruForward {
    static constexpr i32 gates = 3;
    static constexpr bool firstIsEmpty = false;

    template <class P, class Tile, class Product> RNN_DEVICE static void run(const RecurrentStepParams& p, TileAt at, Product& product)
    {
        gruForward<P, Tile>(p, at, product);
    }
};

/// The step back.
struct GruBackward {
    static constexpr i32 gates = 1;
    static constexpr bool firstIsEmpty = true;

    template <class P, class Tile, class Product> RNN_DEVICE static void run(const RecurrentStepParams& p, TileAt at, Product& product)
    {
        gruBackward<P, Tile>(p, at, product);
    }
};

}  // namespace rnn
