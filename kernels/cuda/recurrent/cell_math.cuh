// The elementary functions of cells: src/RnnGpu.Core/Cells/ICellNumber.cs.
#pragma once

#include "device.cuh"

namespace rnn {

/// Fast: the approximate ones, absolute error 2^-11, for modes whose factors are no better; else the CPU backend's, bit for bit.
template <bool Fast> struct CellMath {
    RNN_DEVICE static float sigmoid(float x)
    {
        if constexpr (Fast) { return fastSigmoid(x); }
        else { return rnn::sigmoid(x); }
    }

    RNN_DEVICE static float tanh(float x)
    {
        if constexpr (Fast) { return fastTanh(x); }
        else { return rnn::tanh(x); }
    }

    RNN_DEVICE static float relu(float x) { return selectLess(x, 0.0f, 0.0f, x); }

    /// The slope of relu.
    RNN_DEVICE static float step(float x) { return selectLess(0.0f, x, 1.0f, 0.0f); }
};

}  // namespace rnn
