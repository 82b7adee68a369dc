// PTX implementation: kernels, indices, pointers, barriers, shuffles. Compiled by clang++-19 without toolkit headers, so the
// attributes are spelled out here.
#pragma once

#include "types.cuh"

#define RNN_EMULATOR 0
#define RNN_ARCH __CUDA_ARCH__

#define RNN_DEVICE inline __attribute__((device, always_inline))
#define RNN_UNROLL _Pragma("unroll")
#define RNN_ROLLED _Pragma("unroll 1")

/// Opens a kernel's definition. The parameters are `p`. staticShared is declared for the emulator, which checks it.
#define RNN_KERNEL(name, Params, maxThreads, minBlocks, staticShared)                                                  \
    extern "C" __attribute__((global)) __attribute__((launch_bounds(maxThreads, minBlocks))) void name(const Params p)

/// Static shared array `name` of `count` elements, aligned to 16 bytes.
#define RNN_SHARED(T, name, count)                                                                                     \
    static __attribute__((shared)) __attribute__((aligned(16))) T name##Array[count];                                  \
    T* const name = name##Array

namespace rnn {

template <class T> using Global = T*;
template <class T> using Shared = T*;

template <class P> constexpr bool isFloatPointer = false;
template <> inline constexpr bool isFloatPointer<float*> = true;
template <> inline constexpr bool isFloatPointer<const float*> = true;

extern __attribute__((shared)) __attribute__((aligned(128))) u8 rnnDynamicShared[];

/// A parameter's address as a pointer; through the global address space, so that loads need not find out where they go.
template <class T> RNN_DEVICE T* global(u64 address)
{
    return (T*)reinterpret_cast<__attribute__((address_space(1))) T*>(address);
}

template <class T> RNN_DEVICE T* dynamicShared(u32 byteOffset) { return reinterpret_cast<T*>(rnnDynamicShared + byteOffset); }

template <class U, class T> RNN_DEVICE U* cast(T* p) { return (U*)p; }

/// The 32-bit address that shared-memory instructions take.
RNN_DEVICE u32 sharedAddress(const void* p) { return (u32)(u64)(__attribute__((address_space(3))) const void*)p; }

RNN_DEVICE u32 threadIdxX() { return __nvvm_read_ptx_sreg_tid_x(); }
RNN_DEVICE u32 threadIdxY() { return __nvvm_read_ptx_sreg_tid_y(); }
RNN_DEVICE u32 threadIdxZ() { return __nvvm_read_ptx_sreg_tid_z(); }
RNN_DEVICE u32 blockIdxX() { return __nvvm_read_ptx_sreg_ctaid_x(); }
RNN_DEVICE u32 blockIdxY() { return __nvvm_read_ptx_sreg_ctaid_y(); }
RNN_DEVICE u32 blockIdxZ() { return __nvvm_read_ptx_sreg_ctaid_z(); }
RNN_DEVICE u32 blockDimX() { return __nvvm_read_ptx_sreg_ntid_x(); }
RNN_DEVICE u32 blockDimY() { return __nvvm_read_ptx_sreg_ntid_y(); }
RNN_DEVICE u32 blockDimZ() { return __nvvm_read_ptx_sreg_ntid_z(); }
RNN_DEVICE u32 gridDimX() { return __nvvm_read_ptx_sreg_nctaid_x(); }
RNN_DEVICE u32 gridDimY() { return __nvvm_read_ptx_sreg_nctaid_y(); }
RNN_DEVICE u32 gridDimZ() { return __nvvm_read_ptx_sreg_nctaid_z(); }

/// Place in the warp. Blocks are linear in x, y, z order, so this agrees with threadRank() % 32.
RNN_DEVICE u32 laneId()
{
    u32 lane;
    asm("mov.u32 %0, %%laneid;" : "=r"(lane));
    return lane;
}

/// v, of which the compiler knows nothing: what is computed from it anew is not kept in registers from before.
RNN_DEVICE u32 opaque(u32 v)
{
    asm volatile("" : "+r"(v));
    return v;
}

/// bar.sync: every thread of the block arrives; shared and global writes before it are seen after it.
RNN_DEVICE void syncBlock() { __syncthreads(); }

/// bar.warp.sync: the lanes of the mask arrive; their writes before it are seen by them after it.
RNN_DEVICE void syncWarp(u32 mask = fullWarp) { __nvvm_bar_warp_sync(mask); }

// Shuffles of 32-bit values: every lane of the mask gives v and gets another lane's. `width` (a power of two) cuts the warp into segments.
// A lane whose source lies outside its segment gets its own value back.
template <class T> RNN_DEVICE T shuffleXor(T v, u32 laneMask, u32 width = 32, u32 mask = fullWarp)
{
    static_assert(sizeof(T) == 4, "shuffles move 32 bits");
    return __builtin_bit_cast(T, __nvvm_shfl_sync_bfly_i32(mask, __builtin_bit_cast(i32, v), (i32)laneMask, (i32)(((32 - width) << 8) | 31)));
}

template <class T> RNN_DEVICE T shuffleUp(T v, u32 delta, u32 width = 32, u32 mask = fullWarp)
{
    static_assert(sizeof(T) == 4, "shuffles move 32 bits");
    return __builtin_bit_cast(T, __nvvm_shfl_sync_up_i32(mask, __builtin_bit_cast(i32, v), (i32)delta, (i32)((32 - width) << 8)));
}

template <class T> RNN_DEVICE T shuffleDown(T v, u32 delta, u32 width = 32, u32 mask = fullWarp)
{
    static_assert(sizeof(T) == 4, "shuffles move 32 bits");
    return __builtin_bit_cast(T, __nvvm_shfl_sync_down_i32(mask, __builtin_bit_cast(i32, v), (i32)delta, (i32)(((32 - width) << 8) | 31)));
}

template <class T> RNN_DEVICE T shuffle(T v, u32 lane, u32 width = 32, u32 mask = fullWarp)
{
    static_assert(sizeof(T) == 4, "shuffles move 32 bits");
    return __builtin_bit_cast(T, __nvvm_shfl_sync_idx_i32(mask, __builtin_bit_cast(i32, v), (i32)lane, (i32)(((32 - width) << 8) | 31)));
}

/// One bit a lane of the mask: its predicate.
RNN_DEVICE u32 ballot(bool b, u32 mask = fullWarp) { return (u32)__nvvm_vote_ballot_sync(mask, b); }
RNN_DEVICE bool any(bool b, u32 mask = fullWarp) { return __nvvm_vote_any_sync(mask, b); }
RNN_DEVICE bool all(bool b, u32 mask = fullWarp) { return __nvvm_vote_all_sync(mask, b); }

// Scalar operations that C++ has no operator for. fma rounds once; min and max give NaN if either is NaN, and -0 is below +0.
RNN_DEVICE float fma(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
RNN_DEVICE float sqrt(float x) { return __nvvm_sqrt_rn_f(x); }
RNN_DEVICE float round(float x) { return __builtin_rintf(x); }
RNN_DEVICE float abs(float x) { return __builtin_fabsf(x); }
RNN_DEVICE i32 toInt(float x) { return __nvvm_f2i_rz(x); }

RNN_DEVICE float max(float a, float b)
{
    float y;
    asm("max.NaN.f32 %0, %1, %2;" : "=f"(y) : "f"(a), "f"(b));
    return y;
}

RNN_DEVICE float min(float a, float b)
{
    float y;
    asm("min.NaN.f32 %0, %1, %2;" : "=f"(y) : "f"(a), "f"(b));
    return y;
}

/// Approximate 2^x (ex2.approx.ftz: 2 ulp; subnormal results are 0).
RNN_DEVICE float fastExp2(float x)
{
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

/// Approximate tanh (tanh.approx: relative error 2^-11).
RNN_DEVICE float fastTanh(float x)
{
    float y;
    asm("tanh.approx.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

/// Approximate 1 / x (rcp.approx.ftz: 1 ulp).
RNN_DEVICE float fastRcp(float x)
{
    float y;
    asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

}  // namespace rnn
