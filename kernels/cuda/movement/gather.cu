// Rows of a table by index.
#include "device.cuh"
#include "rnn_abi.h"
#include "movement/fault.cuh"

namespace rnn {

RNN_DEVICE u32 zero(u32) { return 0; }
RNN_DEVICE UInt4 zero(UInt4) { return UInt4{0, 0, 0, 0}; }

template <class V> RNN_DEVICE void gather(const GatherParams& p)
{
    u32 lanes = 1u << p.lanesLog2, lane = threadIdxX() & (lanes - 1);
    i64 row = (i64)blockIdxX() * (blockDimX() >> p.lanesLog2) + (threadIdxX() >> p.lanesLog2);
    if (row >= p.rows) { return; }
    i32 index = global<const i32>(p.indices)[row];
    bool none = index < 0 || index >= p.limit;
    if (index >= p.limit && lane == 0) { noteIndex(p.fault, row, index); }
    Global<const V> from = global<const V>(p.table) + (i64)(none ? 0 : index) * p.columns;
    Global<V> to = global<V>(p.y) + row * p.columns;
    for (i32 c = (i32)lane; c < p.columns; c += (i32)lanes)
    {
        V v = zero(V());
        if (!none) { v = from[c]; }
        to[c] = v;
    }
}

// y[n] = table[indices[n]]; zeros for a negative index, and for one beyond the table, which is noted.
//
// table: [limit, columns], indices: [rows] int, y: [rows, columns], elements of 32 bits. 2^lanesLog2 threads (at most a block, 256) share a row.
// Shared memory: none. Registers: up to 32 (8 blocks an SM), no spills.
// Cost: 8 bytes an element against the memory's bandwidth, less where the table stays in L2. Share of that limit on a GPU: not yet measured.
// 22 registers on sm_80, 22 on sm_90; 0 bytes of static shared memory.
RNN_KERNEL(gather_b32, GatherParams, 256, 8, 0) { gather<u32>(p); }

// The same in units of 16 bytes: columns a multiple of four, table and y aligned.
// 24 registers on sm_80, 24 on sm_90; 0 bytes of static shared memory.
RNN_KERNEL(gather_b128, GatherParams, 256, 8, 0) { gather<UInt4>(p); }

}  // namespace rnn
