// src/RnnGpu.Core/Cells/GruResetAfterCell.cs and GruResetBeforeCell.cs, line by line.
#pragma once

#include "recurrent/cell_math.cuh"

namespace rnn {

template <bool Fast> struct GruResetAfterCell {
    using T = CellMath<Fast>;

    RNN_DEVICE static void forward(float& r, float& z, float& n, float q, float h, float& hNew)
    {
        r = T::sigmoid(r);
        z = T::sigmoid(z);
        n = T::tanh(n + (r * q));
        hNew = n + (z * (h - n));
    }

    RNN_DEVICE static void backward(float& r, float& z, float& n, float& q, float h, float dhNew, float& dh)
    {
        float dn = dhNew * (1.0f - z) * (1.0f - (n * n));
        float dz = dhNew * (h - n) * z * (1.0f - z);
        float dr = dn * q * r * (1.0f - r);
        dh = dhNew * z;
        q = dn * r;
        r = dr;
        z = dz;
        n = dn;
    }
};

template <bool Fast> struct GruResetBeforeCell {
    using T = CellMath<Fast>;

    RNN_DEVICE static void forwardGates(float& r, float& z, float h, float& p)
    {
        r = T::sigmoid(r);
        z = T::sigmoid(z);
        p = r * h;
    }

    RNN_DEVICE static void forwardState(float z, float& n, float h, float& hNew)
    {
        n = T::tanh(n);
        hNew = n + (z * (h - n));
    }

    RNN_DEVICE static void backwardState(float& z, float& n, float h, float dhNew, float& dh)
    {
        float dn = dhNew * (1.0f - z) * (1.0f - (n * n));
        float dz = dhNew * (h - n) * z * (1.0f - z);
        dh = dhNew * z;
        z = dz;
        n = dn;
    }

    RNN_DEVICE static void backwardGates(float& r, float h, float dp, float& dh)
    {
        dh = dh + (dp * r);
        r = dp * h * r * (1.0f - r);
    }
};

}  // namespace rnn
