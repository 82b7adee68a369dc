// C = act(A B + bias), or C += A B (IBackend.Gemm, GemmPacked). Axes: A [M, K], B [K, N], bias [N], C [M, N], all fp32 in global memory;
// A and B at any strides (transposed, rows backwards), or B packed in the mode's factors (PackMatrix).
//
// A block computes a tile BM x BN. Slabs of 16 words of the inner axis (16 factors in fp32 and tf32, 32 in bf16 and fp16) pass through a ring of
// three stages in shared memory: packed slabs by asynchronous copies two slabs ahead, others through registers, loaded one slab
// earlier still, since they have to be converted. One barrier a slab.
//
// An element is one chain over the inner axis in index order, from the bias, 0 or the old value: in fp32 of fused multiply-adds (bits
// as on the CPU, however the product is cut), on tensor cores of mma (the same bits for cuts along M and N, and along K at multiples of an
// mma's depth: 16, tf32 8).
//
// Cost: 2 M N K operations; traffic M N (K / BM + K / BN) factors from L2. Shared memory and registers: see the kernels.
#pragma once

#include "product/chain_tile.cuh"
#include "product/operand.cuh"
#include "product/tensor_tile.cuh"
#include "rnn_abi.h"

namespace rnn {

constexpr i32 gemmStages = 3;

/// Dynamic shared memory of a block; the host asks for as much (Launch/Gemm.cs).
constexpr i32 gemmSharedBytes(i32 bm, i32 bn) { return gemmStages * (bm + bn) * slabPitch * 4; }

/// The accumulators of a block on tensor cores: warps in a grid of Down x Across.
template <class P, i32 BM, i32 BN, i32 Down, i32 Across> struct TensorBlock {
    static constexpr i32 rows = BM / Down, columns = BN / Across;
    TensorTile<P, rows / 16, columns / 8, slabPitch> tile;

    RNN_DEVICE static i32 firstRow(i32 thread) { return thread / 32 / Across * rows; }
    RNN_DEVICE static i32 firstColumn(i32 thread) { return thread / 32 % Across * columns; }

    RNN_DEVICE void multiply(Shared<u32> a, Shared<u32> b, i32)
    {
        RNN_UNROLL for (i32 at = 0; at < slabWords; at += mmaWords)
        {
            const i32 thread = (i32)threadIdxX();
            tile.multiply(a + firstRow(thread) * slabPitch, b + firstColumn(thread) * slabPitch, at);
        }
    }

    template <class Visit> RNN_DEVICE void each(i32 thread, Visit visit)
    {
        const i32 row = firstRow(thread), column = firstColumn(thread);
        tile.each(thread % 32, [&](i32 r, i32 c, float& sum) { visit(row + r, column + c, sum); });
    }
};

/// The accumulators of a block in fp32: Down x Across threads, each with every Down-th row and every Across-th column. A warp is 4 x 8 threads.
template <i32 BM, i32 BN, i32 Down, i32 Across> struct ChainBlock {
    static constexpr i32 rows = BM / Down, columns = BN / Across;
    ChainTile<rows, columns, Down, Across, slabPitch> tile;

    RNN_DEVICE static i32 firstRow(i32 thread) { return thread / 32 / (Across / 8) * 4 + thread % 32 / 8; }
    RNN_DEVICE static i32 firstColumn(i32 thread) { return thread / 32 % (Across / 8) * 8 + thread % 8; }

    RNN_DEVICE void multiply(Shared<u32> a, Shared<u32> b, i32 left)
    {
        const i32 thread = (i32)threadIdxX();
        Shared<u32> x = a + firstRow(thread) * slabPitch, y = b + firstColumn(thread) * slabPitch;
        if (left == slabWords) { tile.template multiplySlab<slabWords>(x, y); }
        else { tile.multiply(x, y, left); }
    }

    template <class Visit> RNN_DEVICE void each(i32 thread, Visit visit)
    {
        const i32 row = firstRow(thread), column = firstColumn(thread);
        RNN_UNROLL for (i32 i = 0; i < rows; i++)
        {
            RNN_UNROLL for (i32 j = 0; j < columns; j++) { visit(row + i * Down, column + j * Across, tile.sum[i][j]); }
        }
    }
};

/// Where a tile of C stands, and how much of it is inside C.
template <i32 BM, i32 BN> struct GemmTile {
    i64 row, column;
    i32 rows, columns;
    Global<float> c;

    RNN_DEVICE GemmTile(const GemmParams& p, u32 block)
    {
        const u32 across = (u32)((p.n + BN - 1) / BN);
        row = (i64)(block / across) * BM;
        column = (i64)(block % across) * BN;
        rows = (i32)(p.m - row < BM ? p.m - row : BM);
        columns = (i32)(p.n - column < BN ? p.n - column : BN);
        c = global<float>(p.c) + (row * p.cRow + column);
    }
};

/// Grid: x over the tiles of C, columns fastest. A and B: how the operands' tiles come (operand.cuh).
template <class P, class Sums, i32 BM, i32 BN, class A, class B> RNN_DEVICE void gemm(const GemmParams& p)
{
    constexpr i32 depth = slabWords * P::perWord, stageWords = (BM + BN) * slabPitch;
    Shared<u32> ring = dynamicShared<u32>(0);
    const GemmTile<BM, BN> tile(p, blockIdxX());
    const i32 slabs = (i32)((p.k + depth - 1) / depth);
    A a;
    a.start(p.a, tile.row, p.m, p.aRow, p.aInner);
    B b;
    b.start(p.b, tile.column, p.n, p.bRow, p.bInner);
    const i32 last = (i32)(p.k - (i64)(slabs - 1) * depth);
    auto left = [&](i32 slab) { return slab < slabs - 1 ? depth : last; };

    // What chains start from. Indices beyond the edge read the edge's value, which is never stored.
    const i32 thread = (i32)threadIdxX();
    Sums sums;
    if (p.accumulate)
    {
        sums.each(thread, [&](i32 row, i32 column, float& sum) {
            sum = tile.c[(row < tile.rows ? row : tile.rows - 1) * p.cRow + (column < tile.columns ? column : tile.columns - 1)];
        });
    }
    else if (p.bias)
    {
        Global<const float> bias = global<const float>(p.bias) + tile.column;
        sums.each(thread, [&](i32, i32 column, float& sum) { sum = loadReadOnly(bias + (column < tile.columns ? column : tile.columns - 1)); });
    }
    else
    {
        sums.each(thread, [&](i32, i32, float& sum) { sum = 0.0f; });
    }
    syncBlock();

    // Ahead of the ring by one more round for the registers: a slab is loaded in one round, stored in the next, multiplied two rounds later.
    RNN_ROLLED for (i32 slab = -gemmStages; slab < slabs; slab++)
    {
        if (slab >= 0)
        {
            if constexpr (A::async || B::async) { waitAsync<gemmStages - 2>(); }
            syncBlock();
        }

        const i32 stored = slab + gemmStages - 1, loaded = slab + gemmStages;
        if (stored >= 0 && stored < slabs)
        {
            Shared<u32> stage = ring + stored % gemmStages * stageWords;
            a.store(stage, left(stored));
            b.store(stage + BM * slabPitch, left(stored));
        }
        if constexpr (A::async || B::async) { commitAsync(); }

        if (loaded < slabs)
        {
            a.load(left(loaded));
            b.load(left(loaded));
        }

        if (slab >= 0)
        {
            Shared<u32> stage = ring + slab % gemmStages * stageWords;
            sums.multiply(stage, stage + BM * slabPitch, left(slab));
        }
    }

    // Addresses computed anew: kept through the loop they would take the registers that it needs.
    const GemmTile<BM, BN> out(p, opaque(blockIdxX()));
    sums.each((i32)opaque(threadIdxX()), [&](i32 row, i32 column, float& sum) {
        if (row < out.rows && column < out.columns) { out.c[row * p.cRow + column] = sum; }
    });

    // The activation in a second pass over the tile: unrolled over the accumulators its code would be forty times as long.
    const GemmActivation activation = (GemmActivation)p.activation;
    if (activation == GemmActivation::None) { return; }
    syncBlock();
    for (i32 i = (i32)threadIdxX(); i < BM * BN; i += (i32)blockDimX())
    {
        const i32 row = i / BN, column = i % BN;
        if (row < out.rows && column < out.columns)
        {
            const float x = out.c[row * p.cRow + column];
            float y = selectLess(x, 0.0f, 0.0f, x);
            if (activation == GemmActivation::Tanh) { y = tanh(x); }
            if (activation == GemmActivation::Sigmoid) { y = sigmoid(x); }
            out.c[row * p.cRow + column] = y;
        }
    }
}

}  // namespace rnn
