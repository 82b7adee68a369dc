// Weights laid out once for many products: converted to the mode's factors, the inner axis adjacent and padded with zeros to whole slabs,
// rows padded to whole tiles.
#pragma once

#include "product/operand.cuh"
#include "rnn_abi.h"

namespace rnn {

constexpr i32 packRows = 64;
constexpr i32 packThreads = 128;

/// packed[8 gates (r / 8) + 8 gate + r % 8, :] = source[gate][r, :]: with one gate, the rows as they are; with more, eight units' rows
/// of each gate in turn, so that a tile of neighbouring rows holds all gates of its units.
///   source  [gates][rows, inner] fp32 at any strides
///   packed  [gates paddedRows, pitch] words; beyond rows and inner, 0
/// Grid: x over tiles of 64 rows by 16 words, words fastest; y the gates.
/// Cost: source read once, packed written once; bound by memory.
template <class P> RNN_DEVICE void packRowsOf(const PackParams& p)
{
    using Source = ConvertedOperand<P, packRows, packThreads>;
    RNN_SHARED(u32, tile, packRows * slabPitch);
    const i64 slabs = p.pitch / slabWords, slab = blockIdxX() % slabs, first = blockIdxX() / slabs * packRows;
    const i32 gate = (i32)blockIdxY(), gates = (i32)gridDimY();

    Source source;
    const i64 skip = gate * p.gateStride + slab * Source::depth * p.innerStride;
    source.start(p.source + (u64)skip * 4, first, p.rows, p.rowStride, p.innerStride);
    const i64 left = p.inner - slab * Source::depth;
    source.load((i32)(left < Source::depth ? left : Source::depth));
    source.store(tile, 0);
    syncBlock();

    Global<u32> packed = global<u32>(p.packed) + slab * slabWords;
    RNN_UNROLL for (i32 c = 0; c < packRows * 4 / packThreads; c++)
    {
        const i32 piece = (i32)threadIdxX() + c * packThreads, quarter = piece % 4;
        const i64 row = first + piece / 4;
        if (row < p.paddedRows)
        {
            const i64 to = row / 8 * (8 * gates) + gate * 8 + row % 8;
            store4(packed + (to * p.pitch + quarter * 4), load4(tile + (piece / 4 * slabPitch + quarter * 4)));
        }
    }
}

}  // namespace rnn
