// src/RnnGpu.Core/Cells/LstmCell.cs, line by line.
#pragma once

#include "recurrent/cell_math.cuh"

namespace rnn {

template <bool Fast> struct LstmCell {
    using T = CellMath<Fast>;

    /// In: pre-activations; out: gates.
    RNN_DEVICE static void forward(float& i, float& f, float& g, float& o, float c, float& cNew, float& hNew)
    {
        i = T::sigmoid(i);
        f = T::sigmoid(f);
        g = T::tanh(g);
        o = T::sigmoid(o);
        cNew = (f * c) + (i * g);
        hNew = o * T::tanh(cNew);
    }

    /// In: gates; out: gradients of their pre-activations. dc: in, of the new cell state but for the part through h; out, of the old one.
    RNN_DEVICE static void backward(float& i, float& f, float& g, float& o, float c, float cNew, float dh, float& dc)
    {
        float t = T::tanh(cNew);
        float dcNew = dc + (dh * o * (1.0f - (t * t)));
        float di = dcNew * g, df = dcNew * c, dg = dcNew * i, dO = dh * t;
        dc = dcNew * f;
        i = di * i * (1.0f - i);
        f = df * f * (1.0f - f);
        g = dg * (1.0f - (g * g));
        o = dO * o * (1.0f - o);
    }
};

}  // namespace rnn
