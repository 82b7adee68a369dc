// Elementwise operations on fp32: fill, functions of one and two variables, scaled sums. Semantics: src/RnnGpu.Core/Backend/Ops/Elementwise.cs;
// the functions themselves are those of device/math.cuh, the same bits as the CPU backend's.
//
// All: any grid of 256-thread blocks over x; threads walk the elements with the grid's stride. No shared memory. Cost model: bytes read and
// written over the memory bandwidth; each kernel is one pass. Not measured yet.
#include "device.cuh"
#include "rnn_abi.h"

namespace rnn {

namespace {

RNN_DEVICE i64 firstElement() { return (i64)blockIdxX() * blockDimX() + threadIdxX(); }
RNN_DEVICE i64 stride() { return (i64)gridDimX() * blockDimX(); }

RNN_DEVICE float unary(UnaryOp op, float x, float p)
{
    switch (op)
    {
        case UnaryOp::Negate: return -x;
        case UnaryOp::Scale: return p * x;
        case UnaryOp::Shift: return x + p;
        case UnaryOp::Sigmoid: return sigmoid(x);
        case UnaryOp::Tanh: return tanh(x);
        case UnaryOp::Relu: return selectLess(x, 0.0f, 0.0f, x);
        case UnaryOp::LeakyRelu: return selectLess(0.0f, x, x, p * x);
        case UnaryOp::Step: return selectLess(0.0f, x, 1.0f, 0.0f);
        case UnaryOp::Exp: return exp(x);
        case UnaryOp::Log: return log(x);
        case UnaryOp::Sqrt: return sqrt(x);
        case UnaryOp::Square: return x * x;
        case UnaryOp::Abs: return abs(x);
        default: return min(max(x, -p), p);
    }
}

RNN_DEVICE float unaryGradient(UnaryOp op, float x, float y, float p, float dy)
{
    switch (op)
    {
        case UnaryOp::Negate: return -dy;
        case UnaryOp::Scale: return p * dy;
        case UnaryOp::Shift: return dy;
        case UnaryOp::Sigmoid: return dy * (y * (1.0f - y));
        case UnaryOp::Tanh: return dy * (1.0f - y * y);
        case UnaryOp::Relu: return selectLess(0.0f, x, dy, 0.0f);
        case UnaryOp::LeakyRelu: return selectLess(0.0f, x, dy, p * dy);
        case UnaryOp::Step: return 0.0f;
        case UnaryOp::Exp: return dy * y;
        case UnaryOp::Log: return dy / x;
        case UnaryOp::Sqrt: return dy / (y + y);
        case UnaryOp::Square: return dy * (x + x);
        case UnaryOp::Abs: return selectLess(0.0f, x, dy, selectLess(x, 0.0f, -dy, 0.0f));
        default: return selectLess(p, abs(x), 0.0f, dy);
    }
}

RNN_DEVICE float binary(BinaryOp op, float a, float b)
{
    switch (op)
    {
        case BinaryOp::Add: return a + b;
        case BinaryOp::Subtract: return a - b;
        case BinaryOp::Multiply: return a * b;
        case BinaryOp::Divide: return a / b;
        case BinaryOp::Maximum: return max(a, b);
        default: return min(a, b);
    }
}

}  // namespace

// y[i] = value, i < count.  y: [count].
RNN_KERNEL(fill_f32, FillParams, 256, 8, 0)
{
    Global<float> y = global<float>(p.y);
    for (i64 i = firstElement(); i < p.count; i += stride()) { y[i] = p.value; }
}

// y[i] = op(x[i]; parameter), i < count.  x, y: [count], y may be x.
RNN_KERNEL(unary_f32, UnaryParams, 256, 8, 0)
{
    Global<const float> x = global<const float>(p.x);
    Global<float> y = global<float>(p.y);
    for (i64 i = firstElement(); i < p.count; i += stride()) { y[i] = unary((UnaryOp)p.op, x[i], p.parameter); }
}

// dx[i] = dy[i] op'(x[i]) or dx[i] += ..., i < count.  x, y, dy, dx: [count], dx may be dy.
RNN_KERNEL(unary_backward_f32, UnaryBackwardParams, 256, 8, 0)
{
    Global<const float> x = global<const float>(p.x), y = global<const float>(p.y), dy = global<const float>(p.dy);
    Global<float> dx = global<float>(p.dx);
    for (i64 i = firstElement(); i < p.count; i += stride())
    {
        float g = unaryGradient((UnaryOp)p.op, x[i], y[i], p.parameter, dy[i]);
        if (p.accumulate != 0) { g += dx[i]; }
        dx[i] = g;
    }
}

// y[i] = op(a[i mod aPeriod], b[i mod bPeriod]), i < count.  a: [aPeriod], b: [bPeriod], y: [count]; y may be a source of its own length.
RNN_KERNEL(binary_f32, BinaryParams, 256, 8, 0)
{
    Global<const float> a = global<const float>(p.a), b = global<const float>(p.b);
    Global<float> y = global<float>(p.y);
    for (i64 i = firstElement(); i < p.count; i += stride())
    {
        float u = a[p.aPeriod == p.count ? i : i % p.aPeriod], v = b[p.bPeriod == p.count ? i : i % p.bPeriod];
        y[i] = binary((BinaryOp)p.op, u, v);
    }
}

// y[i] = alpha x[i] + beta y[i], i < count; with beta 0 the old y is not read.  x, y: [count].
RNN_KERNEL(add_scaled_f32, AddScaledParams, 256, 8, 0)
{
    Global<const float> x = global<const float>(p.x);
    Global<float> y = global<float>(p.y);
    for (i64 i = firstElement(); i < p.count; i += stride())
    {
        if (p.beta == 0.0f) { y[i] = p.alpha * x[i]; }
        else { y[i] = fma(p.alpha, x[i], p.beta * y[i]); }
    }
}

}  // namespace rnn
