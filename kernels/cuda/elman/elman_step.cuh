// Elman network (src/RnnGpu.Core/Cells/ElmanCell.cs), one step a launch: h' = phi(a + R h), phi = tanh or ReLU (p.variant).
// Axes: gates [T, B, H], states h [T+1, B, H], R packed [H, H].
// Cost of a step: 2 B H^2 operations; R from L2 once a tile of rows, the states once a tile of units.
#pragma once

#include "elman/elman_cell.cuh"
#include "recurrent/step.cuh"

namespace rnn {

/// a += h R^T, then the cell. Gates: in W x + biases, out h'.
template <class P, class Tile> RNN_DEVICE void elmanForward(const RecurrentStepParams& p)
{
    using Cell = ElmanCell<P::fast>;
    StepProduct<P, Tile, 1> product;
    product.begin(p, Step<P, Tile>::firstRow(), Step<P, Tile>::firstUnit());
    const Step<P, Tile> step(p, false);
    bool active[Tile::items];
    float a[Tile::items][1];
    RNN_UNROLL for (i32 i = 0; i < Tile::items; i++)
    {
        active[i] = step.active(i, step.view.t);
        a[i][0] = active[i] ? (float)step.gates[step.template gateAt<1>(i, 0)] : 0.0f;
    }

    step.multiply(product, step.view.t, a);
    RNN_UNROLL for (i32 i = 0; i < Tile::items; i++)
    {
        if (active[i])
        {
            const float h = p.variant == (i32)ElmanVariant::Relu ? Cell::forwardRelu(a[i][0]) : Cell::forwardTanh(a[i][0]);
            step.gates[step.template gateAt<1>(i, 0)] = h;
            step.leave(i, true, h);
        }
        else if (step.inside(i)) { step.leave(i, false, step.chunk.h()[step.stateAt(i, step.view.before)]); }
    }
}

/// dh = da R of the step processed before, then the cell back: da = phi'(h') (dh + dy). Gates: in h', out da.
template <class P, class Tile> RNN_DEVICE void elmanBackward(const RecurrentStepParams& p)
{
    using Cell = ElmanCell<P::fast>;
    StepProduct<P, Tile, 1> product;
    if (p.step > 0) { product.begin(p, Step<P, Tile>::firstRow(), Step<P, Tile>::firstUnit()); }
    const Step<P, Tile> step(p, true);
    StateGradient<P, Tile> gradient;
    gradient.run(step, product, false);
    RNN_UNROLL for (i32 i = 0; i < Tile::items; i++)
    {
        if (!step.inside(i)) { continue; }
        if (p.step < p.steps && step.active(i, step.view.t))
        {
            const float h = step.gates[step.template gateAt<1>(i, 0)], dh = gradient.withOutput(step, i);
            const float da = p.variant == (i32)ElmanVariant::Relu ? Cell::backwardRelu(h, dh) : Cell::backwardTanh(h, dh);
            step.gates[step.template gateAt<1>(i, 0)] = da;
            step.copyTo(p.to, p.toPitch, i, step.unit, da);
        }
        else
        {
            gradient.keep(step, i, gradient.dh[i][0]);
            if (p.step < p.steps) { step.gates[step.template gateAt<1>(i, 0)] = 0.0f; }
        }
    }
}

}  // namespace rnn
