// Column sums as chains in row order.
#include "device.cuh"
#include "rnn_abi.h"

namespace rnn {

constexpr u32 chainThreads = 256;
constexpr u32 chainColumns = 32;     // columns of a block: one warp adds, a column a lane
constexpr u32 chainRows = 64;        // rows of a tile
constexpr u32 chainTiles = 4;        // tiles on chip: one being added, the others on their way
constexpr u32 chainTile = chainRows * chainColumns;

/// Starts copying rows first .. first + chainRows - 1 of the block's columns; what lies outside x becomes 0.
RNN_DEVICE void fetchTile(const ColumnChainParams& p, i64 first, i64 column, bool aligned, Shared<float> tile)
{
    Global<const float> x = global<const float>(p.x);
    if (aligned)
    {
        for (u32 e = threadIdxX(); e < chainTile / 4; e += chainThreads)
        {
            u32 row = e / (chainColumns / 4), at = 4 * (e % (chainColumns / 4));
            i64 left = first + row < p.rows ? p.columns - column - at : 0;
            u32 valid = left >= 4 ? 16 : left > 0 ? (u32)left * 4 : 0;
            copyAsync<16>(tile + 4 * e, valid > 0 ? x + ((first + row) * p.rowStride + column + at) : x, valid);
        }
        return;
    }
    for (u32 e = threadIdxX(); e < chainTile; e += chainThreads)
    {
        u32 row = e / chainColumns, at = e % chainColumns;
        bool inside = first + row < p.rows && column + at < p.columns;
        copyAsync<4>(tile + e, inside ? x + ((first + row) * p.rowStride + column + at) : x, inside ? 4 : 0);
    }
}

// y[n] = ((y[n] + x[0, n]) + x[1, n]) + ...: a chain a column, so that rows summed in pieces give the same bits.
//
// x: [rows, columns], row stride of any sign; y: [columns]. A block owns 32 columns. All its threads copy tiles of 64 rows ahead,
// asynchronously, four in turn; the first warp adds the tile that has come, a column a lane.
// Shared memory: 32,768 bytes. Registers: up to 64 (4 blocks an SM, by shared memory), no spills.
// Cost: the larger of 4 bytes an element against the memory's bandwidth and rows x 5 cycles (an addition waits 4 for the one before, the
// barrier between tiles is spread over them): 0.2 ms for 65,536 rows. Share of that limit on a GPU: not yet measured.
// 48 registers on sm_80, 48 on sm_90; 32,768 bytes of static shared memory.
RNN_KERNEL(add_column_sums_f32, ColumnChainParams, 256, 4, 32768)
{
    RNN_SHARED(float, tiles, chainTile * chainTiles);
    i64 column = (i64)blockIdxX() * chainColumns;
    bool aligned = p.x % 16 == 0 && p.rowStride % 4 == 0, adds = warpId() == 0 && column + laneId() < p.columns;
    Global<float> y = global<float>(p.y) + (adds ? column + laneId() : 0);
    float sum = 0.0f;
    if (adds) { sum = y[0]; }
    for (u32 t = 0; t + 1 < chainTiles; t++)
    {
        fetchTile(p, t * chainRows, column, aligned, tiles + t * chainTile);
        commitAsync();
    }
    u32 now = 0;
    for (i64 first = 0; first < p.rows; first += chainRows)
    {
        waitAsync<chainTiles - 2>();
        syncBlock();
        // the barrier also says that the first warp is done with the tile before this one, whose place the next takes
        fetchTile(p, first + (chainTiles - 1) * chainRows, column, aligned, tiles + (now + chainTiles - 1) % chainTiles * chainTile);
        commitAsync();
        if (adds)
        {
            Shared<float> tile = tiles + now * chainTile + laneId();
            u32 rows = p.rows - first < chainRows ? (u32)(p.rows - first) : chainRows;
            u32 r = 0;
            for (; r + 16 <= rows; r += 16)
            {
                float v[16];
                RNN_UNROLL
                for (u32 k = 0; k < 16; k++) { v[k] = tile[(r + k) * chainColumns]; }
                RNN_UNROLL
                for (u32 k = 0; k < 16; k++) { sum += v[k]; }
            }
            for (; r < rows; r++) { sum += tile[r * chainColumns]; }
        }
        now = (now + 1) % chainTiles;
    }
    waitAsync<0>();
    if (adds) { y[0] = sum; }
}

}  // namespace rnn
