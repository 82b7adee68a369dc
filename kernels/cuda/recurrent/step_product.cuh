// The product of one step of a recurrence: rows of a state (or of gate gradients) with packed weights, for a tile of rows x units, all gates
// of a unit together. Slabs of 32 words of the inner axis pass through a ring in shared memory by asynchronous copies; both operands are
// padded with zeros to whole slabs and aligned. What comes out is one sum a (row, unit, gate), held by the thread that runs the cell of
// (row, unit).
//
// Columns are packed in groups of 8 G rows: 8 units' rows of gate 0, then of gate 1, ... (pack.cuh).
#pragma once

#include "product/chain_tile.cuh"
#include "product/tensor_tile.cuh"
#include "rnn_abi.h"

namespace rnn {

/// Words of a row of a tile: 128 bytes, and the pitch that puts eight neighbouring rows into different banks.
constexpr i32 stepSlab = 32;
constexpr i32 stepPitch = 36;

/// Where a tile begins.
struct TileAt {
    i32 row, unit;

    /// One tile a block.
    template <class Tile> RNN_DEVICE static TileAt ofBlock() { return {(i32)blockIdxY() * Tile::rows, (i32)blockIdxX() * Tile::units}; }
};

/// Rows and units of a tile, and the threads that compute it.
template <i32 Rows, i32 Units, i32 Threads> struct StepTile {
    static constexpr i32 rows = Rows, units = Units, threads = Threads;
    static constexpr i32 items = Rows * Units / Threads;

    /// The (row, unit) pairs of a thread: neighbouring threads have neighbouring units, a thread's rows lie apart.
    RNN_DEVICE static i32 unit() { return (i32)threadIdxX() % Units; }
    RNN_DEVICE static i32 row(i32 item) { return (i32)threadIdxX() / Units + item * (Threads / Units); }
};

/// Stages of the ring: what hides the way from L2 at the tile's size.
constexpr i32 stepStages(i32 tileRows, i32 columns) { return tileRows + columns > 96 ? 3 : 4; }

/// Floats from a row of partial sums to the next: 8 modulo 16, so that a fragment's rows lie in different banks.
constexpr i32 partialPitch(i32 columns) { return columns + (24 - columns % 16) % 16; }

/// Warps that share the inner axis on tensor cores: one for each mma's depth of a slab.
constexpr i32 depthWarps = stepSlab / mmaWords;

/// Dynamic shared memory of a block; the host asks for as much (Launch/RecurrentLayout.cs).
constexpr i32 stepSharedBytes(bool tensor, i32 tileRows, i32 columns)
{
    const i32 ring = stepStages(tileRows, columns) * (tileRows + columns) * stepPitch * 4;
    const i32 partials = tensor ? depthWarps * tileRows * partialPitch(columns) * 4 : 0;
    return ring > partials ? ring : partials;
}

/// How slabs of both operands come, in every mode.
template <class Tile, i32 G> struct StepOperands {
    static constexpr i32 columns = Tile::units * G;
    static constexpr i32 stages = stepStages(Tile::rows, columns);
    static constexpr i32 stageWords = (Tile::rows + columns) * stepPitch;

    Global<const u32> state, weights;
    i64 pitch;
    i32 rowsLeft, slabs;

    /// Begins the copies of the first slabs; or of none, where nothing is to be multiplied.
    RNN_DEVICE StepOperands(const RecurrentStepParams& p, TileAt at, bool wanted)
    {
        pitch = p.pitch;
        rowsLeft = p.batch - at.row;
        slabs = wanted ? p.pitch / stepSlab : 0;
        state = global<const u32>(p.from) + at.row * pitch;
        weights = global<const u32>(p.weights) + (i64)at.unit * G * pitch;
        RNN_UNROLL for (i32 slab = 0; slab < stages - 1; slab++)
        {
            copy(slab);
            commitAsync();
        }
    }

    /// Waits for a slab, and begins the copies of the one that takes the place of the one before it.
    RNN_DEVICE Shared<u32> next(i32 slab)
    {
        waitAsync<stages - 2>();
        syncBlock();
        copy(slab + stages - 1);
        commitAsync();
        return stage(slab);
    }

    RNN_DEVICE static Shared<u32> stage(i32 slab) { return dynamicShared<u32>(0) + slab % stages * stageWords; }

private:
    RNN_DEVICE void copy(i32 slab)
    {
        if (slab >= slabs) { return; }
        constexpr i32 pieces = (Tile::rows + columns) * 8;
        Shared<u32> to = stage(slab);
        RNN_UNROLL for (i32 c = 0; c < (pieces + Tile::threads - 1) / Tile::threads; c++)
        {
            const i32 piece = (i32)threadIdxX() + c * Tile::threads, row = piece / 8, word = piece % 8 * 4;
            if (pieces % Tile::threads != 0 && piece >= pieces) { break; }
            const bool isState = row < Tile::rows;
            const i64 from = (isState ? row : row - Tile::rows) * pitch + slab * stepSlab + word;
            copyAsync<16>(to + (row * stepPitch + word), (isState ? state : weights) + from, !isState || row < rowsLeft ? 16u : 0u);
        }
    }
};

/// sum[item][gate] += state[row] . weights[unit, gate], for the (row, unit) pairs of each thread, with weights that come slab by slab as the state
/// does. Every product has three moments: its construction, where copies may begin; await(), behind which the state is there to be read; then
/// run(), or skip() where nothing is to be multiplied.
template <class P, class Tile, i32 G, bool Tensor = P::tensor> struct StepProduct;

/// fp32: one chain of fused multiply-adds an element over exactly `depth` terms, from the value that sum has: the CPU backend's bits.
template <class P, class Tile, i32 G> struct StepProduct<P, Tile, G, false> {
    StepOperands<Tile, G> operands;

    RNN_DEVICE StepProduct(const RecurrentStepParams& p, TileAt at, bool wanted = true) : operands(p, at, wanted) {}

    RNN_DEVICE void await() {}
    RNN_DEVICE void skip() { waitAsync<0>(); }

    RNN_DEVICE void run(i32 depth, float (&sum)[Tile::items][G])
    {
        ChainTile<Tile::items, G, Tile::threads / Tile::units, 8, stepPitch> tile;
        RNN_UNROLL for (i32 i = 0; i < Tile::items; i++)
        {
            RNN_UNROLL for (i32 g = 0; g < G; g++) { tile.sum[i][g] = sum[i][g]; }
        }

        const i32 unit = Tile::unit();
        RNN_ROLLED for (i32 slab = 0; slab < operands.slabs; slab++)
        {
            Shared<u32> stage = operands.next(slab);
            Shared<u32> a = stage + Tile::row(0) * stepPitch;
            Shared<u32> b = stage + (Tile::rows + unit / 8 * (8 * G) + unit % 8) * stepPitch;
            const i32 left = depth - slab * stepSlab;
            if (left >= stepSlab) { tile.template multiplySlab<stepSlab>(a, b); }
            else { tile.multiply(a, b, left); }
        }

        RNN_UNROLL for (i32 i = 0; i < Tile::items; i++)
        {
            RNN_UNROLL for (i32 g = 0; g < G; g++) { sum[i][g] = tile.sum[i][g]; }
        }
    }
};

/// sum[item][gate] += the four warps' partial sums of each element, in order, through shared memory, which is the tiles' no more.
template <class Tile, i32 G, class Fragments> RNN_DEVICE void addPartials(Fragments& tile, i32 row0, i32 part, Shared<float> partials, float (&sum)[Tile::items][G])
{
    constexpr i32 pitch = partialPitch(Tile::units * G);
    static_assert(Tile::rows / 32 * depthWarps * 32 == Tile::threads, "a warp for 32 rows and one mma's depth");
    syncBlock();
    tile.each((i32)laneId(), [&](i32 row, i32 column, float& x) { partials[(part * Tile::rows + row0 + row) * pitch + column] = x; });
    syncBlock();
    const i32 unit = Tile::unit(), first = unit / 8 * (8 * G) + unit % 8;
    RNN_UNROLL for (i32 i = 0; i < Tile::items; i++)
    {
        RNN_UNROLL for (i32 g = 0; g < G; g++)
        {
            RNN_UNROLL for (i32 w = 0; w < depthWarps; w++) { sum[i][g] += partials[(w * Tile::rows + Tile::row(i)) * pitch + first + g * 8]; }
        }
    }
}

/// Tensor cores: a warp takes 32 rows and one mma's depth of each slab; the four partial sums of an element are added in order through shared
/// memory. So a row's bits do not depend on the tile's size nor on the other rows.
template <class P, class Tile, i32 G> struct StepProduct<P, Tile, G, true> {
    static constexpr i32 columns = Tile::units * G;

    StepOperands<Tile, G> operands;

    RNN_DEVICE StepProduct(const RecurrentStepParams& p, TileAt at, bool wanted = true) : operands(p, at, wanted) {}

    RNN_DEVICE void await() {}
    RNN_DEVICE void skip() { waitAsync<0>(); }

    RNN_DEVICE void run(i32, float (&sum)[Tile::items][G])
    {
        TensorTile<P, 2, columns / 8, stepPitch> tile;
        tile.clear();
        const i32 warp = (i32)threadIdxX() / 32, row0 = warp / depthWarps * 32, part = warp % depthWarps;
        RNN_ROLLED for (i32 slab = 0; slab < operands.slabs; slab++)
        {
            Shared<u32> stage = operands.next(slab);
            tile.multiply(stage + row0 * stepPitch, stage + Tile::rows * stepPitch, part * mmaWords);
        }

        addPartials<Tile, G>(tile, row0, part, dynamicShared<float>(0), sum);
    }
};

/// Whether any thread of the block says so.
RNN_DEVICE bool anyInBlock(bool b)
{
    RNN_SHARED(u32, votes, 8);
    const u32 mine = ballot(b), warps = blockDimX() / 32;
    if (laneId() == 0) { votes[warpId()] = mine; }
    syncBlock();
    u32 all = 0;
    for (u32 w = 0; w < warps; w++) { all |= votes[w]; }
    return all != 0;
}

}  // namespace rnn
