// Largest elements over time of sequences of unequal lengths.
#include "device.cuh"
#include "rnn_abi.h"

namespace rnn {

// y[b, f] = largest x[t, b, f] over t < lengths[b], of equals the first, a NaN before any number; steps[b, f] = its step. 0 and -1 where there is none.
//
// x: [time, rows, columns], lengths: [rows] int or none, y: [rows, columns], steps: [rows, columns] int. A thread an element of y, so that
// neighbours read neighbouring addresses at every step; four steps are loaded before they are compared.
// Shared memory: none. Registers: up to 32 (8 blocks an SM), no spills.
// Cost: 4 bytes an element of x against the memory's bandwidth; few rows and columns leave SMs idle, then time trips to memory / 4.
// Share of that limit on a GPU: not yet measured.
// 32 registers on sm_80, 32 on sm_90; 0 bytes of static shared memory.
RNN_KERNEL(max_over_time_f32, MaxOverTimeParams, 256, 8, 0)
{
    i64 i = (i64)blockIdxX() * blockDimX() + threadIdxX(), stride = p.rows * p.columns;
    if (i >= stride) { return; }
    i64 length = p.time;
    if (p.lengths != 0)
    {
        i64 given = global<const i32>(p.lengths)[i / p.columns];
        length = given < length ? given : length;
    }
    float best = 0.0f;
    i32 step = -1;
    for (i64 t = 0; t < length; t += 4)
    {
        Global<const float> x = global<const float>(p.x) + i + t * stride;
        float v[4];
        RNN_UNROLL
        for (i64 k = 0; k < 4; k++)
        {
            v[k] = 0.0f;
            if (t + k < length) { v[k] = x[k * stride]; }
        }
        RNN_UNROLL
        for (i64 k = 0; k < 4; k++)
        {
            bool larger = step < 0 || (!(v[k] <= best) && best == best);
            if (t + k < length && larger)
            {
                best = v[k];
                step = (i32)(t + k);
            }
        }
    }
    global<float>(p.y)[i] = best;
    global<i32>(p.steps)[i] = step;
}

// Its gradient: x[t, b, f] = y[b, f] where t = steps[b, f], else 0.
//
// x: [time, rows, columns], assigned; y, steps: [rows, columns]. A thread an element of x. Grid: (elements of y / 256) x (steps), steps beyond the
// grid's 65,535 taken in turns. Shared memory: none. Registers: up to 32, no spills.
// Cost: 4 bytes an element of x against the memory's bandwidth, y and steps from L2. Share of that limit on a GPU: not yet measured.
// 22 registers on sm_80, 20 on sm_90; 0 bytes of static shared memory.
RNN_KERNEL(max_over_time_backward_f32, MaxOverTimeParams, 256, 8, 0)
{
    i64 i = (i64)blockIdxX() * blockDimX() + threadIdxX(), stride = p.rows * p.columns;
    if (i >= stride) { return; }
    float y = global<const float>(p.y)[i];
    i64 step = global<const i32>(p.steps)[i];
    Global<float> x = global<float>(p.x) + i;
    for (i64 t = blockIdxY(); t < p.time; t += gridDimY()) { x[t * stride] = t == step ? y : 0.0f; }
}

}  // namespace rnn
