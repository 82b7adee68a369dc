// Scans over time of cells with a diagonal recurrence (scan_cells.cuh), a thread a lane, that is a unit of a row: the gates' activations, the recurrence and
// the output in one pass over memory, in fp32 whatever the compute mode. A lane's steps run one after another in the order of the CPU backend, so results
// have its bits and depend on neither the other rows nor the grid.
//
// gates: [T, B, G H] pre-activations (SRU without a highway input of its own: [T, B, 4 H]), states, y: [T, B, H], state, initial: [B, H], lengths: [B] int or
// none, resets: [T, B] int or none. Neighbouring threads read neighbouring units. Loads do not wait for the recurrence: those of the next group of steps are
// under way while a group is computed.
// Shared memory: none.
// Cost: bytes against the memory's bandwidth. An element of y costs, forward, 4 bytes for each gate and for y, and for SRU and QRNN in training 4 for the state;
// backward 8 for each gate, 4 for dy and 4 for the state before the step; SRU's highway input 4 more forward, 8 backward. Few lanes leave multiprocessors idle:
// then a step costs a warp its instructions, some 30 an activation, and T steps come one after another.
#pragma once

#include "rnn_abi.h"
#include "scan/scan_cells.cuh"

namespace rnn {

/// Where a lane stands, and its operands.
template <class Cell> struct ScanLane {
    const ScanParams& p;
    i64 lane, row, unit;
    i32 length;
    ScanPeepholes weights;

    RNN_DEVICE explicit ScanLane(const ScanParams& parameters) : p(parameters), lane((i64)blockIdxX() * blockDimX() + threadIdxX()), weights{0.0f, 0.0f}
    {
        row = lane / p.hidden;
        unit = lane - row * p.hidden;
        length = p.steps;
        if (!valid()) { return; }
        if (p.lengths != 0)
        {
            i32 given = global<const i32>(p.lengths)[row];
            length = given < 0 ? 0 : given < length ? given : length;
        }
        if constexpr (Cell::highway)
        {
            weights.v = global<const float>(p.peepholes)[unit];
            weights.w = global<const float>(p.peepholes)[p.hidden + unit];
        }
    }

    RNN_DEVICE bool valid() const { return row < p.batch; }

    /// The n-th step in the order of processing.
    RNN_DEVICE i32 step(i32 n) const { return p.reverse != 0 ? length - 1 - n : n; }

    /// Row of [T, B].
    RNN_DEVICE i64 at(i32 t) const { return (i64)t * p.batch + row; }

    RNN_DEVICE float initial() const
    {
        float s = 0.0f;
        if (p.initial != 0) { s = global<const float>(p.initial)[lane]; }
        return s;
    }

    RNN_DEVICE bool clears(i64 place) const
    {
        i32 reset = 0;
        if (p.resets != 0) { reset = global<const i32>(p.resets)[place]; }
        return reset != 0;
    }

    RNN_DEVICE ScanStep operands(i64 place) const
    {
        Global<const float> gates = global<const float>(p.gates) + place * p.gateStride + unit;
        ScanStep x{gates[0], gates[p.hidden], 0.0f, 0.0f};
        if constexpr (Cell::gates > 2) { x.c = gates[2 * (i64)p.hidden]; }
        if constexpr (Cell::highway) { x.d = global<const float>(p.highway)[place * p.highwayStride + unit]; }
        return x;
    }
};

/// Forward. Outputs behind the row's length are 0.
template <class Cell> RNN_DEVICE void scanForward(const ScanParams& p)
{
    constexpr i32 ahead = Cell::highway ? 4 : 8;
    ScanLane<Cell> lane(p);
    if (!lane.valid()) { return; }
    Global<float> y = global<float>(p.y), states = global<float>(p.states);
    float s = lane.initial();
    ScanStep next[ahead] = {}, now[ahead];
    bool nextClears[ahead] = {}, clears[ahead];
    for (i32 first = -ahead; first < lane.length; first += ahead)
    {
        RNN_UNROLL
        for (i32 k = 0; k < ahead; k++)
        {
            now[k] = next[k];
            clears[k] = nextClears[k];
            i32 n = first + ahead + k;
            if (n < lane.length)
            {
                i64 place = lane.at(lane.step(n));
                next[k] = lane.operands(place);
                nextClears[k] = lane.clears(place);
            }
        }
        RNN_UNROLL
        for (i32 k = 0; k < ahead; k++)
        {
            i32 n = first + k;
            if (n >= 0 && n < lane.length)
            {
                float sNew, output;
                Cell::forward(now[k], lane.weights, clears[k] ? 0.0f : s, sNew, output);
                s = sNew;
                i64 at = lane.at(lane.step(n)) * p.hidden + lane.unit;
                if (!Cell::outputIsState && p.states != 0) { states[at] = sNew; }
                if (p.y != 0) { y[at] = output; }
            }
        }
    }
    global<float>(p.state)[lane.lane] = s;
    if (p.y == 0) { return; }
    for (i32 t = lane.length; t < p.steps; t++) { y[lane.at(t) * p.hidden + lane.unit] = 0.0f; }
}

/// Backward. Gradients behind the row's length are 0.
template <class Cell> RNN_DEVICE void scanBackward(const ScanParams& p)
{
    constexpr i32 ahead = 4;
    ScanLane<Cell> lane(p);
    if (!lane.valid()) { return; }
    Global<float> dGates = global<float>(p.dGates) + lane.unit, dHighway = global<float>(p.dHighway);
    Global<const float> states = global<const float>(p.states), dy = global<const float>(p.y);
    float ds = global<float>(p.state)[lane.lane], sNew = 0.0f, initial = lane.initial();
    if (lane.length > 0) { sNew = states[lane.at(lane.step(lane.length - 1)) * p.hidden + lane.unit]; }
    ScanPeepholes sums{0.0f, 0.0f};
    ScanStep next[ahead] = {}, now[ahead];
    float nextDy[ahead] = {}, nextBefore[ahead] = {}, nowDy[ahead], before[ahead];
    bool nextClears[ahead] = {}, clears[ahead];
    for (i32 first = -ahead; first < lane.length; first += ahead)
    {
        RNN_UNROLL
        for (i32 k = 0; k < ahead; k++)
        {
            now[k] = next[k];
            nowDy[k] = nextDy[k];
            before[k] = nextBefore[k];
            clears[k] = nextClears[k];
            i32 n = lane.length - 1 - (first + ahead + k);
            if (n >= 0)
            {
                i64 place = lane.at(lane.step(n));
                next[k] = lane.operands(place);
                nextClears[k] = lane.clears(place);
                nextDy[k] = 0.0f;
                if (p.y != 0) { nextDy[k] = dy[place * p.hidden + lane.unit]; }
                nextBefore[k] = initial;
                if (n > 0) { nextBefore[k] = states[lane.at(lane.step(n - 1)) * p.hidden + lane.unit]; }
            }
        }
        RNN_UNROLL
        for (i32 k = 0; k < ahead; k++)
        {
            i32 n = lane.length - 1 - (first + k);
            if (first + k >= 0 && n >= 0)
            {
                i64 place = lane.at(lane.step(n));
                ScanStep x = now[k];
                ScanPeepholes weights = lane.weights;
                Cell::backward(x, weights, clears[k] ? 0.0f : before[k], sNew, nowDy[k], ds);
                sNew = before[k];
                if (clears[k]) { ds = 0.0f; }
                Global<float> d = dGates + place * p.gateStride;
                d[0] = x.a;
                d[p.hidden] = x.b;
                if constexpr (Cell::gates > 2) { d[2 * (i64)p.hidden] = x.c; }
                if constexpr (Cell::highway)
                {
                    dHighway[place * p.dHighwayStride + lane.unit] = x.d;
                    sums.v += weights.v;
                    sums.w += weights.w;
                }
            }
        }
    }
    global<float>(p.state)[lane.lane] = ds;
    if constexpr (Cell::highway)
    {
        Global<float> dPeepholes = global<float>(p.dPeepholes) + 2 * lane.row * p.hidden + lane.unit;
        dPeepholes[0] = sums.v;
        dPeepholes[p.hidden] = sums.w;
    }
    for (i32 t = lane.length; t < p.steps; t++)
    {
        i64 place = lane.at(t);
        for (i32 gate = 0; gate < Cell::gates; gate++) { dGates[place * p.gateStride + (i64)gate * p.hidden] = 0.0f; }
        if constexpr (Cell::highway) { dHighway[place * p.dHighwayStride + lane.unit] = 0.0f; }
    }
}

}  // namespace rnn
