// LSTM (src/RnnGpu.Core/Cells/LstmCell.cs), one step a launch.
// Axes: gates [T, B, 4H] in order i f g o, states h and c [T+1, B, H], R packed [4H, H] forward, [H, 4H] backward.
// Cost of a step: 8 B H^2 operations; R from L2 once a tile of rows, the states once a tile of units.
#pragma once

#include "lstm/lstm_cell.cuh"
#include "recurrent/step.cuh"

namespace rnn {

/// a += h R^T for all gates, then the cell. Gates: in W x + biases, out activated.
template <class P, class Tile> RNN_DEVICE void lstmForward(const RecurrentStepParams& p)
{
    StepProduct<P, Tile, 4> product;
    product.begin(p, Step<P, Tile>::firstRow(), Step<P, Tile>::firstUnit());
    const Step<P, Tile> step(p, false);
    Global<float> cells = step.chunk.c();
    bool active[Tile::items];
    float a[Tile::items][4], c[Tile::items];
    RNN_UNROLL for (i32 i = 0; i < Tile::items; i++)
    {
        active[i] = step.active(i, step.view.t);
        RNN_UNROLL for (i32 g = 0; g < 4; g++) { a[i][g] = active[i] ? (float)step.gates[step.template gateAt<4>(i, g)] : 0.0f; }
        const bool zero = !step.inside(i) || (active[i] && step.view.reset(step.view.t, step.row(i)));
        c[i] = zero ? 0.0f : (float)cells[step.stateAt(i, step.view.before)];
    }

    step.multiply(product, step.view.t, a);
    RNN_UNROLL for (i32 i = 0; i < Tile::items; i++)
    {
        if (active[i])
        {
            float cNew, hNew;
            LstmCell<P::fast>::forward(a[i][0], a[i][1], a[i][2], a[i][3], c[i], cNew, hNew);
            RNN_UNROLL for (i32 g = 0; g < 4; g++) { step.gates[step.template gateAt<4>(i, g)] = a[i][g]; }
            cells[step.stateAt(i, step.view.after)] = cNew;
            step.leave(i, true, hNew);
        }
        else if (step.inside(i))
        {
            cells[step.stateAt(i, step.view.after)] = c[i];
            step.leave(i, false, step.chunk.h()[step.stateAt(i, step.view.before)]);
        }
    }
}

/// dh = dgates R of the step processed before, then the cell back. Gates: in activated, out gradients of the pre-activations.
template <class P, class Tile> RNN_DEVICE void lstmBackward(const RecurrentStepParams& p)
{
    StepProduct<P, Tile, 1> product;
    if (p.step > 0) { product.begin(p, Step<P, Tile>::firstRow(), Step<P, Tile>::firstUnit()); }
    const Step<P, Tile> step(p, true);
    StateGradient<P, Tile> gradient;
    gradient.run(step, product, false);
    Global<float> cells = step.chunk.c(), dcs = step.chunk.dc();
    RNN_UNROLL for (i32 i = 0; i < Tile::items; i++)
    {
        if (!step.inside(i)) { continue; }
        const i64 at = (i64)step.row(i) * p.hidden + step.unit;
        if (p.step < p.steps && step.active(i, step.view.t))
        {
            float a[4];
            RNN_UNROLL for (i32 g = 0; g < 4; g++) { a[g] = step.gates[step.template gateAt<4>(i, g)]; }
            const float cNew = cells[step.stateAt(i, step.view.after)];
            const float c = step.view.reset(step.view.t, step.row(i)) ? 0.0f : (float)cells[step.stateAt(i, step.view.before)];
            float dc = gradient.reset[i] ? 0.0f : (float)dcs[at];
            LstmCell<P::fast>::backward(a[0], a[1], a[2], a[3], c, cNew, gradient.withOutput(step, i), dc);
            RNN_UNROLL for (i32 g = 0; g < 4; g++)
            {
                step.gates[step.template gateAt<4>(i, g)] = a[g];
                step.copyTo(p.to, p.toPitch, i, g * p.hidden + step.unit, a[g]);
            }
            dcs[at] = dc;
        }
        else
        {
            gradient.keep(step, i, gradient.dh[i][0]);
            if (gradient.reset[i]) { dcs[at] = 0.0f; }
            if (p.step < p.steps)
            {
                RNN_UNROLL for (i32 g = 0; g < 4; g++) { step.gates[step.template gateAt<4>(i, g)] = 0.0f; }
            }
        }
    }
}

}  // namespace rnn
