// GRU, reset gate before the product (src/RnnGpu.Core/Cells/GruResetBeforeCell.cs), two launches a step, since the candidate's product needs the
// reset state p = r h of all units.
// Axes: gates [T, B, 3H] in order r z n, extra [T, B, H], states h [T+1, B, H], R packed as [2H, H] and [H, H] forward, [H, 2H] and [H, H] backward.
// Cost of a step: 6 B H^2 operations; R from L2 once a tile of rows, the states once a tile of units, twice.
#pragma once

#include "gru/gru_cell.cuh"
#include "recurrent/step.cuh"

namespace rnn {

/// First half: r and z accumulate h R^T, then p = r h. Gates r z: in W x + biases, out activated. Extra: out p, also for the second half's product.
template <class P, class Tile> RNN_DEVICE void gruBeforeForwardGates(const RecurrentStepParams& p)
{
    StepProduct<P, Tile, 2> product;
    product.begin(p, Step<P, Tile>::firstRow(), Step<P, Tile>::firstUnit());
    const Step<P, Tile> step(p, false);
    bool active[Tile::items];
    float a[Tile::items][2];
    RNN_UNROLL for (i32 i = 0; i < Tile::items; i++)
    {
        active[i] = step.active(i, step.view.t);
        RNN_UNROLL for (i32 g = 0; g < 2; g++) { a[i][g] = active[i] ? (float)step.gates[step.template gateAt<3>(i, g)] : 0.0f; }
    }

    step.multiply(product, step.view.t, a);
    RNN_UNROLL for (i32 i = 0; i < Tile::items; i++)
    {
        if (!step.inside(i)) { continue; }
        float rh = 0.0f;
        if (active[i])
        {
            GruResetBeforeCell<P::fast>::forwardGates(a[i][0], a[i][1], step.chunk.h()[step.stateAt(i, step.view.before)], rh);
            RNN_UNROLL for (i32 g = 0; g < 2; g++) { step.gates[step.template gateAt<3>(i, g)] = a[i][g]; }
        }

        step.chunk.extra()[step.stateAt(i, step.view.t)] = rh;
        step.copyTo(p.to, p.toPitch, i, step.unit, rh);
    }
}

/// Second half: n accumulates p R_n^T, then the state. Gate n: in W x + biases, out activated.
template <class P, class Tile> RNN_DEVICE void gruBeforeForwardState(const RecurrentStepParams& p)
{
    StepProduct<P, Tile, 1> product;
    product.begin(p, Step<P, Tile>::firstRow(), Step<P, Tile>::firstUnit());
    const Step<P, Tile> step(p, false);
    bool active[Tile::items];
    float n[Tile::items][1], z[Tile::items], h[Tile::items];
    RNN_UNROLL for (i32 i = 0; i < Tile::items; i++)
    {
        active[i] = step.active(i, step.view.t);
        z[i] = active[i] ? (float)step.gates[step.template gateAt<3>(i, 1)] : 0.0f;
        n[i][0] = active[i] ? (float)step.gates[step.template gateAt<3>(i, 2)] : 0.0f;
        h[i] = step.inside(i) ? (float)step.chunk.h()[step.stateAt(i, step.view.before)] : 0.0f;
    }

    step.multiply(product, step.view.t, n);
    RNN_UNROLL for (i32 i = 0; i < Tile::items; i++)
    {
        if (active[i])
        {
            float hNew;
            GruResetBeforeCell<P::fast>::forwardState(z[i], n[i][0], h[i], hNew);
            step.gates[step.template gateAt<3>(i, 2)] = n[i][0];
            step.leave(i, true, hNew);
        }
        else if (step.inside(i)) { step.leave(i, false, h[i]); }
    }
}

/// First half back: dh += [dr dz] R_rz of the step processed before, then the state back. Gates z n: in activated, out gradients; dz goes to
/// the next launch's copy [dr dz], dn to the second half's.
template <class P, class Tile> RNN_DEVICE void gruBeforeBackwardState(const RecurrentStepParams& p)
{
    StepProduct<P, Tile, 1> product;
    if (p.step > 0) { product.begin(p, Step<P, Tile>::firstRow(), Step<P, Tile>::firstUnit()); }
    const Step<P, Tile> step(p, true);
    StateGradient<P, Tile> gradient;
    gradient.run(step, product, true);
    RNN_UNROLL for (i32 i = 0; i < Tile::items; i++)
    {
        if (!step.inside(i)) { continue; }
        float dh = gradient.dh[i][0];
        if (p.step < p.steps && step.active(i, step.view.t))
        {
            float z = step.gates[step.template gateAt<3>(i, 1)], n = step.gates[step.template gateAt<3>(i, 2)];
            const float h = step.chunk.h()[step.stateAt(i, step.view.before)];
            GruResetBeforeCell<P::fast>::backwardState(z, n, h, gradient.withOutput(step, i), dh);
            step.gates[step.template gateAt<3>(i, 1)] = z;
            step.gates[step.template gateAt<3>(i, 2)] = n;
            step.copyTo(p.to, p.toPitch, i, p.hidden + step.unit, z);
            step.copyTo(p.second, p.secondPitch, i, step.unit, n);
        }
        else if (p.step < p.steps)
        {
            RNN_UNROLL for (i32 g = 0; g < 3; g++) { step.gates[step.template gateAt<3>(i, g)] = 0.0f; }
        }

        gradient.keep(step, i, dh);
    }
}

/// Second half back: dp = dn R_n, then the reset gate. Gate r: in activated, out its gradient, also into the copy [dr dz]; dh += r dp.
template <class P, class Tile> RNN_DEVICE void gruBeforeBackwardGates(const RecurrentStepParams& p)
{
    StepProduct<P, Tile, 1> product;
    product.begin(p, Step<P, Tile>::firstRow(), Step<P, Tile>::firstUnit());
    const Step<P, Tile> step(p, true);
    float dp[Tile::items][1];
    RNN_UNROLL for (i32 i = 0; i < Tile::items; i++) { dp[i][0] = 0.0f; }
    step.multiply(product, step.view.t, dp);
    RNN_UNROLL for (i32 i = 0; i < Tile::items; i++)
    {
        if (!step.active(i, step.view.t)) { continue; }
        Global<float> carried = step.chunk.dh() + ((i64)step.row(i) * p.hidden + step.unit);
        float r = step.gates[step.template gateAt<3>(i, 0)], dh = *carried;
        GruResetBeforeCell<P::fast>::backwardGates(r, step.chunk.h()[step.stateAt(i, step.view.before)], dp[i][0], dh);
        step.gates[step.template gateAt<3>(i, 0)] = r;
        step.copyTo(p.to, p.toPitch, i, step.unit, r);
        *carried = dh;
    }
}

}  // namespace rnn
