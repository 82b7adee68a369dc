// One small kernel for each intrinsic; intrinsics_tests.cpp compares with plain C++ on the host.
#include "device.cuh"

#include "test_params.h"

namespace rnn {

// out[i] for the i-th thread of the grid, blocks outermost, x fastest: its indices packed.
RNN_KERNEL(test_indices, TestParams, 1024, 1, 0)
{
    Global<u32> out = global<u32>(p.out);
    u32 block = (blockIdxZ() * gridDimY() + blockIdxY()) * gridDimX() + blockIdxX();
    u32 i = block * blockDimX() * blockDimY() * blockDimZ() + threadRank();
    out[4 * i] = threadIdxX() | threadIdxY() << 8 | threadIdxZ() << 16;
    out[4 * i + 1] = blockIdxX() | blockIdxY() << 8 | blockIdxZ() << 16;
    out[4 * i + 2] = laneId() | warpId() << 8;
    out[4 * i + 3] = blockDimX() * 1000000 + gridDimX() * 10000 + gridDimY() * 100 + gridDimZ();
}

// One warp: lane l holds in[l]; out[32 k + l] is what shuffle k gave it.
RNN_KERNEL(test_shuffles, TestParams, 32, 1, 0)
{
    u32 l = laneId();
    u32 v = global<const u32>(p.in)[l];
    Global<u32> out = global<u32>(p.out);
    out[l] = shuffleXor(v, 5);
    out[32 + l] = shuffleUp(v, 3);
    out[64 + l] = shuffleDown(v, 7);
    out[96 + l] = shuffle(v, (l * 7 + 1) % 32);
    out[128 + l] = shuffleXor(v, 3, 8);
    out[160 + l] = shuffleUp(v, 2, 8);
    out[192 + l] = shuffleDown(v, 2, 8);
    out[224 + l] = shuffle(v, 3, 8);
    out[256 + l] = ballot((v & 1) != 0);
    out[288 + l] = (any(v == 12345) ? 1u : 0u) | (all(v == 12345) ? 2u : 0u) | (any(l < 32) ? 4u : 0u) | (all(l < 32) ? 8u : 0u);
    float f = (float)v;
    out[320 + l] = __builtin_bit_cast(u32, warpSum(f));
    out[352 + l] = __builtin_bit_cast(u32, warpMax(f));
    out[384 + l] = __builtin_bit_cast(u32, warpSum(f, 8));
    out[416 + l] = 0;
    if (l < 16) { out[416 + l] = shuffleXor(v, 1, 32, 0xFFFFu) + ballot(l > 7, 0xFFFFu); }
    syncWarp();
}

// A block reverses its elements through a static array, then rotates by one through dynamic memory.
RNN_KERNEL(test_shared, TestParams, 256, 1, 1024)
{
    RNN_SHARED(float, a, 256);
    Shared<float> b = dynamicShared<float>(16);
    u32 t = threadIdxX(), n = blockDimX();
    a[t] = global<const float>(p.in)[blockIdxX() * n + t];
    syncBlock();
    b[t] = a[n - 1 - t];
    syncBlock();
    global<float>(p.out)[blockIdxX() * n + t] = b[(t + 1) % n];
}

// Neighbours of a warp exchange through shared memory with warp barriers only.
RNN_KERNEL(test_sync_warp, TestParams, 64, 1, 256)
{
    RNN_SHARED(u32, a, 64);
    u32 t = threadIdxX();
    u32 v = global<const u32>(p.in)[t];
    for (u32 round = 0; round < 4; round++)
    {
        a[t] = v;
        syncWarp();
        v += a[t ^ 1];
        syncWarp();
    }
    global<u32>(p.out)[t] = v;
}

// Asynchronous copies of 4, 8 and 16 bytes, in two groups; the third with only some bytes valid. in: 64 x 16 bytes of u32; out: three tiles.
RNN_KERNEL(test_copy_async, TestParams, 64, 1, 3 * 1024)
{
    RNN_SHARED(u32, a, 256);
    RNN_SHARED(u32, b, 256);
    RNN_SHARED(u32, c, 256);
    u32 t = threadIdxX();
    Global<const u32> in = global<const u32>(p.in);
    Global<u32> out = global<u32>(p.out);
    copyAsync<16>(a + 4 * t, in + 4 * t);
    commitAsync();
    copyAsync<8>(b + 4 * t, in + 4 * t);
    copyAsync<8>(b + 4 * t + 2, in + 4 * t + 2);
    for (u32 i = 0; i < 2; i++) { copyAsync<4>(c + 4 * t + i, in + 4 * t + i); }
    copyAsync<8>(c + 4 * t + 2, in + 4 * t + 2, t % 3 * 4);
    commitAsync();
    waitAsync<1>();
    syncBlock();
    for (u32 i = 0; i < 4; i++) { out[4 * t + i] = a[4 * (63 - t) + i]; }
    waitAsync<0>();
    syncBlock();
    for (u32 i = 0; i < 4; i++)
    {
        out[256 + 4 * t + i] = b[4 * (63 - t) + i];
        out[512 + 4 * t + i] = c[4 * (63 - t) + i];
    }
}

// One warp: in holds four 8 x 8 matrices of u16, row-major; out gets each lane's registers of x4, x2, x1, then the same transposed.
RNN_KERNEL(test_ldmatrix, TestParams, 32, 1, 512)
{
    RNN_SHARED(u32, tile, 128);
    u32 l = laneId();
    for (u32 i = 0; i < 4; i++) { tile[4 * l + i] = global<const u32>(p.in)[4 * l + i]; }
    syncWarp();
    Global<u32> out = global<u32>(p.out);
    u32 four[4], two[2], one[1];
    ldmatrix(four, tile + 4 * l);
    ldmatrix(two, tile + 4 * (l % 16));
    ldmatrix(one, tile + 4 * (l % 8));
    u32 at = 14 * l;
    for (u32 i = 0; i < 4; i++) { out[at + i] = four[i]; }
    for (u32 i = 0; i < 2; i++) { out[at + 4 + i] = two[i]; }
    out[at + 6] = one[0];
    ldmatrixTransposed(four, tile + 4 * l);
    ldmatrixTransposed(two, tile + 4 * (l % 16));
    ldmatrixTransposed(one, tile + 4 * (l % 8));
    for (u32 i = 0; i < 4; i++) { out[at + 7 + i] = four[i]; }
    for (u32 i = 0; i < 2; i++) { out[at + 11 + i] = two[i]; }
    out[at + 13] = one[0];
}

// One warp: D [16, 8] = C + A B. in: A [16, 16] row-major u16 then B [16, 8] row-major u16, brought to fragments by ldmatrix; extra: C; choice
// 0: bf16, 1: fp16.
RNN_KERNEL(test_mma_halves, TestParams, 32, 1, 768)
{
    RNN_SHARED(u16, a, 256);
    RNN_SHARED(u16, b, 128);
    u32 l = laneId(), g = l / 4, t = l % 4;
    Global<const u16> in = global<const u16>(p.in);
    for (u32 i = l; i < 256; i += 32) { a[i] = in[i]; }
    for (u32 i = l; i < 128; i += 32) { b[i] = in[256 + i]; }
    syncWarp();
    u32 fragmentA[4], fragmentB[2];
    ldmatrix(fragmentA, a + (l % 16) * 16 + l / 16 * 8);
    ldmatrixTransposed(fragmentB, b + (l % 16) * 8);
    Global<const float> c = global<const float>(p.extra);
    float d[4];
    for (u32 i = 0; i < 4; i++) { d[i] = c[(g + i / 2 * 8) * 8 + 2 * t + i % 2]; }
    if (p.choice == 0) { mmaBf16(d, fragmentA, fragmentB); }
    else { mmaF16(d, fragmentA, fragmentB); }
    for (u32 i = 0; i < 4; i++) { global<float>(p.out)[(g + i / 2 * 8) * 8 + 2 * t + i % 2] = d[i]; }
}

// The same with tf32: A [16, 8] and B [8, 8] as fp32 in `in`, fragments by their definition.
RNN_KERNEL(test_mma_tf32, TestParams, 32, 1, 0)
{
    u32 l = laneId(), g = l / 4, t = l % 4;
    Global<const float> a = global<const float>(p.in), b = a + 128, c = global<const float>(p.extra);
    u32 fragmentA[4] = {toTf32(a[g * 8 + t]), toTf32(a[(g + 8) * 8 + t]), toTf32(a[g * 8 + t + 4]), toTf32(a[(g + 8) * 8 + t + 4])};
    u32 fragmentB[2] = {toTf32(b[t * 8 + g]), toTf32(b[(t + 4) * 8 + g])};
    float d[4];
    for (u32 i = 0; i < 4; i++) { d[i] = c[(g + i / 2 * 8) * 8 + 2 * t + i % 2]; }
    mmaTf32(d, fragmentA, fragmentB);
    for (u32 i = 0; i < 4; i++) { global<float>(p.out)[(g + i / 2 * 8) * 8 + 2 * t + i % 2] = d[i]; }
}

// out[4 i ..] = bits of toBf16, toF16, toTf32 of in[i], and of toFloat(f16 of the lower bits of i).
RNN_KERNEL(test_conversions, TestParams, 256, 1, 0)
{
    Global<const float> in = global<const float>(p.in);
    Global<u32> out = global<u32>(p.out);
    for (i64 i = (i64)blockIdxX() * blockDimX() + threadIdxX(); i < p.count; i += (i64)gridDimX() * blockDimX())
    {
        float x = in[i];
        out[5 * i] = toBf16(x).bits | (u32)toF16(x).bits << 16;
        out[5 * i + 1] = packBf16(x, 2.0f) ^ packF16(3.0f, x);
        out[5 * i + 2] = toTf32(x);
        out[5 * i + 3] = __builtin_bit_cast(u32, toFloat(f16{(u16)i}));
        out[5 * i + 4] = __builtin_bit_cast(u32, toFloat(bf16{(u16)i}));
    }
}

// out[9 i ..] = functions of in[i].
RNN_KERNEL(test_math, TestParams, 256, 1, 0)
{
    Global<const float> in = global<const float>(p.in);
    Global<float> out = global<float>(p.out);
    for (i64 i = (i64)blockIdxX() * blockDimX() + threadIdxX(); i < p.count; i += (i64)gridDimX() * blockDimX())
    {
        float x = in[i];
        out[11 * i] = exp(x);
        out[11 * i + 1] = log(abs(x));
        out[11 * i + 2] = sigmoid(x);
        out[11 * i + 3] = tanh(x);
        out[11 * i + 4] = rsqrt(abs(x));
        out[11 * i + 5] = fastExp(x);
        out[11 * i + 6] = fastSigmoid(x);
        out[11 * i + 7] = fastTanh(x);
        out[11 * i + 8] = fastRcp(x);
        out[11 * i + 9] = max(x, in[(i + 1) % p.count]);
        out[11 * i + 10] = min(x, in[(i + 1) % p.count]);
    }
}

// out[4 i ..] = block i of the stream (seed in, step extra, site choice).
RNN_KERNEL(test_philox, TestParams, 32, 1, 0)
{
    u32 i = threadIdxX();
    UInt4 words = philox(p.in, p.extra, (u32)p.choice, (u64)p.count + i);
    store4(global<u32>(p.out) + 4 * i, words);
}

// Counts, maxima and swaps by every thread of the grid, in global and shared memory. out: add, max, cas, sum of what exchange gave, shared add.
RNN_KERNEL(test_atomics, TestParams, 128, 1, 8)
{
    RNN_SHARED(u32, s, 2);
    Global<u32> out = global<u32>(p.out);
    u32 i = blockIdxX() * blockDimX() + threadIdxX();
    if (threadIdxX() < 2) { s[threadIdxX()] = 0; }
    syncBlock();
    atomicAdd(out, i);
    atomicMax<Order::AcquireRelease, Scope::Device>(out + 1, i * 7919u % 1000u);
    u32 seen = atomicCas<Order::Relaxed>(out + 2, 0, i + 1);
    if (seen == 0) { atomicAdd(out + 3, 1u); }
    atomicAdd<Order::Relaxed, Scope::Block>(s, 1u);
    atomicMax<Order::Relaxed, Scope::Block>(s + 1, threadIdxX());
    syncBlock();
    if (threadIdxX() == 0) { atomicAdd(out + 4, s[0] * 1000 + s[1]); }
    atomicAdd(out + 6, atomicExchange(out + 5, i));
}

// The last block to arrive adds up what all have written: no block waits. in: values; extra: partial sums; out[0]: sum; out[1]: counter.
RNN_KERNEL(test_last_block, TestParams, 32, 1, 0)
{
    Global<float> partial = global<float>(p.extra);
    Global<u32> counter = global<u32>(p.out) + 1;
    float v = warpSum(global<const float>(p.in)[blockIdxX() * 32 + threadIdxX()]);
    u32 arrived = 0;
    if (threadIdxX() == 0)
    {
        partial[blockIdxX()] = v;
        arrived = atomicAdd<Order::AcquireRelease, Scope::Device>(counter, 1u);
    }
    arrived = shuffle(arrived, 0);
    if (arrived == gridDimX() - 1 && threadIdxX() == 0)
    {
        float sum = 0;
        for (u32 i = 0; i < gridDimX(); i++) { sum += loadL2(partial + i); }
        global<float>(p.out)[0] = sum;
    }
}

// Rounds of: write mine, wait for all, read my neighbour's. out: [blocks]; extra: the grid barrier's word; in: two buffers [2, blocks].
RNN_KERNEL(test_sync_grid, TestParams, 64, 1, 0)
{
    Global<u32> word = global<u32>(p.extra);
    Global<u32> buffers = global<u32>(p.in);
    u32 b = blockIdxX(), n = gridDimX(), v = b + 1;
    for (u32 round = 0; round < (u32)p.count; round++)
    {
        Global<u32> buffer = buffers + (i64)(round % 2) * n;
        if (threadIdxX() == 0) { buffer[b] = v; }
        syncGrid(word);
        v = v * 3 + loadL2(buffer + (b + 1) % n);
    }
    if (threadIdxX() == 0) { global<u32>(p.out)[b] = v; }
}

// A chain of blocks: each waits for the one before it. out: [blocks]; extra: flags [blocks], 0 at first.
RNN_KERNEL(test_wait_chain, TestParams, 32, 1, 0)
{
    Global<u32> out = global<u32>(p.out), flags = global<u32>(p.extra);
    u32 b = blockIdxX();
    if (threadIdxX() == 0)
    {
        u32 before = 1;
        if (b > 0)
        {
            waitAtLeast(flags + (b - 1), 1);
            before = out[b - 1];
        }
        out[b] = before * 2 + b;
        storeRelease(flags + b, 1);
    }
}

// Vectors of two and four, global and shared, and the loads of other paths. in, out: [128] floats.
RNN_KERNEL(test_vectors, TestParams, 32, 1, 512)
{
    RNN_SHARED(float, s, 128);
    Global<const float> in = global<const float>(p.in);
    Global<float> out = global<float>(p.out);
    u32 t = threadIdxX();
    Float4 v = loadReadOnly4(in + 4 * t);
    v.x += loadReadOnly(in + 4 * t);
    store4(s + 4 * t, v);
    syncWarp();
    Float4 w = load4(s + 4 * (31 - t));
    Float2 h = load2(s + 4 * t + 2);
    Float4 g = loadL2x4(in + 4 * t);
    store2(out + 4 * t, Float2{w.x + h.x, w.y + h.y});
    store2(out + 4 * t + 2, Float2{w.z + g.z, w.w + loadL2(in + 4 * t + 3)});
    UInt4 bits = load4(cast<u32>(out + 4 * t));
    store4(cast<u32>(out + 4 * t), bits);
}

// y[i] = value.
RNN_KERNEL(test_fill, VectorParams, 256, 8, 0)
{
    Global<float> y = global<float>(p.y);
    for (i64 i = (i64)blockIdxX() * blockDimX() + threadIdxX(); i < p.count; i += (i64)gridDimX() * blockDimX()) { y[i] = p.value; }
}

// y[i] += value x[i].
RNN_KERNEL(test_add, VectorParams, 256, 8, 0)
{
    Global<const float> x = global<const float>(p.x);
    Global<float> y = global<float>(p.y);
    for (i64 i = (i64)blockIdxX() * blockDimX() + threadIdxX(); i < p.count; i += (i64)gridDimX() * blockDimX()) { y[i] += p.value * x[i]; }
}

}  // namespace rnn
