// GRU, reset gate after the product (src/RnnGpu.Core/Cells/GruResetAfterCell.cs), one step a launch.
// Axes: gates [T, B, 3H] in order r z n, extra [T, B, H], states h [T+1, B, H], R packed [3H, H] forward, [H, 3H] backward.
// Cost of a step: 6 B H^2 operations; R from L2 once a tile of rows, the states once a tile of units.
#pragma once

#include "gru/gru_cell.cuh"
#include "recurrent/step.cuh"

namespace rnn {

/// r and z accumulate h R^T, q = b_hn + h R_n^T apart, then the cell. Gates: in W x + biases but b_hn, out activated. Extra: out q.
template <class P, class Tile> RNN_DEVICE void gruForward(const RecurrentStepParams& p)
{
    StepProduct<P, Tile, 3> product;
    product.begin(p, Step<P, Tile>::firstRow(), Step<P, Tile>::firstUnit());
    const Step<P, Tile> step(p, false);
    Global<const float> bias = step.chunk.bias();
    const float bn = bias && step.unit < p.hidden ? loadReadOnly(bias + step.unit) : 0.0f;
    bool active[Tile::items];
    float a[Tile::items][3], n[Tile::items], h[Tile::items];
    RNN_UNROLL for (i32 i = 0; i < Tile::items; i++)
    {
        active[i] = step.active(i, step.view.t);
        a[i][0] = active[i] ? (float)step.gates[step.template gateAt<3>(i, 0)] : 0.0f;
        a[i][1] = active[i] ? (float)step.gates[step.template gateAt<3>(i, 1)] : 0.0f;
        a[i][2] = bn;
        n[i] = active[i] ? (float)step.gates[step.template gateAt<3>(i, 2)] : 0.0f;
        h[i] = step.inside(i) ? (float)step.chunk.h()[step.stateAt(i, step.view.before)] : 0.0f;
    }

    step.multiply(product, step.view.t, a);
    RNN_UNROLL for (i32 i = 0; i < Tile::items; i++)
    {
        if (active[i])
        {
            float hNew;
            GruResetAfterCell<P::fast>::forward(a[i][0], a[i][1], n[i], a[i][2], h[i], hNew);
            step.gates[step.template gateAt<3>(i, 0)] = a[i][0];
            step.gates[step.template gateAt<3>(i, 1)] = a[i][1];
            step.gates[step.template gateAt<3>(i, 2)] = n[i];
            step.chunk.extra()[step.stateAt(i, step.view.t)] = a[i][2];
            step.leave(i, true, hNew);
        }
        else if (step.inside(i))
        {
            step.chunk.extra()[step.stateAt(i, step.view.t)] = 0.0f;
            step.leave(i, false, h[i]);
        }
    }
}

/// dh += [dr dz dq] R of the step processed before, then the cell back. Gates: in activated, out gradients of W x. Extra: in q, out dq.
template <class P, class Tile> RNN_DEVICE void gruBackward(const RecurrentStepParams& p)
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
            float a[3];
            RNN_UNROLL for (i32 g = 0; g < 3; g++) { a[g] = step.gates[step.template gateAt<3>(i, g)]; }
            float q = step.chunk.extra()[step.stateAt(i, step.view.t)];
            const float h = step.chunk.h()[step.stateAt(i, step.view.before)];
            GruResetAfterCell<P::fast>::backward(a[0], a[1], a[2], q, h, gradient.withOutput(step, i), dh);
            RNN_UNROLL for (i32 g = 0; g < 3; g++)
            {
                step.gates[step.template gateAt<3>(i, g)] = a[g];
                step.copyTo(p.to, p.toPitch, i, g * p.hidden + step.unit, g < 2 ? a[g] : q);
            }
            step.chunk.extra()[step.stateAt(i, step.view.t)] = q;
        }
        else if (p.step < p.steps)
        {
            RNN_UNROLL for (i32 g = 0; g < 3; g++) { step.gates[step.template gateAt<3>(i, g)] = 0.0f; }
        }

        gradient.keep(step, i, dh);
    }
}

}  // namespace rnn
