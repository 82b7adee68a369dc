// Indices that are too large: data that only the device sees.
#pragma once

namespace rnn {

/// Notes an index beyond its limit in a word that the host reads when it next waits. The largest word wins, that is the first row, whatever
/// the order in which threads come: row below 2^32, complemented, above the index.
RNN_DEVICE void noteIndex(u64 fault, i64 row, i32 index)
{
    atomicMax(global<u64>(fault), (u64)(0xFFFFFFFFu - (u32)row) << 32 | (u32)index);
}

}  // namespace rnn
