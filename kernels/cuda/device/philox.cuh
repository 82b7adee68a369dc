// Philox 4x32-10, the same streams as src/RnnGpu.Core/Philox.cs: element i of the stream (seed, step, site) is word i % 4 of block i / 4.
#pragma once

namespace rnn {

/// Block `index` of a stream: its elements 4 index .. 4 index + 3.
RNN_DEVICE UInt4 philox(u64 seed, u64 step, u32 site, u64 index)
{
    u32 c0 = (u32)index, c1 = (u32)(index >> 32), c2 = (u32)step, c3 = site ^ (u32)(step >> 32);
    u32 k0 = (u32)seed, k1 = (u32)(seed >> 32);
    RNN_UNROLL
    for (int round = 0; round < 10; round++)
    {
        u64 p0 = mulWide(0xD2511F53u, c0), p1 = mulWide(0xCD9E8D57u, c2);
        c0 = (u32)(p1 >> 32) ^ c1 ^ k0;
        c1 = (u32)p1;
        c2 = (u32)(p0 >> 32) ^ c3 ^ k1;
        c3 = (u32)p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return UInt4{c0, c1, c2, c3};
}

/// A word as a uniform number in [0, 1): its upper 24 bits, exactly.
RNN_DEVICE float toUniform(u32 word) { return (float)(word >> 8) * (1.0f / 16777216.0f); }

}  // namespace rnn
