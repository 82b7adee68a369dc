// The persistent strategy: one launch runs all steps of a chunk. A block keeps the weights of its tiles of units in shared memory and owns some
// tiles of rows; after its part of a step it counts itself into the arrivals of each tile of rows, and the blocks that share those rows wait for the
// count before they read the state of the next step. Several tiles of rows a block hide one another's waiting.
//
// Grid (cooperative where more than one block shares rows): x over unitTiles tiles of units a block, y over rowTiles tiles of rows.
// Shared memory: residentSharedBytes. Cost of a step: the state of a block's rows from L2, the weights from shared memory, one exchange.
//
// Waiting cannot deadlock: a cooperative launch has all blocks on the device, and a block waits only for parts of the step before, which no
// block's present wait holds up. Two copies of the state suffice: who writes the next one has seen all blocks arrive that read its last use.
#pragma once

#include "recurrent/resident_product.cuh"
#include "recurrent/step.cuh"

namespace rnn {

/// One phase of a step over all tiles of the block.
template <class Cell, class P, class Tile> RNN_DEVICE void loopPhase(const RecurrentLoopParams& p, const RecurrentPhase& phase, i32 step, u32 round)
{
    constexpr i32 columns = Tile::units * Cell::gates;
    const bool odd = step % 2 != 0;
    RecurrentStepParams q;
    q.chunk = p.chunk;
    q.weights = phase.weights;
    q.from = odd ? phase.fromOdd : phase.fromEven;
    q.to = odd ? phase.toOdd : phase.toEven;
    q.second = p.second;
    q.batch = p.batch;
    q.hidden = p.hidden;
    q.steps = p.steps;
    q.step = step;
    q.depth = phase.depth;
    q.pitch = phase.pitch;
    q.toPitch = phase.toPitch;
    q.secondPitch = p.secondPitch;
    q.variant = p.variant;

    Resident resident = {phase.residentAt, p.ringAt, phase.pitch / stepSlab, phase.groupSlabs};
    const u32 awaited = p.unitBlocks > 1 ? round * (u32)p.unitBlocks : 0;
    RNN_ROLLED for (i32 r = 0; r < p.rowTiles; r++)
    {
        const i32 rowTile = (i32)blockIdxY() * p.rowTiles + r;
        TileAt at = {rowTile * Tile::rows, 0};
        if (at.row >= p.batch) { break; }
        Global<u32> arrivals = global<u32>(p.arrivals) + rowTile;
        RNN_ROLLED for (i32 u = 0; u < p.unitTiles; u++)
        {
            at.unit = ((i32)blockIdxX() * p.unitTiles + u) * Tile::units;
            if (at.unit >= p.hidden) { break; }
            resident.weights = phase.residentAt + u * resident.slabs * columns * stepPitch;
            ResidentProduct<P, Tile, Cell::gates> product(q, at, resident, arrivals, awaited);
            Cell::template run<P, Tile>(q, at, product);
        }

        syncBlock();
        if (p.unitBlocks > 1 && threadRank() == 0) { atomicAdd<Order::Release, Scope::Device>(arrivals, 1u); }
    }
}

/// Brings a phase's weights into shared memory.
template <class Cell, class Tile> RNN_DEVICE void loadPhase(const RecurrentLoopParams& p, const RecurrentPhase& phase)
{
    Resident resident = {phase.residentAt, p.ringAt, phase.pitch / stepSlab, phase.groupSlabs};
    RNN_ROLLED for (i32 u = 0; u < p.unitTiles; u++)
    {
        const i32 unit = ((i32)blockIdxX() * p.unitTiles + u) * Tile::units;
        if (unit >= p.hidden) { break; }
        loadResident<Tile, Cell::gates>(phase.weights, phase.pitch, unit, resident);
        resident.weights += resident.slabs * Tile::units * Cell::gates * stepPitch;
    }
}

/// The loop of a cell with one product a step.
template <class Cell, class P, class Tile> RNN_DEVICE void persistent(const RecurrentLoopParams& p)
{
    loadPhase<Cell, Tile>(p, p.first);
    commitAsync();
    waitAsync<0>();
    syncBlock();
    RNN_ROLLED for (i32 step = 0; step < p.loops; step++) { loopPhase<Cell, P, Tile>(p, p.first, step, (u32)step); }
}

/// The loop of a cell with two products a step, the second over what the first one left.
template <class First, class Next, class P, class Tile> RNN_DEVICE void persistentPair(const RecurrentLoopParams& p)
{
    loadPhase<First, Tile>(p, p.first);
    loadPhase<Next, Tile>(p, p.next);
    commitAsync();
    waitAsync<0>();
    syncBlock();
    RNN_ROLLED for (i32 step = 0; step < p.loops; step++)
    {
        loopPhase<First, P, Tile>(p, p.first, step, 2 * (u32)step);
        if (step < p.steps) { loopPhase<Next, P, Tile>(p, p.next, step, 2 * (u32)step + 1); }
    }
}

}  // namespace rnn
