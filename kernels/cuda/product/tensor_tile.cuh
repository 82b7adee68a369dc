// A warp's part of a product on tensor cores: MT x NT fragments of 16 x 8, fed by ldmatrix from rows in shared memory.
#pragma once

#include "product/precision.cuh"

namespace rnn {

/// Words of the inner axis that one mma takes: 16 factors of 16 bits, or 8 of 32.
constexpr i32 mmaWords = 8;

/// D[16 MT, 8 NT] += A B^T, both operands as rows of words along the inner axis, Pitch words apart in shared memory. Pitch is 4 modulo 8, so
/// that eight neighbouring rows lie in different banks. Sums are fp32, one mma after another over the inner axis: they do not
/// depend on where the inner axis is cut between mmas, nor on the other rows and columns.
/// Registers: 4 MT NT sums and 4 MT + 4 factors a thread.
template <class P, i32 MT, i32 NT, i32 Pitch> struct TensorTile {
    float sum[MT][NT][4];

    RNN_DEVICE void clear()
    {
        RNN_UNROLL for (i32 m = 0; m < MT; m++)
        {
            RNN_UNROLL for (i32 n = 0; n < NT; n++)
            {
                RNN_UNROLL for (i32 i = 0; i < 4; i++) { sum[m][n][i] = 0.0f; }
            }
        }
    }

    /// One mma's depth of the inner axis, from word `at` of the rows on.
    RNN_DEVICE void multiply(Shared<u32> a, Shared<u32> b, i32 at)
    {
        const i32 lane = (i32)laneId();
        u32 x[MT][4];
        RNN_UNROLL for (i32 m = 0; m < MT; m++)
        {
            // matrices: rows 0..7 and 8..15 of the first half of the depth, then of the second
            ldmatrix(x[m], a + ((m * 16 + lane % 16) * Pitch + at + (lane / 16) * 4));
        }

        Shared<u32> rows = b + ((lane % 8) * Pitch + at + (lane / 8 % 2) * 4);
        RNN_UNROLL for (i32 n = 0; n + 1 < NT; n += 2)
        {
            // both halves of the depth of columns 0..7, then of columns 8..15
            u32 y[4];
            ldmatrix(y, rows + (n * 8 + (lane / 16) * 8) * Pitch);
            const u32 low[2] = {y[0], y[1]}, high[2] = {y[2], y[3]};
            RNN_UNROLL for (i32 m = 0; m < MT; m++)
            {
                P::multiply(sum[m][n], x[m], low);
                P::multiply(sum[m][n + 1], x[m], high);
            }
        }

        if constexpr (NT % 2 == 1)
        {
            u32 y[2];
            ldmatrix(y, rows + (NT - 1) * 8 * Pitch);
            RNN_UNROLL for (i32 m = 0; m < MT; m++) { P::multiply(sum[m][NT - 1], x[m], y); }
        }
    }

    /// Calls visit(row, column, sum) for each element that this lane holds.
    template <class Visit> RNN_DEVICE void each(i32 lane, Visit visit)
    {
        const i32 g = lane / 4, t = lane % 4;
        RNN_UNROLL for (i32 m = 0; m < MT; m++)
        {
            RNN_UNROLL for (i32 n = 0; n < NT; n++)
            {
                RNN_UNROLL for (i32 i = 0; i < 4; i++) { visit(m * 16 + g + (i / 2) * 8, n * 8 + t * 2 + i % 2, sum[m][n][i]); }
            }
        }
    }
};

}  // namespace rnn
