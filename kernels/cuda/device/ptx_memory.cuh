// PTX implementation: vector loads and stores, asynchronous copies, atomics, ordered accesses.
#pragma once

#include "ptx_core.cuh"

namespace rnn {

typedef float NativeFloat2 __attribute__((ext_vector_type(2)));
typedef float NativeFloat4 __attribute__((ext_vector_type(4)));
typedef u32 NativeUInt2 __attribute__((ext_vector_type(2)));
typedef u32 NativeUInt4 __attribute__((ext_vector_type(4)));

template <class V> struct Native;
template <> struct Native<Float2> { using Type = NativeFloat2; };
template <> struct Native<Float4> { using Type = NativeFloat4; };
template <> struct Native<UInt2> { using Type = NativeUInt2; };
template <> struct Native<UInt4> { using Type = NativeUInt4; };

/// One load of a whole vector, 8 or 16 bytes, from an address aligned to that.
template <class V, class T> RNN_DEVICE V loadAs(T* p)
{
    return __builtin_bit_cast(V, *(const typename Native<V>::Type*)p);
}

/// One store of a whole vector.
template <class V, class T> RNN_DEVICE void storeAs(T* p, V v)
{
    *(typename Native<V>::Type*)p = __builtin_bit_cast(typename Native<V>::Type, v);
}

// Loads through the read-only path: only for what no thread of the launch writes.
RNN_DEVICE float loadReadOnly(const float* p)
{
    float v;
    asm("ld.global.nc.f32 %0, [%1];" : "=f"(v) : "l"(p));
    return v;
}

RNN_DEVICE u32 loadReadOnly(const u32* p)
{
    u32 v;
    asm("ld.global.nc.u32 %0, [%1];" : "=r"(v) : "l"(p));
    return v;
}

RNN_DEVICE i32 loadReadOnly(const i32* p) { return (i32)loadReadOnly((const u32*)p); }

RNN_DEVICE u16 loadReadOnly(const u16* p)
{
    u16 v;
    asm("ld.global.nc.u16 %0, [%1];" : "=h"(v) : "l"(p));
    return v;
}

RNN_DEVICE bf16 loadReadOnly(const bf16* p) { return bf16{loadReadOnly((const u16*)p)}; }
RNN_DEVICE f16 loadReadOnly(const f16* p) { return f16{loadReadOnly((const u16*)p)}; }

RNN_DEVICE Float4 loadReadOnly4(const float* p)
{
    Float4 v;
    asm("ld.global.nc.v4.f32 {%0, %1, %2, %3}, [%4];" : "=f"(v.x), "=f"(v.y), "=f"(v.z), "=f"(v.w) : "l"(p));
    return v;
}

RNN_DEVICE UInt4 loadReadOnly4(const u32* p)
{
    UInt4 v;
    asm("ld.global.nc.v4.u32 {%0, %1, %2, %3}, [%4];" : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w) : "l"(p));
    return v;
}

// Loads that bypass the SM's own cache: for what other blocks wrote in this launch, behind a grid barrier or an acquire.
RNN_DEVICE float loadL2(const float* p)
{
    float v;
    asm volatile("ld.global.cg.f32 %0, [%1];" : "=f"(v) : "l"(p) : "memory");
    return v;
}

RNN_DEVICE u32 loadL2(const u32* p)
{
    u32 v;
    asm volatile("ld.global.cg.u32 %0, [%1];" : "=r"(v) : "l"(p) : "memory");
    return v;
}

RNN_DEVICE Float4 loadL2x4(const float* p)
{
    Float4 v;
    asm volatile("ld.global.cg.v4.f32 {%0, %1, %2, %3}, [%4];" : "=f"(v.x), "=f"(v.y), "=f"(v.z), "=f"(v.w) : "l"(p) : "memory");
    return v;
}

RNN_DEVICE UInt4 loadL2x4(const u32* p)
{
    UInt4 v;
    asm volatile("ld.global.cg.v4.u32 {%0, %1, %2, %3}, [%4];" : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w) : "l"(p) : "memory");
    return v;
}

/// cp.async: Bytes (4, 8, 16) from global to shared memory, both aligned to that, without passing through registers. 16 bytes bypass L1.
template <u32 Bytes, class T, class U> RNN_DEVICE void copyAsync(T* to, U* from)
{
    static_assert(Bytes == 4 || Bytes == 8 || Bytes == 16, "cp.async moves 4, 8 or 16 bytes");
    if constexpr (Bytes == 16) { asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" :: "r"(sharedAddress(to)), "l"(from) : "memory"); }
    else { asm volatile("cp.async.ca.shared.global [%0], [%1], %2;" :: "r"(sharedAddress(to)), "l"(from), "n"(Bytes) : "memory"); }
}

/// The same with only the first validBytes read (0..Bytes); the rest of the destination becomes 0. With 0 nothing is read.
template <u32 Bytes, class T, class U> RNN_DEVICE void copyAsync(T* to, U* from, u32 validBytes)
{
    static_assert(Bytes == 4 || Bytes == 8 || Bytes == 16, "cp.async moves 4, 8 or 16 bytes");
    if constexpr (Bytes == 16)
    {
        asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" :: "r"(sharedAddress(to)), "l"(from), "r"(validBytes) : "memory");
    }
    else
    {
        asm volatile("cp.async.ca.shared.global [%0], [%1], %2, %3;" :: "r"(sharedAddress(to)), "l"(from), "n"(Bytes), "r"(validBytes) : "memory");
    }
}

/// Closes the thread's group of copies issued since the last call.
RNN_DEVICE void commitAsync() { asm volatile("cp.async.commit_group;" ::: "memory"); }

/// Waits until at most Pending of the thread's groups, the latest, are under way. Other threads see the data after a barrier behind this.
template <u32 Pending> RNN_DEVICE void waitAsync() { asm volatile("cp.async.wait_group %0;" :: "n"(Pending) : "memory"); }

#define RNN_ATOMIC_FORM(order, scope, op, type, result, p, v)                                                          \
    asm volatile("atom." order "." scope "." op "." type " %0, [%1], %2;" : "=r"(result) : "l"(p), "r"(v) : "memory")

#define RNN_ATOMIC(name, op, type)                                                                                     \
    template <Order order = Order::Relaxed, Scope scope = Scope::Device> RNN_DEVICE u32 name(u32* p, u32 v)            \
    {                                                                                                                  \
        u32 old;                                                                                                       \
        if constexpr (scope == Scope::Device)                                                                          \
        {                                                                                                              \
            if constexpr (order == Order::Relaxed) { RNN_ATOMIC_FORM("relaxed", "gpu", op, type, old, p, v); }         \
            else if constexpr (order == Order::Acquire) { RNN_ATOMIC_FORM("acquire", "gpu", op, type, old, p, v); }    \
            else if constexpr (order == Order::Release) { RNN_ATOMIC_FORM("release", "gpu", op, type, old, p, v); }    \
            else { RNN_ATOMIC_FORM("acq_rel", "gpu", op, type, old, p, v); }                                           \
        }                                                                                                              \
        else                                                                                                           \
        {                                                                                                              \
            if constexpr (order == Order::Relaxed) { RNN_ATOMIC_FORM("relaxed", "cta", op, type, old, p, v); }         \
            else if constexpr (order == Order::Acquire) { RNN_ATOMIC_FORM("acquire", "cta", op, type, old, p, v); }    \
            else if constexpr (order == Order::Release) { RNN_ATOMIC_FORM("release", "cta", op, type, old, p, v); }    \
            else { RNN_ATOMIC_FORM("acq_rel", "cta", op, type, old, p, v); }                                           \
        }                                                                                                              \
        return old;                                                                                                    \
    }

// Atomics on 32-bit integers in global or shared memory; each gives the old value. Modulo 2^32; the maximum is unsigned.
RNN_ATOMIC(atomicAdd, "add", "u32")
RNN_ATOMIC(atomicMax, "max", "u32")
RNN_ATOMIC(atomicExchange, "exch", "b32")

#undef RNN_ATOMIC
#undef RNN_ATOMIC_FORM

/// The larger of two 64-bit integers, unsigned, in global memory; gives the old value.
RNN_DEVICE u64 atomicMax(u64* p, u64 v)
{
    u64 old;
    asm volatile("atom.relaxed.gpu.global.max.u64 %0, [%1], %2;" : "=l"(old) : "l"(p), "l"(v) : "memory");
    return old;
}

/// Stores v where the old value is `expected`; gives the old value.
template <Order order = Order::AcquireRelease, Scope scope = Scope::Device> RNN_DEVICE u32 atomicCas(u32* p, u32 expected, u32 v)
{
    static_assert(order == Order::Relaxed || order == Order::AcquireRelease, "compare-and-swap comes relaxed or acquire-release");
    u32 old;
    if constexpr (scope == Scope::Device && order == Order::Relaxed)
    {
        asm volatile("atom.relaxed.gpu.cas.b32 %0, [%1], %2, %3;" : "=r"(old) : "l"(p), "r"(expected), "r"(v) : "memory");
    }
    else if constexpr (scope == Scope::Device)
    {
        asm volatile("atom.acq_rel.gpu.cas.b32 %0, [%1], %2, %3;" : "=r"(old) : "l"(p), "r"(expected), "r"(v) : "memory");
    }
    else if constexpr (order == Order::Relaxed)
    {
        asm volatile("atom.relaxed.cta.cas.b32 %0, [%1], %2, %3;" : "=r"(old) : "l"(p), "r"(expected), "r"(v) : "memory");
    }
    else { asm volatile("atom.acq_rel.cta.cas.b32 %0, [%1], %2, %3;" : "=r"(old) : "l"(p), "r"(expected), "r"(v) : "memory"); }
    return old;
}

/// A load that later accesses of this thread stay behind, at device scope.
RNN_DEVICE u32 loadAcquire(const u32* p)
{
    u32 v;
    asm volatile("ld.acquire.gpu.global.u32 %0, [%1];" : "=r"(v) : "l"(p) : "memory");
    return v;
}

/// A store that earlier accesses of this thread stay before, at device scope.
RNN_DEVICE void storeRelease(u32* p, u32 v) { asm volatile("st.release.gpu.global.u32 [%0], %1;" :: "l"(p), "r"(v) : "memory"); }

RNN_DEVICE void fenceDevice() { asm volatile("fence.acq_rel.gpu;" ::: "memory"); }
RNN_DEVICE void fenceBlock() { asm volatile("fence.acq_rel.cta;" ::: "memory"); }

/// Loads *p with acquire order until done(value), and gives the value.
template <class Done> RNN_DEVICE u32 waitUntil(const u32* p, Done done)
{
    u32 v = loadAcquire(p);
    while (!done(v)) { v = loadAcquire(p); }
    return v;
}

}  // namespace rnn
