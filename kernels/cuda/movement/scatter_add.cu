// Gradient of a table whose rows were gathered.
#include "device.cuh"
#include "rnn_abi.h"
#include "movement/fault.cuh"

namespace rnn {

constexpr u32 scatterThreads = 256;
constexpr u32 scatterWarps = scatterThreads / warpSize;
constexpr u32 scatterRounds = 8;                                  // indices a thread looks at between barriers
constexpr u32 scatterChunk = scatterThreads * scatterRounds;      // indices a block looks at between barriers
constexpr u32 tableBatch = 16, singleBatch = 32;                  // rows of dy on their way to a thread at a time

/// An index of a chunk that falls into the block's table rows: place in the chunk below, table row of the block above.
constexpr u32 placeBits = 11;
static_assert(scatterChunk == 1u << placeBits, "a place in a chunk fits its bits");

/// Writes the chunk's matches to `list` in ascending place; gives how many there are. All threads of the block come here; its two barriers
/// also keep the matches of the chunk before until every thread is done with them.
RNN_DEVICE u32 findMatches(const ScatterAddParams& p, i64 chunk, i32 firstRow, i32 rows, Shared<u32> list, Shared<u32> counts)
{
    Global<const i32> indices = global<const i32>(p.indices);
    u32 warp = warpId(), lane = laneId(), place = warp * warpSize * scatterRounds + lane, found = 0;
    i32 index[scatterRounds];
    u32 lanes[scatterRounds];
    RNN_UNROLL
    for (u32 k = 0; k < scatterRounds; k++)
    {
        i64 n = chunk + place + k * warpSize;
        index[k] = -1;
        if (n < p.count) { index[k] = indices[n]; }
    }
    RNN_UNROLL
    for (u32 k = 0; k < scatterRounds; k++)
    {
        lanes[k] = ballot(index[k] >= firstRow && index[k] < firstRow + rows);
        found += (u32)__builtin_popcount(lanes[k]);
        if (index[k] >= p.limit && blockIdxX() == 0 && blockIdxY() == 0) { noteIndex(p.fault, chunk + place + k * warpSize, index[k]); }
    }
    if (lane == 0) { counts[warp] = found; }
    syncBlock();
    u32 at = 0, all = 0;
    RNN_UNROLL
    for (u32 w = 0; w < scatterWarps; w++)
    {
        u32 c = counts[w];
        at += w < warp ? c : 0;
        all += c;
    }
    RNN_UNROLL
    for (u32 k = 0; k < scatterRounds; k++)
    {
        u32 bit = 1u << lane;
        if ((lanes[k] & bit) != 0)
        {
            list[at + (u32)__builtin_popcount(lanes[k] & (bit - 1))] = (u32)(index[k] - firstRow) << placeBits | (place + k * warpSize);
        }
        at += (u32)__builtin_popcount(lanes[k]);
    }
    syncBlock();
    return all;
}

/// Adds the chunk's matches, all of one table row, to `sum` in order.
RNN_DEVICE float addToSum(Global<const float> dy, i32 columns, Shared<u32> list, u32 matches, float sum)
{
    for (u32 first = 0; first < matches; first += singleBatch)
    {
        float add[singleBatch];
        RNN_UNROLL
        for (u32 k = 0; k < singleBatch; k++)
        {
            add[k] = 0.0f;
            if (first + k < matches)
            {
                u32 entry = list[first + k];
                add[k] = dy[(i64)(entry & (scatterChunk - 1)) * columns];
            }
        }
        RNN_UNROLL
        for (u32 k = 0; k < singleBatch; k++)
        {
            if (first + k < matches) { sum += add[k]; }
        }
    }
    return sum;
}

/// Adds those of the chunk's matches whose table row is share modulo shares (a power of two) to the table, in order.
RNN_DEVICE void addToTable(
    Global<const float> dy, Global<float> table, i32 columns, Shared<u32> list, u32 matches, u32 share, u32 shares)
{
    for (u32 first = 0; first < matches; first += tableBatch)
    {
        float add[tableBatch], sum[tableBatch];
        i32 row[tableBatch];
        RNN_UNROLL
        for (u32 k = 0; k < tableBatch; k++)
        {
            row[k] = -1;
            add[k] = sum[k] = 0.0f;
            if (first + k < matches)
            {
                u32 entry = list[first + k], at = entry >> placeBits;
                if ((at & (shares - 1)) == share)
                {
                    row[k] = (i32)at;
                    add[k] = dy[(i64)(entry & (scatterChunk - 1)) * columns];
                    sum[k] = table[(i64)at * columns];
                }
            }
        }
        RNN_UNROLL
        for (u32 k = 0; k < tableBatch; k++)
        {
            RNN_UNROLL
            for (u32 j = 0; j < k; j++) { sum[k] = row[j] == row[k] ? sum[j] : sum[k]; }
            sum[k] += add[k];
            if (row[k] >= 0) { table[(i64)row[k] * columns] = sum[k]; }
        }
    }
}

// dTable[indices[n]] += dy[n], every element one chain of sums in ascending n from its old value; negative indices count for nothing, and ones
// beyond the table are noted.
//
// dy: [count, columns], indices: [count] int, dTable: [limit, columns]. Block (x, y) owns rowsPerBlock rows of the table and a tile of
// 2^lanesLog2 columns (at most 256). It looks through all indices, 2,048 at a time: ballots give its matches in ascending n, and then each thread adds
// one column of the matches it is in charge of (table row modulo 256 / 2^lanesLog2). No two threads share an element and each goes through its
// matches in order, so neither the grid nor timing shows in the bits, and there is nothing to sort and no workspace.
//
// Rows of dy come in batches of 16, old table values with them; a value that the same batch changed is passed on in registers. Where a block owns
// a single row (small tables), the sum stays in a register over all indices and rows of dy come in batches of 32.
// Shared memory: 8,224 bytes. Registers: up to 84 (3 blocks an SM), no spills.
// Cost: the largest of (a) 4 bytes an element of dy and 8 an element of the table rows touched against the memory's bandwidth, (b) blocks x
// count x 4 bytes of indices against the bandwidth of L2, (c) for the most frequent index, its count over the batch x one latency of memory
// (about 0.6 microseconds). Share of that limit on a GPU: not yet measured.
// 74 registers on sm_80, 72 on sm_90; 8,224 bytes of static shared memory.
RNN_KERNEL(scatter_add_f32, ScatterAddParams, 256, 3, 8224)
{
    RNN_SHARED(u32, list, scatterChunk);
    RNN_SHARED(u32, counts, scatterWarps);
    u32 lanes = 1u << p.lanesLog2, share = threadIdxX() >> p.lanesLog2, shares = scatterThreads >> p.lanesLog2;
    i32 column = (i32)(blockIdxY() * lanes + (threadIdxX() & (lanes - 1)));
    i32 firstRow = (i32)blockIdxX() * p.rowsPerBlock;
    i32 rows = p.limit - firstRow < p.rowsPerBlock ? p.limit - firstRow : p.rowsPerBlock;
    bool single = p.rowsPerBlock == 1, mine = column < p.columns && rows > 0 && (!single || share == 0);
    Global<const float> dy = global<const float>(p.dy) + (mine ? column : 0);
    Global<float> table = global<float>(p.dTable) + (i64)firstRow * p.columns + (mine ? column : 0);
    float sum = 0.0f;
    if (single && mine) { sum = table[0]; }
    for (i64 chunk = 0; chunk < p.count; chunk += scatterChunk)
    {
        u32 matches = findMatches(p, chunk, firstRow, rows, list, counts);
        if (mine && single) { sum = addToSum(dy + chunk * p.columns, p.columns, list, matches, sum); }
        else if (mine) { addToTable(dy + chunk * p.columns, table, p.columns, list, matches, share, shares); }
    }
    if (single && mine) { table[0] = sum; }
}

}  // namespace rnn
