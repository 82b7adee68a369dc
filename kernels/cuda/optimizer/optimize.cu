// Update rules over many parameters at once, and the factor that clips their gradients.
#include "device.cuh"
#include "rnn_abi.h"
#include "elementwise/quad.cuh"

namespace rnn {

constexpr u32 updateThreads = linearThreads;
constexpr u32 updateBlock = 4096;    // elements of a block; twin in Optimize.cs

/// The numbers of a slot that a rule needs, and the gradient's factor.
struct Update {
    float scale, rate, decay, rateScale;
};

/// Runs a rule over the block's elements: rule(u, w, g, m, v) for each, with the decay still to be added to g. First and Second say which states the
/// rule has at all; SGD's momentum may still be missing from a slot.
template <bool First, bool Second, class Rule> RNN_DEVICE void updateBlockWith(const OptimizeParams& p, Rule rule)
{
    u32 slotIndex = global<const u32>(p.slotOfBlock)[blockIdxX()];
    Global<const u64> slot = global<const u64>(p.slots) + (sizeof(OptimizerSlot) / 8) * (i64)slotIndex;
    u64 weight = slot[0], gradient = slot[1], first = slot[2], second = slot[3], count = slot[4], firstBlock = slot[5];
    Global<const float> factors = cast<const float>(slot + 6);
    float rateScale = factors[0], decay = factors[1], scale = 1.0f;
    if (p.gradientScale != 0) { scale = global<const float>(p.gradientScale)[0]; }
    Update u{scale, p.learningRate * rateScale, decay, rateScale};
    i64 start = ((i64)blockIdxX() - (i64)firstBlock) * updateBlock;
    i32 length = (i64)count - start < updateBlock ? (i32)((i64)count - start) : (i32)updateBlock;
    bool hasFirst = First && first != 0, aligned = (weight | gradient | first | second) % 16 == 0;
    Global<float> w = global<float>(weight) + start, m = global<float>(first) + start, v = global<float>(second) + start;
    Global<const float> g = global<const float>(gradient) + start;
    for (i32 base = 0; base < length; base += (i32)linearElements)
    {
        i64 i = base + (i32)threadIdxX() * (aligned ? 4 : 1);
        Quad q{i, length, aligned ? 1 : updateThreads, aligned && i + 4 <= length};
        float ws[4], gs[4], ms[4] = {0, 0, 0, 0}, vs[4] = {0, 0, 0, 0};
        load(w, q, ws);
        load(g, q, gs);
        if (hasFirst) { load(m, q, ms); }
        if (Second) { load(v, q, vs); }
        RNN_UNROLL
        for (u32 k = 0; k < 4; k++) { rule(u, hasFirst, ws[k], u.scale * gs[k], ms[k], vs[k]); }
        if (hasFirst) { store(m, q, ms); }
        if (Second) { store(v, q, vs); }
        store(w, q, ws);
    }
}

// SGD: g = scale gradient + decay w; v = mu v + g; w -= rate v, with Nesterov w -= rate (g + mu v); without momentum w -= rate g.
//
// One launch for all slots: their blocks of 4,096 elements are numbered through, slotOfBlock says whose block b is, and both tables stay on the
// device from step to step. Formulas and order of operations of the CPU backend (src/RnnGpu.Cpu/Ops/OptimizerRules.cs): same bits.
// Shared memory: none. Registers: up to 64 (4 blocks an SM), no spills.
// Cost: 12 bytes an element, 20 with momentum, against the memory's bandwidth. Share of that limit on a GPU: not yet measured.
// 63 registers on sm_80, 63 on sm_90; 0 bytes of static shared memory.
RNN_KERNEL(optimize_sgd_f32, OptimizeParams, 256, 4, 0)
{
    updateBlockWith<true, false>(p, [&](const Update& u, bool momentum, float& w, float g, float& m, float&)
    {
        g = fma(u.decay, w, g);
        if (momentum)
        {
            m = fma(p.beta1, m, g);
            g = p.nesterov != 0 ? fma(p.beta1, m, g) : m;
        }
        w = fma(-u.rate, g, w);
    });
}

// RMSprop: g = scale gradient + decay w; v = rho v + (1 - rho) g^2; w -= rate g / (sqrt v + epsilon). Slots, shared memory and
// registers as above. Cost: 20 bytes an element. Share of that limit on a GPU: not yet measured.
// 59 registers on sm_80, 58 on sm_90; 0 bytes of static shared memory.
RNN_KERNEL(optimize_rmsprop_f32, OptimizeParams, 256, 4, 0)
{
    updateBlockWith<false, true>(p, [&](const Update& u, bool, float& w, float g, float&, float& v)
    {
        g = fma(u.decay, w, g);
        v = fma(p.beta2, v, p.rest2 * (g * g));
        w = w - u.rate * g / (sqrt(v) + p.epsilon);
    });
}

// Adam: g = scale gradient + decay w; m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2; w -= rate / (1 - b1^t) m / (sqrt v / sqrt(1 - b2^t) + epsilon).
// AdamW (decoupled): no decay in g, but w shrinks by rate decay. Slots, shared memory and registers as above. Bits as on the CPU for slots whose
// rate is not scaled; else the rate may differ in its last bit, since the correction is divided in before the scale comes in.
// Registers: up to 84 (3 blocks an SM). Cost: 28 bytes an element. Share of that limit on a GPU: not yet measured.
// 77 registers on sm_80, 77 on sm_90; 0 bytes of static shared memory.
RNN_KERNEL(optimize_adam_f32, OptimizeParams, 256, 3, 0)
{
    updateBlockWith<true, true>(p, [&](const Update& u, bool, float& w, float g, float& m, float& v)
    {
        float decay = p.decoupled != 0 ? 0.0f : u.decay, keep = p.decoupled != 0 ? 1.0f - u.rate * u.decay : 1.0f;
        g = fma(decay, w, g);
        m = fma(p.beta1, m, p.rest1 * g);
        v = fma(p.beta2, v, p.rest2 * (g * g));
        w = keep * w - p.correctedRate * u.rateScale * m / fma(sqrt(v), p.rootCorrection, p.epsilon);
    });
}

// y = min(1, maxNorm / (average sqrt(sumOfSquares) + 1e-6)) average; no clipping for an infinite maxNorm.
//
// sumOfSquares, y: one element. One thread. Cost: a launch.
// 13 registers on sm_80, 16 on sm_90; 0 bytes of static shared memory.
RNN_KERNEL(clip_factor_f32, ClipFactorParams, 32, 1, 0)
{
    if (threadIdxX() != 0) { return; }
    float norm = p.average * sqrt(global<const float>(p.sumOfSquares)[0]);
    float factor = p.maxNorm == __builtin_inff() ? 1.0f : min(1.0f, p.maxNorm / (norm + 1e-6f));
    global<float>(p.y)[0] = factor * p.average;
}

}  // namespace rnn
