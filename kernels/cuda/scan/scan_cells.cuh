// The cells of src/RnnGpu.Core/Cells with a diagonal recurrence, line by line: DiagonalCell, MinGruCell, MinLstmCell, SruCell, QrnnCell, MinimalCandidate.
#pragma once

#include "device.cuh"

namespace rnn {

/// A unit's operands at a step: pre-activations a b c, highway input d; backward, their gradients.
struct ScanStep { float a, b, c, d; };

/// Weights of the state in the gates b and c; backward, their gradients.
struct ScanPeepholes { float v, w; };

RNN_DEVICE float minimalSigmoid(float x)
{
    float positive = selectLess(-x, 0.0f, 0.0f, -x);
    return sigmoid(-positive);
}

RNN_DEVICE float minimalCandidate(float x) { return selectLess(x, 0.0f, 0.0f, x) + minimalSigmoid(x); }

RNN_DEVICE float minimalCandidate(float x, float& slope)
{
    float s = minimalSigmoid(x), below = selectLess(0.0f, -x, 1.0f, 0.0f);
    slope = 1.0f + (below * ((s * (1.0f - s)) - 1.0f));
    return selectLess(x, 0.0f, 0.0f, x) + s;
}

struct DiagonalScan {
    static constexpr i32 gates = 2;
    static constexpr bool outputIsState = true, highway = false;

    RNN_DEVICE static void forward(const ScanStep& x, const ScanPeepholes&, float h, float& hNew, float& y)
    {
        hNew = (x.a * h) + x.b;
        y = hNew;
    }

    RNN_DEVICE static void backward(ScanStep& x, ScanPeepholes&, float h, float, float dy, float& dh)
    {
        float dhNew = dh + dy;
        dh = dhNew * x.a;
        x.a = dhNew * h;
        x.b = dhNew;
    }
};

struct MinGruScan {
    static constexpr i32 gates = 2;
    static constexpr bool outputIsState = true, highway = false;

    RNN_DEVICE static void forward(const ScanStep& x, const ScanPeepholes&, float h, float& hNew, float& y)
    {
        float z = sigmoid(x.a), g = minimalCandidate(x.b);
        hNew = h + (z * (g - h));
        y = hNew;
    }

    RNN_DEVICE static void backward(ScanStep& x, ScanPeepholes&, float h, float, float dy, float& dh)
    {
        float slope, z = sigmoid(x.a), g = minimalCandidate(x.b, slope);
        dh += dy;
        float dz = dh * (g - h), dg = dh * z;
        dh *= 1.0f - z;
        x.a = dz * z * (1.0f - z);
        x.b = dg * slope;
    }
};

struct MinLstmScan {
    static constexpr i32 gates = 3;
    static constexpr bool outputIsState = true, highway = false;

    RNN_DEVICE static void forward(const ScanStep& x, const ScanPeepholes&, float h, float& hNew, float& y)
    {
        float f = sigmoid(x.a), i = sigmoid(x.b), g = minimalCandidate(x.c);
        hNew = g + (f / (f + i) * (h - g));
        y = hNew;
    }

    RNN_DEVICE static void backward(ScanStep& x, ScanPeepholes&, float h, float, float dy, float& dh)
    {
        float slope, f = sigmoid(x.a), i = sigmoid(x.b), g = minimalCandidate(x.c, slope);
        dh += dy;
        float n = f / (f + i), rest = 1.0f - n;
        float dn = dh * (h - g) * n * rest;
        x.c = dh * rest * slope;
        dh *= n;
        x.a = dn * (1.0f - f);
        x.b = dn * (i - 1.0f);
    }
};

struct SruScan {
    static constexpr i32 gates = 3;
    static constexpr bool outputIsState = false, highway = true;

    RNN_DEVICE static void forward(const ScanStep& x, const ScanPeepholes& p, float c, float& cNew, float& h)
    {
        float f = sigmoid(x.b + (p.v * c)), r = sigmoid(x.c + (p.w * c));
        cNew = x.a + (f * (c - x.a));
        h = x.d + (r * (cNew - x.d));
    }

    RNN_DEVICE static void backward(ScanStep& x, ScanPeepholes& p, float c, float cNew, float dh, float& dc)
    {
        float f = sigmoid(x.b + (p.v * c)), r = sigmoid(x.c + (p.w * c));
        float dcNew = dc + (dh * r);
        float da = dcNew * (c - x.a) * f * (1.0f - f), dr = dh * (cNew - x.d) * r * (1.0f - r);
        x.d = dh * (1.0f - r);
        x.a = dcNew * (1.0f - f);
        dc = (dcNew * f) + (da * p.v) + (dr * p.w);
        x.b = da;
        x.c = dr;
        p.v = da * c;
        p.w = dr * c;
    }
};

struct QrnnScan {
    static constexpr i32 gates = 3;
    static constexpr bool outputIsState = false, highway = false;

    RNN_DEVICE static void forward(const ScanStep& x, const ScanPeepholes&, float c, float& cNew, float& h)
    {
        float z = tanh(x.a);
        cNew = z + (sigmoid(x.b) * (c - z));
        h = sigmoid(x.c) * cNew;
    }

    RNN_DEVICE static void backward(ScanStep& x, ScanPeepholes&, float c, float cNew, float dh, float& dc)
    {
        float z = tanh(x.a), f = sigmoid(x.b), o = sigmoid(x.c);
        float dcNew = dc + (dh * o), dz = dcNew * (1.0f - f);
        dc = dcNew * f;
        x.b = dcNew * (c - z) * f * (1.0f - f);
        x.c = dh * cNew * o * (1.0f - o);
        x.a = dz * (1.0f - (z * z));
    }
};

}  // namespace rnn
