// Collectives written with the intrinsics. Orders are fixed, so sums are the same bits in every run.
#pragma once

namespace rnn {

/// Place in the block, x fastest.
RNN_DEVICE u32 threadRank() { return (threadIdxZ() * blockDimY() + threadIdxY()) * blockDimX() + threadIdxX(); }

/// Warp of the block.
RNN_DEVICE u32 warpId() { return threadRank() / warpSize; }

/// Sum over the lanes of each segment of `width`, in every lane: a butterfly, distances width / 2 down to 1.
RNN_DEVICE float warpSum(float v, u32 width = 32)
{
    for (u32 d = width / 2; d > 0; d /= 2) { v += shuffleXor(v, d); }
    return v;
}

/// Largest over the lanes of each segment, in every lane; NaN if any is NaN.
RNN_DEVICE float warpMax(float v, u32 width = 32)
{
    for (u32 d = width / 2; d > 0; d /= 2) { v = max(v, shuffleXor(v, d)); }
    return v;
}

// One load or store of 2 or 4 neighbouring elements of 32 bits.
template <class P> RNN_DEVICE auto load4(P p)
{
    if constexpr (isFloatPointer<P>) { return loadAs<Float4>(p); }
    else { return loadAs<UInt4>(p); }
}

template <class P> RNN_DEVICE auto load2(P p)
{
    if constexpr (isFloatPointer<P>) { return loadAs<Float2>(p); }
    else { return loadAs<UInt2>(p); }
}

template <class P, class V> RNN_DEVICE void store4(P p, V v)
{
    static_assert(sizeof(V) == 16, "store4 takes a Float4 or a UInt4");
    storeAs<V>(p, v);
}

template <class P, class V> RNN_DEVICE void store2(P p, V v)
{
    static_assert(sizeof(V) == 8, "store2 takes a Float2 or a UInt2");
    storeAs<V>(p, v);
}

}  // namespace rnn
