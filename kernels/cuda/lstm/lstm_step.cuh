// LSTM (src/RnnGpu.Core/Cells/LstmCell.cs), one step a launch.
// Axes: gates [T, B, 4H] in order i f g o, states h and c [T+1, B, H], R packed [4H, H] forward, [H, 4H] backward.
// Cost of a step: 8 B H^2 operations; R from L2 once a tile of rows, the states once a tile of units.
#pragma once

#include "lstm/lstm_cell.cuh"
#include "recurrent/step.cuh"

namespace rnn {

/// a += h R^T for all gates, then the cell. Gates: in W x + biases, out activated.
template <class P, class Tile, class Product> RNN_DEVICE void lstmForward(const RecurrentStepParams& p, TileAt at, Product& product)
{
    const ForwardStep<P, Tile> step(p, at);
    Global<float> cells = step.chunk.c();
    float a[Tile::items][4], c[Tile::items], held[Tile::items];
    RNN_UNROLL for (i32 i = 0; i < Tile::items; i++)
    {
        RNN_UNROLL for (i32 g = 0; g < 4; g++) { a[i][g] = step.template gate<4>(i, g); }
        const bool zero = !step.inside[i] || (step.active[i] && step.view.reset(step.view.t, step.row(i)));
        c[i] = zero ? 0.0f : (float)cells[step.stateAt(i, step.view.before)];
        held[i] = step.active[i] ? 0.0f : step.entering(i);
    }

    step.multiply(product, step.anyActive(), a);
    RNN_UNROLL for (i32 i = 0; i < Tile::items; i++)
    {
        if (!step.inside[i]) { continue; }
        float cNew = c[i], h = held[i];
        if (step.active[i])
        {
            LstmCell<P::fast>::forward(a[i][0], a[i][1], a[i][2], a[i][3], c[i], cNew, h);
            RNN_UNROLL for (i32 g = 0; g < 4; g++) { step.gates[step.template gateAt<4>(i, g)] = a[i][g]; }
        }

        cells[step.stateAt(i, step.view.after)] = cNew;
        step.leave(i, h);
    }
}

/// dh = dgates R of the step processed before, then the cell back. Gates: in activated, out gradients of the pre-activations.
template <class P, class Tile, class Product> RNN_DEVICE void lstmBackward(const RecurrentStepParams& p, TileAt at, Product& product)
{
    BackwardStep<P, Tile> step(p, at, false);
    Global<float> cells = step.chunk.c(), dcs = step.chunk.dc();
    float a[Tile::items][4], c[Tile::items], cNew[Tile::items], dc[Tile::items];
    RNN_UNROLL for (i32 i = 0; i < Tile::items; i++)
    {
        RNN_UNROLL for (i32 g = 0; g < 4; g++) { a[i][g] = step.template gate<4>(i, g); }
        const bool active = step.active[i];
        cNew[i] = active ? (float)cells[step.stateAt(i, step.view.after)] : 0.0f;
        c[i] = active && !step.view.reset(step.view.t, step.row(i)) ? (float)cells[step.stateAt(i, step.view.before)] : 0.0f;
        dc[i] = active && !step.cut[i] ? (float)dcs[step.rowAt(i)] : 0.0f;
    }

    step.run(product);
    RNN_UNROLL for (i32 i = 0; i < Tile::items; i++)
    {
        if (step.active[i])
        {
            LstmCell<P::fast>::backward(a[i][0], a[i][1], a[i][2], a[i][3], c[i], cNew[i], step.total(i), dc[i]);
            RNN_UNROLL for (i32 g = 0; g < 4; g++)
            {
                step.gates[step.template gateAt<4>(i, g)] = a[i][g];
                step.copyTo(p.to, p.toPitch, i, g * p.hidden + step.unit, a[i][g]);
            }
            dcs[step.rowAt(i)] = dc[i];
        }
        else if (step.inside[i])
        {
            step.template clearGates<4>(i);
            step.keep(i, step.dh[i][0]);
            if (step.cut[i]) { dcs[step.rowAt(i)] = 0.0f; }
        }
    }
}

/// The step forward, for the loops of all strategies.
struct LstmForward {
    static constexpr i32 gates = 4;
    static constexpr bool firstIsEmpty = false;

    template <class P, class Tile, class Product> RNN_DEVICE static void run(const RecurrentStepParams& p, TileAt at, Product& product)
    {
        lstmForward<P, Tile>(p, at, product);
    }
};

/// The step back.
struct LstmBackward {
    static constexpr i32 gates = 1;
    static constexpr bool firstIsEmpty = true;

    template <class P, class Tile, class Product> RNN_DEVICE static void run(const RecurrentStepParams& p, TileAt at, Product& product)
    {
        lstmBackward<P, Tile>(p, at, product);
    }
};

}  // namespace rnn
