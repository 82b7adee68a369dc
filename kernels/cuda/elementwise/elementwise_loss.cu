// Losses that compare element by element.
#include "device.cuh"
#include "rnn_abi.h"
#include "elementwise/quad.cuh"

namespace rnn {

RNN_DEVICE float lossOf(ElementLoss kind, float x, float t)
{
    if (kind == ElementLoss::SquaredError) { return (x - t) * (x - t); }
    if (kind == ElementLoss::AbsoluteError) { return abs(x - t); }
    return (x < 0.0f ? 0.0f : x) - x * t + logOnePlus(expOfNonPositive(-abs(x)));
}

RNN_DEVICE float slopeOf(ElementLoss kind, float x, float t)
{
    if (kind == ElementLoss::SquaredError) { return (x - t) + (x - t); }
    if (kind == ElementLoss::AbsoluteError) { return t < x ? 1.0f : x < t ? -1.0f : 0.0f; }
    return sigmoid(x) - t;
}

// loss[i] = w[i] l(x[i], t[i]) and, where there is dx, dx[i] = scale w[i] l'(x[i], t[i]): the formulas of the CPU backend, same bits.
//
// x, targets, loss: [count]; weights: [count] or none (1); scale: one element; dx: [count], may be x, or none. Four elements a thread.
// Shared memory: none. Registers: up to 40 (6 blocks an SM), no spills.
// Cost: 12 to 20 bytes an element against the memory's bandwidth. Share of that limit on a GPU: not yet measured.
// 37 registers on sm_80, 37 on sm_90; 0 bytes of static shared memory.
RNN_KERNEL(elementwise_loss_f32, ElementwiseLossParams, 256, 6, 0)
{
    Quad q = quadOf(p.count, (p.x | p.targets | p.weights | p.loss | p.dx) % 16 == 0);
    float x[4], t[4], w[4] = {1.0f, 1.0f, 1.0f, 1.0f}, v[4];
    load(global<const float>(p.x), q, x);
    load(global<const float>(p.targets), q, t);
    if (p.weights != 0) { load(global<const float>(p.weights), q, w); }
    RNN_UNROLL
    for (u32 k = 0; k < 4; k++) { v[k] = w[k] * lossOf((ElementLoss)p.kind, x[k], t[k]); }
    store(global<float>(p.loss), q, v);
    if (p.dx == 0) { return; }
    float scale = global<const float>(p.scale)[0];
    RNN_UNROLL
    for (u32 k = 0; k < 4; k++) { v[k] = scale * w[k] * slopeOf((ElementLoss)p.kind, x[k], t[k]); }
    store(global<float>(p.dx), q, v);
}

}  // namespace rnn
