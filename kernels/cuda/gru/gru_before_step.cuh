// GRU, reset gate before the product (src/RnnGpu.Core/Cells/GruResetBeforeCell.cs), two launches a step, since the candidate's product needs the
// reset state p = r h of all units.
// Axes: gates [T, B, 3H] in order r z n, extra [T, B, H], states h [T+1, B, H], R packed as [2H, H] and [H, H] forward, [H, 2H] and [H, H] backward.
// Cost of a step: 6 B H^2 operations; R from L2 once a tile of rows, the states once a tile of units, twice.
#pragma once

#include "gru/gru_cell.cuh"
#include "recurrent/step.cuh"

namespace rnn {

/// First half: r and z accumulate h R^T, then p = r h. Gates r z: in W x + biases, out activated. Extra: out p, also for the second half's product.
template <class P, class Tile, class Product> RNN_DEVICE void gruBeforeForwardGates(const RecurrentStepParams& p, TileAt at, Product& product)
{
    const Step<P, Tile> step(p, at, false);
    Global<float> extra = step.chunk.extra();
    float a[Tile::items][2], h[Tile::items];
    RNN_UNROLL for (i32 i = 0; i < Tile::items; i++)
    {
        RNN_UNROLL for (i32 g = 0; g < 2; g++) { a[i][g] = step.template gate<3>(i, g); }
        h[i] = step.active[i] ? step.entering(i) : 0.0f;
    }

    step.multiply(product, step.anyActive(), a);
    RNN_UNROLL for (i32 i = 0; i < Tile::items; i++)
    {
        if (!step.inside[i]) { continue; }
        float rh = 0.0f;
        if (step.active[i])
        {
            GruResetBeforeCell<P::fast>::forwardGates(a[i][0], a[i][1], h[i], rh);
            RNN_UNROLL for (i32 g = 0; g < 2; g++) { step.gates[step.template gateAt<3>(i, g)] = a[i][g]; }
        }

        extra[step.stateAt(i, step.view.t)] = rh;
        step.copyTo(p.to, p.toPitch, i, step.unit, rh);
    }
}

/// Second half: n accumulates p R_n^T, then the state. Gate n: in W x + biases, out activated.
template <class P, class Tile, class Product> RNN_DEVICE void gruBeforeForwardState(const RecurrentStepParams& p, TileAt at, Product& product)
{
    const ForwardStep<P, Tile> step(p, at);
    float n[Tile::items][1], z[Tile::items], h[Tile::items];
    RNN_UNROLL for (i32 i = 0; i < Tile::items; i++)
    {
        z[i] = step.template gate<3>(i, 1);
        n[i][0] = step.template gate<3>(i, 2);
        h[i] = step.entering(i);
    }

    step.multiply(product, step.anyActive(), n);
    RNN_UNROLL for (i32 i = 0; i < Tile::items; i++)
    {
        if (!step.inside[i]) { continue; }
        float hNew = h[i];
        if (step.active[i])
        {
            GruResetBeforeCell<P::fast>::forwardState(z[i], n[i][0], h[i], hNew);
            step.gates[step.template gateAt<3>(i, 2)] = n[i][0];
        }

        step.leave(i, hNew);
    }
}

/// First half back: dh += [dr dz] R_rz of the step processed before, then the state back. Gates z n: in activated, out gradients; dz goes to
/// the next launch's copy [dr dz], dn to the second half's.
template <class P, class Tile, class Product> RNN_DEVICE void gruBeforeBackwardState(const RecurrentStepParams& p, TileAt at, Product& product)
{
    BackwardStep<P, Tile> step(p, at, true);
    float z[Tile::items], n[Tile::items], h[Tile::items];
    RNN_UNROLL for (i32 i = 0; i < Tile::items; i++)
    {
        z[i] = step.template gate<3>(i, 1);
        n[i] = step.template gate<3>(i, 2);
        h[i] = step.active[i] ? step.entering(i) : 0.0f;
    }

    step.run(product);
    RNN_UNROLL for (i32 i = 0; i < Tile::items; i++)
    {
        if (!step.inside[i]) { continue; }
        float dh = step.dh[i][0];
        if (step.active[i])
        {
            GruResetBeforeCell<P::fast>::backwardState(z[i], n[i], h[i], step.total(i), dh);
            step.gates[step.template gateAt<3>(i, 1)] = z[i];
            step.gates[step.template gateAt<3>(i, 2)] = n[i];
            step.copyTo(p.to, p.toPitch, i, p.hidden + step.unit, z[i]);
            step.copyTo(p.second, p.secondPitch, i, step.unit, n[i]);
        }
        else { step.template clearGates<3>(i); }

        step.keep(i, dh);
    }
}

/// Second half back: dp = dn R_n, then the reset gate. Gate r: in activated, out its gradient, also into the copy [dr dz]; dh += r dp.
template <class P, class Tile, class Product> RNN_DEVICE void gruBeforeBackwardGates(const RecurrentStepParams& p, TileAt at, Product& product)
{
    const Step<P, Tile> step(p, at, true);
    Global<float> carried = step.chunk.dh();
    float dp[Tile::items][1], r[Tile::items], h[Tile::items], dh[Tile::items];
    RNN_UNROLL for (i32 i = 0; i < Tile::items; i++)
    {
        dp[i][0] = 0.0f;
        r[i] = step.template gate<3>(i, 0);
        h[i] = step.active[i] ? step.entering(i) : 0.0f;
        dh[i] = step.active[i] ? (float)carried[step.rowAt(i)] : 0.0f;
    }

    step.multiply(product, step.anyActive(), dp);
    RNN_UNROLL for (i32 i = 0; i < Tile::items; i++)
    {
        if (!step.active[i]) { continue; }
        GruResetBeforeCell<P::fast>::backwardGates(r[i], h[i], dp[i][0], dh[i]);
        step.gates[step.template gateAt<3>(i, 0)] = r[i];
        step.copyTo(p.to, p.toPitch, i, step.unit, r[i]);
        carried[step.rowAt(i)] = dh[i];
    }
}

/// The first half forward, for the loops of all strategies.
struct GruBeforeForwardGates {
    static constexpr i32 gates = 2;
    static constexpr bool firstIsEmpty = false;

    template <class P, class Tile, class Product> RNN_DEVICE static void run(const RecurrentStepParams& p, TileAt at, Product& product)
    {
        gruBeforeForwardGates<P, Tile>(p, at, product);
    }
};

/// The second half forward.
struct GruBeforeForwardState {
    static constexpr i32 gates = 1;
    static constexpr bool firstIsEmpty = false;

    template <class P, class Tile, class Product> RNN_DEVICE static void run(const RecurrentStepParams& p, TileAt at, Product& product)
    {
        gruBeforeForwardState<P, Tile>(p, at, product);
    }
};

/// The first half back.
struct GruBeforeBackwardState {
    static constexpr i32 gates = 1;
    static constexpr bool firstIsEmpty = true;

    template <class P, class Tile, class Product> RNN_DEVICE static void run(const RecurrentStepParams& p, TileAt at, Product& product)
    {
        gruBeforeBackwardState<P, Tile>(p, at, product);
    }
};

/// The second half back.
struct GruBeforeBackwardGates {
    static constexpr i32 gates = 1;
    static constexpr bool firstIsEmpty = false;

    template <class P, class Tile, class Product> RNN_DEVICE static void run(const RecurrentStepParams& p, TileAt at, Product& product)
    {
        gruBeforeBackwardGates<P, Tile>(p, at, product);
    }
};

}  // namespace rnn
