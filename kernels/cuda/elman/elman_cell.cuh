// src/RnnGpu.Core/Cells/ElmanCell.cs, line by line.
#pragma once

#include "recurrent/cell_math.cuh"

namespace rnn {

template <bool Fast> struct ElmanCell {
    using T = CellMath<Fast>;

    RNN_DEVICE static float forwardTanh(float a) { return T::tanh(a); }
    RNN_DEVICE static float forwardRelu(float a) { return T::relu(a); }
    RNN_DEVICE static float backwardTanh(float h, float dh) { return dh * (1.0f - (h * h)); }
    RNN_DEVICE static float backwardRelu(float h, float dh) { return dh * T::step(h); }
};

}  // namespace rnn
