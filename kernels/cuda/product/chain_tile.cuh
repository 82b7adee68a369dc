// A thread's part of an exact fp32 product: one chain of fused multiply-adds an element, over the inner axis in index order.
#pragma once

#include "product/precision.cuh"

namespace rnn {

/// D[i, j] += A[i] . B[j] for rows i RowStep apart and columns j ColumnStep apart, both operands as rows of floats along the inner
/// axis, Pitch words apart in shared memory. Each element is one chain in index order from the value it had, and no term is added
/// beyond `depth`: so the bits are those of the CPU backend, wherever the product is cut.
/// Registers: M N sums and 2 M + 2 factors a thread.
template <i32 M, i32 N, i32 RowStep, i32 ColumnStep, i32 Pitch> struct ChainTile {
    float sum[M][N];

    /// Depth is a whole slab.
    template <i32 Slab> RNN_DEVICE void multiplySlab(Shared<u32> a, Shared<u32> b)
    {
        RNN_UNROLL for (i32 k = 0; k < Slab; k += 2) { multiplyTwo(a + k, b + k); }
    }

    RNN_DEVICE void multiply(Shared<u32> a, Shared<u32> b, i32 depth)
    {
        i32 k = 0;
        for (; k + 2 <= depth; k += 2) { multiplyTwo(a + k, b + k); }
        if (k == depth) { return; }
        RNN_UNROLL for (i32 j = 0; j < N; j++)
        {
            const u32 y = b[j * ColumnStep * Pitch + k];
            RNN_UNROLL for (i32 i = 0; i < M; i++)
            {
                const u32 x = a[i * RowStep * Pitch + k];
                sum[i][j] = fma(floatOf(x), floatOf(y), sum[i][j]);
            }
        }
    }

private:
    RNN_DEVICE void multiplyTwo(Shared<u32> a, Shared<u32> b)
    {
        UInt2 x[M];
        RNN_UNROLL for (i32 i = 0; i < M; i++) { x[i] = load2(a + i * RowStep * Pitch); }
        RNN_UNROLL for (i32 j = 0; j < N; j++)
        {
            const UInt2 y = load2(b + j * ColumnStep * Pitch);
            RNN_UNROLL for (i32 i = 0; i < M; i++)
            {
                sum[i][j] = fma(floatOf(x[i].y), floatOf(y.y), fma(floatOf(x[i].x), floatOf(y.x), sum[i][j]));
            }
        }
    }
};

}  // namespace rnn
