// Elementwise operations on fp32: functions of one and two variables with broadcasting, gradients, scaled sums. Semantics:
// src/RnnGpu.Core/Backend/Ops/Elementwise.cs; formulas and order of operations are the CPU backend's, and so are the bits.
#include "device.cuh"
#include "rnn_abi.h"
#include "elementwise/quad.cuh"
#include "elementwise/walk.cuh"

namespace rnn {

// y[i] = f(x[i]; parameter), the formulas and the order of operations of the CPU backend (src/RnnGpu.Cpu/Ops/UnaryFunctions.cs): same bits.
//
// x, y: [count], y may be x. Four elements a thread; the function is chosen once a thread, the same way for the whole grid.
// Shared memory: none. Registers: up to 40 (6 blocks an SM), no spills.
// Cost: 8 bytes an element against the memory's bandwidth; exp, tanh and sigmoid come near 25 instructions an element, still below
// what the memory needs. Share of that limit on a GPU: not yet measured.
// 31 registers on sm_80, 32 on sm_90; 0 bytes of static shared memory.
RNN_KERNEL(unary_f32, UnaryParams, 256, 6, 0)
{
    Quad q = quadOf(p.count, (p.x | p.y) % 16 == 0);
    float a = p.parameter, v[4];
    load(global<const float>(p.x), q, v);
    switch ((UnaryOp)p.op)
    {
        case UnaryOp::Negate: each(v, [](float x) { return -x; }); break;
        case UnaryOp::Scale: each(v, [=](float x) { return a * x; }); break;
        case UnaryOp::Shift: each(v, [=](float x) { return x + a; }); break;
        case UnaryOp::Sigmoid: each(v, [](float x) { return sigmoid(x); }); break;
        case UnaryOp::Tanh: each(v, [](float x) { return tanh(x); }); break;
        case UnaryOp::Relu: each(v, [](float x) { return x < 0.0f ? 0.0f : x; }); break;
        case UnaryOp::LeakyRelu: each(v, [=](float x) { return 0.0f < x ? x : a * x; }); break;
        case UnaryOp::Step: each(v, [](float x) { return 0.0f < x ? 1.0f : 0.0f; }); break;
        case UnaryOp::Exp: each(v, [](float x) { return exp(x); }); break;
        case UnaryOp::Log: each(v, [](float x) { return log(x); }); break;
        case UnaryOp::Sqrt: each(v, [](float x) { return sqrt(x); }); break;
        case UnaryOp::Square: each(v, [](float x) { return x * x; }); break;
        case UnaryOp::Abs: each(v, [](float x) { return abs(x); }); break;
        case UnaryOp::Clamp: each(v, [=](float x) { return min(max(x, -a), a); }); break;
    }
    store(global<float>(p.y), q, v);
}

// dx[i] = dy[i] f'(x[i]), or += with accumulate. x or y is 0 where f' is computed from the other.
//
// x, y, dy, dx: [count], dx may be dy. As unary_f32. Cost: 12 to 20 bytes an element. Share of that limit on a GPU: not yet measured.
// 31 registers on sm_80, 32 on sm_90; 0 bytes of static shared memory.
RNN_KERNEL(unary_backward_f32, UnaryBackwardParams, 256, 6, 0)
{
    Quad q = quadOf(p.count, (p.x | p.y | p.dy | p.dx) % 16 == 0);
    float a = p.parameter, x[4] = {0, 0, 0, 0}, y[4] = {0, 0, 0, 0}, g[4];
    if (p.x != 0) { load(global<const float>(p.x), q, x); }
    if (p.y != 0) { load(global<const float>(p.y), q, y); }
    load(global<const float>(p.dy), q, g);
    RNN_UNROLL
    for (u32 k = 0; k < 4; k++)
    {
        switch ((UnaryOp)p.op)
        {
            case UnaryOp::Negate: g[k] = -g[k]; break;
            case UnaryOp::Scale: g[k] = a * g[k]; break;
            case UnaryOp::Shift: break;
            case UnaryOp::Sigmoid: g[k] = g[k] * (y[k] * (1.0f - y[k])); break;
            case UnaryOp::Tanh: g[k] = g[k] * (1.0f - y[k] * y[k]); break;
            case UnaryOp::Relu: g[k] = 0.0f < x[k] ? g[k] : 0.0f; break;
            case UnaryOp::LeakyRelu: g[k] = 0.0f < x[k] ? g[k] : a * g[k]; break;
            case UnaryOp::Step: g[k] = 0.0f; break;
            case UnaryOp::Exp: g[k] = g[k] * y[k]; break;
            case UnaryOp::Log: g[k] = g[k] / x[k]; break;
            case UnaryOp::Sqrt: g[k] = g[k] / (y[k] + y[k]); break;
            case UnaryOp::Square: g[k] = g[k] * (x[k] + x[k]); break;
            case UnaryOp::Abs: g[k] = 0.0f < x[k] ? g[k] : x[k] < 0.0f ? -g[k] : 0.0f; break;
            case UnaryOp::Clamp: g[k] = a < abs(x[k]) ? 0.0f : g[k]; break;
        }
    }
    Global<float> dx = global<float>(p.dx);
    if (p.accumulate != 0)
    {
        float old[4];
        load(dx, q, old);
        RNN_UNROLL
        for (u32 k = 0; k < 4; k++) { g[k] = old[k] + g[k]; }
    }
    store(dx, q, g);
}

RNN_DEVICE float apply(BinaryOp op, float a, float b)
{
    switch (op)
    {
        case BinaryOp::Add: return a + b;
        case BinaryOp::Subtract: return a - b;
        case BinaryOp::Multiply: return a * b;
        case BinaryOp::Divide: return a / b;
        case BinaryOp::Maximum: return max(a, b);
        case BinaryOp::Minimum: return min(a, b);
    }
    return 0.0f;
}

/// A source whose step is 1, or 0: one element, repeated.
RNN_DEVICE void loadStepped(u64 address, i32 step, const Quad& q, float (&v)[4])
{
    Global<const float> p = global<const float>(address);
    if (step != 0)
    {
        load(p, q, v);
        return;
    }
    float one = p[0];
    each(v, [=](float) { return one; });
}

// y[i] = op(a[i], b[i]), where a or b may be a single element. One rounding.
//
// a, b: [count] or one element; y: [count], may be a source of its own length. Four elements a thread.
// Shared memory: none. Registers: up to 40 (6 blocks an SM), no spills.
// Cost: 8 or 12 bytes an element against the memory's bandwidth. Share of that limit on a GPU: not yet measured.
// 28 registers on sm_80, 28 on sm_90; 0 bytes of static shared memory.
RNN_KERNEL(binary_f32, BinaryParams, 256, 6, 0)
{
    bool aligned = ((p.stepA != 0 ? p.a : 0) | (p.stepB != 0 ? p.b : 0) | p.y) % 16 == 0;
    Quad q = quadOf(p.count, aligned);
    float a[4], b[4];
    loadStepped(p.a, p.stepA, q, a);
    loadStepped(p.b, p.stepB, q, b);
    RNN_UNROLL
    for (u32 k = 0; k < 4; k++) { a[k] = apply((BinaryOp)p.op, a[k], b[k]); }
    store(global<float>(p.y), q, a);
}

// The same over any shapes that broadcast: y[i] = op(a[place of i], b[place of i]), a step of 0 along an axis that a source repeats.
//
// Axes are merged on the host, so a bias added to rows has two. Four elements a thread, a block's width apart: neighbouring threads take
// neighbouring elements of y. Shared memory: none. Registers: up to 40 (6 blocks an SM), no spills.
// Cost: 8 to 12 bytes an element against the memory's bandwidth, sources that repeat coming from the caches; about 8 instructions an
// element and axis. Share of that limit on a GPU: not yet measured.
// 32 registers on sm_80, 32 on sm_90; 0 bytes of static shared memory.
RNN_KERNEL(binary_broadcast_f32, BinaryBroadcastParams, 256, 6, 0)
{
    Global<const float> a = global<const float>(p.a), b = global<const float>(p.b);
    Global<float> y = global<float>(p.y);
    u32 first = blockIdxX() * linearElements + threadIdxX();
    float left[4], right[4];
    RNN_UNROLL
    for (u32 k = 0; k < 4; k++)
    {
        u32 i = first + k * linearThreads;
        left[k] = right[k] = 0.0f;
        if (i < p.count)
        {
            WalkPlace at = placeOf(p.axes, p.rank, i);
            left[k] = a[at.a];
            right[k] = b[at.b];
        }
    }
    RNN_UNROLL
    for (u32 k = 0; k < 4; k++)
    {
        u32 i = first + k * linearThreads;
        if (i < p.count) { y[i] = apply((BinaryOp)p.op, left[k], right[k]); }
    }
}

// y[i] = alpha x[i] + beta y[i], the product with alpha fused into the sum. With beta 0 the old y is not read.
//
// x, y: [count], y may be x. Four elements a thread. Shared memory: none. Registers: up to 32 (8 blocks an SM), no spills.
// Cost: 12 bytes an element (8 with beta 0) against the memory's bandwidth. Share of that limit on a GPU: not yet measured.
// 24 registers on sm_80, 25 on sm_90; 0 bytes of static shared memory.
RNN_KERNEL(add_scaled_f32, AddScaledParams, 256, 8, 0)
{
    Quad q = quadOf(p.count, (p.x | p.y) % 16 == 0);
    Global<float> y = global<float>(p.y);
    float v[4], old[4];
    load(global<const float>(p.x), q, v);
    if (p.beta == 0.0f) { each(v, [&](float x) { return p.alpha * x; }); }
    else
    {
        load(y, q, old);
        RNN_UNROLL
        for (u32 k = 0; k < 4; k++) { v[k] = fma(p.alpha, v[k], p.beta * old[k]); }
    }
    store(y, q, v);
}

}  // namespace rnn
