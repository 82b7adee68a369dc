// How tiles of operands reach shared memory, as rows of words along the inner axis. Three ways with one face: start(), then for each slab of
// the inner axis load(), which begins loads into registers, and store(), which puts them, or begins asynchronous copies, into shared memory.
#pragma once

#include "product/precision.cuh"

namespace rnn {

/// Words of a row of a tile: 64 bytes, 16 factors of 32 bits or 32 of 16. The pitch of 80 bytes puts eight neighbouring rows into different
/// banks, for ldmatrix and for 16-byte loads alike.
constexpr i32 slabWords = 16;
constexpr i32 slabPitch = 20;

/// Which pieces of 16 bytes of a tile [Rows, slab] a thread takes. Where the inner axis is adjacent in memory, neighbouring threads take
/// neighbouring pieces of a row; else neighbouring rows. Either way a warp's loads are of adjacent addresses. Of a thread's pieces the
/// first is computed, the others lie a step apart.
template <class P, i32 Rows, i32 Threads> struct Pieces {
    static constexpr i32 depth = slabWords * P::perWord;
    static constexpr i32 pieceDepth = 4 * P::perWord;
    static constexpr i32 pieces = Rows * 4 / Threads;
    static_assert(Threads % Rows == 0 && pieces > 0, "a thread's pieces lie in one row, or in one quarter of the rows");

    Global<const float> from;           // the first piece, in the slab to be read next
    i64 innerStride, step;
    i32 rowsLeft;
    bool adjacent, vector;

    RNN_DEVICE void start(u64 address, i64 firstRow, i64 rows, i64 rowStride, i64 stride)
    {
        rowsLeft = (i32)(rows - firstRow < Rows ? rows - firstRow : Rows);
        innerStride = stride;
        adjacent = stride == 1;
        vector = adjacent && address % 16 == 0 && (rowStride & 3) == 0;
        from = global<const float>(address) + ((firstRow + row(0)) * rowStride + quarter(0) * pieceDepth * stride);
        step = adjacent ? Threads / 4 * rowStride : Threads / Rows * pieceDepth * stride;
    }

    RNN_DEVICE i32 row(i32 c) const { return adjacent ? (i32)threadIdxX() / 4 + c * (Threads / 4) : (i32)threadIdxX() % Rows; }
    RNN_DEVICE i32 quarter(i32 c) const { return adjacent ? (i32)threadIdxX() % 4 : (i32)threadIdxX() / Rows + c * (Threads / Rows); }

    /// The first piece's place in a tile, and from there to the others.
    RNN_DEVICE Shared<u32> place(Shared<u32> tile) const { return tile + (row(0) * slabPitch + quarter(0) * 4); }
    RNN_DEVICE i32 placeStep() const { return adjacent ? Threads / 4 * slabPitch : Threads / Rows * 4; }
};

/// A matrix [rows, inner] of fp32 at any two strides whose factors have to be converted: through registers. Rows and inner indices
/// beyond the matrix are 0. Registers: 4 Rows / Threads pieces of 4 (8) floats.
template <class P, i32 Rows, i32 Threads> struct ConvertedOperand : Pieces<P, Rows, Threads> {
    using Base = Pieces<P, Rows, Threads>;
    static constexpr bool async = false;

    float value[Base::pieces][Base::pieceDepth];

    RNN_DEVICE void start(u64 address, i64 firstRow, i64 rows, i64 rowStride, i64 stride)
    {
        Base::start(address, firstRow, rows, rowStride, stride);
        RNN_UNROLL for (i32 c = 0; c < Base::pieces; c++)
        {
            RNN_UNROLL for (i32 e = 0; e < Base::pieceDepth; e++) { value[c][e] = 0.0f; }
        }
    }

    /// Begins to load the next slab, of which `left` inner indices are in the matrix (depth or more: all).
    RNN_DEVICE void load(i32 left)
    {
        RNN_UNROLL for (i32 c = 0; c < Base::pieces; c++)
        {
            if (this->row(c) >= this->rowsLeft) { continue; }
            Global<const float> at = this->from + c * this->step;
            if (this->vector && left >= Base::depth)
            {
                RNN_UNROLL for (i32 e = 0; e < Base::pieceDepth; e += 4)
                {
                    const Float4 v = loadReadOnly4(at + e);
                    value[c][e] = v.x;
                    value[c][e + 1] = v.y;
                    value[c][e + 2] = v.z;
                    value[c][e + 3] = v.w;
                }
            }
            else
            {
                const i32 count = left - this->quarter(c) * Base::pieceDepth;
                RNN_UNROLL for (i32 e = 0; e < Base::pieceDepth; e++)
                {
                    value[c][e] = e < count ? loadReadOnly(at) : 0.0f;
                    at += this->innerStride;
                }
            }
        }
        this->from += Base::depth * this->innerStride;
    }

    /// Converts what load() brought and stores it into a tile.
    RNN_DEVICE void store(Shared<u32> tile, i32)
    {
        Shared<u32> to = this->place(tile);
        RNN_UNROLL for (i32 c = 0; c < Base::pieces; c++)
        {
            const float* v = value[c];
            const UInt4 words = {P::word(v), P::word(v + P::perWord), P::word(v + 2 * P::perWord), P::word(v + 3 * P::perWord)};
            store4(to + c * this->placeStep(), words);
        }
    }
};

/// The same where factors are kept as they are: by asynchronous copies of 16 bytes, or of 4 where strides, alignment or the edge want it.
template <i32 Rows, i32 Threads> struct CopiedOperand : Pieces<Fp32, Rows, Threads> {
    using Base = Pieces<Fp32, Rows, Threads>;
    static constexpr bool async = true;

    RNN_DEVICE void load(i32) {}

    /// Begins to copy the next slab into a tile.
    RNN_DEVICE void store(Shared<u32> tile, i32 left)
    {
        Shared<u32> to = this->place(tile);
        RNN_UNROLL for (i32 c = 0; c < Base::pieces; c++)
        {
            Global<const float> at = this->from + c * this->step;
            const bool inside = this->row(c) < this->rowsLeft;
            if (this->vector && left >= Base::depth) { copyAsync<16>(to + c * this->placeStep(), at, inside ? 16u : 0u); }
            else
            {
                const i32 count = inside ? left - this->quarter(c) * 4 : 0;
                RNN_UNROLL for (i32 e = 0; e < 4; e++)
                {
                    copyAsync<4>(to + (c * this->placeStep() + e), at, e < count ? 4u : 0u);
                    at += this->innerStride;
                }
            }
        }
        this->from += Base::depth * this->innerStride;
    }
};

/// A packed matrix (pack.cuh): by asynchronous copies; padded, so that there is nothing to check.
template <class P, i32 Rows, i32 Threads> struct PackedOperand {
    static constexpr bool async = true;

    Global<const u32> from;
    i64 step;

    RNN_DEVICE void start(u64 address, i64 firstRow, i64, i64 pitch, i64)
    {
        const i32 piece = (i32)threadIdxX();
        from = global<const u32>(address) + ((firstRow + piece / 4) * pitch + piece % 4 * 4);
        step = Threads / 4 * pitch;
    }

    RNN_DEVICE void load(i32) {}

    /// Begins to copy the next slab into a tile.
    RNN_DEVICE void store(Shared<u32> tile, i32)
    {
        const i32 piece = (i32)threadIdxX();
        Shared<u32> to = tile + (piece / 4 * slabPitch + piece % 4 * 4);
        RNN_UNROLL for (i32 c = 0; c < Rows * 4 / Threads; c++) { copyAsync<16>(to + c * (Threads / 4 * slabPitch), from + c * step); }
        from += slabWords;
    }
};

}  // namespace rnn
