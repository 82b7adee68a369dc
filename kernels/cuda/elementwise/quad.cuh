// Four elements a thread: the unit of kernels that run straight over tensors.
#pragma once

namespace rnn {

/// Threads of a block and elements of a block of the linear kernels; twins in Linear.cs.
constexpr u32 linearThreads = 256;
constexpr u32 linearElements = 4 * linearThreads;

/// The four elements of a thread: first, first + step, ... below end. As one 16-byte access where `vector`, else each by itself, which for
/// neighbouring threads are neighbouring addresses.
struct Quad {
    i64 first, end;
    u32 step;
    bool vector;
};

/// @param aligned  whether every tensor starts at a multiple of 16 bytes: `(p.x | p.y) % 16 == 0`.
RNN_DEVICE Quad quadOf(i64 count, bool aligned)
{
    i64 block = (i64)blockIdxX() * linearElements;
    if (!aligned) { return Quad{block + threadIdxX(), count, linearThreads, false}; }
    i64 first = block + 4 * threadIdxX();
    return Quad{first, count, 1, first + 4 <= count};
}

/// The elements, 0 for those beyond the end.
RNN_DEVICE void load(Global<const float> p, const Quad& q, float (&v)[4])
{
    if (q.vector)
    {
        Float4 f = load4(p + q.first);
        v[0] = f.x;
        v[1] = f.y;
        v[2] = f.z;
        v[3] = f.w;
        return;
    }
    RNN_UNROLL
    for (u32 k = 0; k < 4; k++)
    {
        i64 i = q.first + k * q.step;
        v[k] = 0.0f;
        if (i < q.end) { v[k] = p[i]; }
    }
}

RNN_DEVICE void store(Global<float> p, const Quad& q, const float (&v)[4])
{
    if (q.vector)
    {
        store4(p + q.first, Float4{v[0], v[1], v[2], v[3]});
        return;
    }
    RNN_UNROLL
    for (u32 k = 0; k < 4; k++)
    {
        i64 i = q.first + k * q.step;
        if (i < q.end) { p[i] = v[k]; }
    }
}

/// v[k] = f(v[k]).
template <class F> RNN_DEVICE void each(float (&v)[4], F f)
{
    RNN_UNROLL
    for (u32 k = 0; k < 4; k++) { v[k] = f(v[k]); }
}

}  // namespace rnn
