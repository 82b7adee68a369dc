// The product of a step with weights that stay in shared memory over all steps (the persistent strategy): only the state is read, in groups of
// slabs through a ring, once the blocks that share its rows have left it there. Same tiles, same sums, same bits as StepProduct.
#pragma once

#include "recurrent/step_product.cuh"

namespace rnn {

/// Groups of slabs of the state that are on their way at a time.
constexpr i32 residentStages = 4;

/// Bytes of dynamic shared memory: weights of so many tiles of units, slabs of the inner axis and slabs of a group
/// (Launch/PersistentShape.cs asks for as much).
constexpr i64 residentSharedBytes(bool tensor, i32 tileRows, i32 columns, i32 unitTiles, i32 slabs, i32 groupSlabs)
{
    const i64 ring = (i64)residentStages * groupSlabs * tileRows * stepPitch * 4;
    const i64 partials = tensor ? depthWarps * tileRows * partialPitch(columns) * 4 : 0;
    return (i64)unitTiles * slabs * columns * stepPitch * 4 + (ring > partials ? ring : partials);
}

/// What is resident: weights of a block's tiles of units, slab by slab as rows of stepPitch words; behind them the ring.
struct Resident {
    i32 weights, ring;          // offsets in words
    i32 slabs, groupSlabs;
};

/// Brings the weights of a tile of units into shared memory: [slabs][columns][stepPitch].
template <class Tile, i32 G> RNN_DEVICE void loadResident(u64 from, i32 pitch, i32 unit, const Resident& resident)
{
    constexpr i32 columns = Tile::units * G, pieces = columns * 8;
    Global<const u32> weights = global<const u32>(from) + (i64)unit * G * pitch;
    Shared<u32> to = dynamicShared<u32>(0) + resident.weights;
    RNN_ROLLED for (i32 slab = 0; slab < resident.slabs; slab++)
    {
        RNN_ROLLED for (i32 piece = (i32)threadIdxX(); piece < pieces; piece += Tile::threads)
        {
            const i32 row = piece / 8, word = piece % 8 * 4;
            copyAsync<16>(to + ((slab * columns + row) * stepPitch + word), weights + ((i64)row * pitch + slab * stepSlab + word));
        }
    }
}

/// How groups of slabs of the state come.
template <class Tile> struct ResidentState {
    Resident resident;
    Global<const u32> state;
    Global<u32> arrivals;
    u32 awaited;
    i64 pitch;
    i32 rowsLeft;

    /// `awaited`: blocks that must have left their part of the state, by the counter `arrivals`; 0 for none to wait for.
    RNN_DEVICE ResidentState(const RecurrentStepParams& p, TileAt at, const Resident& resident, Global<u32> arrivals, u32 awaited)
        : resident(resident), state(global<const u32>(p.from) + (i64)at.row * p.pitch), arrivals(arrivals), awaited(awaited), pitch(p.pitch),
          rowsLeft(p.batch - at.row)
    {
    }

    /// Waits for the state; behind it the ring is free as well.
    RNN_DEVICE void await()
    {
        if (awaited != 0 && threadRank() == 0) { waitAtLeast(arrivals, awaited); }
        syncBlock();
    }

    RNN_DEVICE i32 groups() const { return (resident.slabs + resident.groupSlabs - 1) / resident.groupSlabs; }

    RNN_DEVICE void begin()
    {
        RNN_UNROLL for (i32 group = 0; group < residentStages - 1; group++)
        {
            copy(group);
            commitAsync();
        }
    }

    /// Waits for a group, and begins the copies of the one that takes the place of the one before it.
    RNN_DEVICE void next(i32 group)
    {
        waitAsync<residentStages - 2>();
        syncBlock();
        copy(group + residentStages - 1);
        commitAsync();
    }

    /// Slabs of a group, and where each lies.
    RNN_DEVICE i32 slabsOf(i32 group) const { return min(resident.groupSlabs, resident.slabs - group * resident.groupSlabs); }
    RNN_DEVICE Shared<u32> slab(i32 group, i32 i) const
    {
        return dynamicShared<u32>(0) + (resident.ring + (group % residentStages * resident.groupSlabs + i) * (Tile::rows * stepPitch));
    }

private:
    RNN_DEVICE void copy(i32 group)
    {
        constexpr i32 pieces = Tile::rows * 8;
        static_assert(Tile::threads >= pieces ? Tile::threads % pieces == 0 : pieces % Tile::threads == 0, "a thread's piece of a row is the same in every slab");
        const i32 first = group * resident.groupSlabs, last = min(first + resident.groupSlabs, resident.slabs);
        RNN_ROLLED for (i32 s = first; s < last; s++)
        {
            RNN_UNROLL for (i32 c = 0; c < (pieces + Tile::threads - 1) / Tile::threads; c++)
            {
                const i32 piece = (i32)threadIdxX() + c * Tile::threads, row = piece / 8, word = piece % 8 * 4;
                if (piece >= pieces) { break; }
                copyAsync<16>(slab(group, s - first) + (row * stepPitch + word), state + (row * pitch + s * stepSlab + word), row < rowsLeft ? 16u : 0u);
            }
        }
    }
};

/// sum[item][gate] += state[row] . weights[unit, gate], for the (row, unit) pairs of each thread, with resident weights.
template <class P, class Tile, i32 G, bool Tensor = P::tensor> struct ResidentProduct;

/// fp32: one chain an element, as StepProduct's.
template <class P, class Tile, i32 G> struct ResidentProduct<P, Tile, G, false> : ResidentState<Tile> {
    using ResidentState<Tile>::ResidentState;

    RNN_DEVICE void skip() {}

    RNN_DEVICE void run(i32 depth, float (&sum)[Tile::items][G])
    {
        constexpr i32 columns = Tile::units * G;
        ChainTile<Tile::items, G, Tile::threads / Tile::units, 8, stepPitch> tile;
        RNN_UNROLL for (i32 i = 0; i < Tile::items; i++)
        {
            RNN_UNROLL for (i32 g = 0; g < G; g++) { tile.sum[i][g] = sum[i][g]; }
        }

        const i32 unit = Tile::unit();
        Shared<u32> b = dynamicShared<u32>(0) + (this->resident.weights + (unit / 8 * (8 * G) + unit % 8) * stepPitch);
        i32 left = depth;
        this->begin();
        RNN_ROLLED for (i32 group = 0; group < this->groups(); group++)
        {
            this->next(group);
            const i32 count = this->slabsOf(group);
            RNN_ROLLED for (i32 s = 0; s < count; s++)
            {
                Shared<u32> a = this->slab(group, s) + Tile::row(0) * stepPitch;
                if (left >= stepSlab) { tile.template multiplySlab<stepSlab>(a, b); }
                else { tile.multiply(a, b, left); }
                b = b + columns * stepPitch;
                left -= stepSlab;
            }
        }

        RNN_UNROLL for (i32 i = 0; i < Tile::items; i++)
        {
            RNN_UNROLL for (i32 g = 0; g < G; g++) { sum[i][g] = tile.sum[i][g]; }
        }
    }
};

/// Tensor cores: as StepProduct, a warp takes 32 rows and one mma's depth of each slab.
template <class P, class Tile, i32 G> struct ResidentProduct<P, Tile, G, true> : ResidentState<Tile> {
    using ResidentState<Tile>::ResidentState;

    RNN_DEVICE void skip() {}

    RNN_DEVICE void run(i32, float (&sum)[Tile::items][G])
    {
        constexpr i32 columns = Tile::units * G;
        TensorTile<P, 2, columns / 8, stepPitch> tile;
        tile.clear();
        const i32 warp = (i32)threadIdxX() / 32, row0 = warp / depthWarps * 32, part = warp % depthWarps;
        Shared<u32> b = dynamicShared<u32>(0) + this->resident.weights;
        this->begin();
        RNN_ROLLED for (i32 group = 0; group < this->groups(); group++)
        {
            this->next(group);
            const i32 count = this->slabsOf(group);
            RNN_ROLLED for (i32 s = 0; s < count; s++)
            {
                tile.multiply(this->slab(group, s) + row0 * stepPitch, b, part * mmaWords);
                b = b + columns * stepPitch;
            }
        }

        addPartials<Tile, G>(tile, row0, part, dynamicShared<float>((u32)this->resident.ring * 4), sum);
    }
};

}  // namespace rnn
