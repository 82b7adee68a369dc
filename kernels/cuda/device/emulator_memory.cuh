// Host C++ implementation: vector loads and stores, asynchronous copies, atomics, ordered accesses. Every access is checked.
#pragma once

#include "emulator_core.cuh"

namespace rnn {

template <class V, class T, class Space> RNN_DEVICE V loadAs(Pointer<T, Space> p) { return Space::template load<V>(p.address); }
template <class V, class T, class Space> RNN_DEVICE void storeAs(Pointer<T, Space> p, V v) { Space::template store<V>(p.address, v); }

template <class V, class T> RNN_DEVICE V loadUnwritten(Global<T> p)
{
    return *static_cast<const V*>(::rnnemu::globalAt(p.address, sizeof(V), Access::ReadOnly));
}

template <class T> RNN_DEVICE auto loadReadOnly(Global<T> p) { return loadUnwritten<std::remove_const_t<T>>(p); }

template <class T> RNN_DEVICE auto loadReadOnly4(Global<T> p)
{
    static_assert(sizeof(T) == 4, "four elements of 32 bits");
    return loadUnwritten<std::conditional_t<std::is_same_v<const T, const float>, Float4, UInt4>>(p);
}

template <class T> RNN_DEVICE auto loadL2(Global<T> p) { return GlobalSpace::load<std::remove_const_t<T>>(p.address); }

template <class T> RNN_DEVICE auto loadL2x4(Global<T> p)
{
    static_assert(sizeof(T) == 4, "four elements of 32 bits");
    return GlobalSpace::load<std::conditional_t<std::is_same_v<const T, const float>, Float4, UInt4>>(p.address);
}

template <u32 Bytes, class T, class U> RNN_DEVICE void copyAsync(Shared<T> to, Global<U> from, RNN_SITE)
{
    static_assert(Bytes == 4 || Bytes == 8 || Bytes == 16, "cp.async moves 4, 8 or 16 bytes");
    ::rnnemu::copyAsync(to.address, from.address, Bytes, Bytes, file, line);
}

template <u32 Bytes, class T, class U> RNN_DEVICE void copyAsync(Shared<T> to, Global<U> from, u32 validBytes, RNN_SITE)
{
    static_assert(Bytes == 4 || Bytes == 8 || Bytes == 16, "cp.async moves 4, 8 or 16 bytes");
    ::rnnemu::copyAsync(to.address, from.address, Bytes, validBytes, file, line);
}

RNN_DEVICE void commitAsync() { ::rnnemu::commitAsync(); }
template <u32 Pending> RNN_DEVICE void waitAsync() { ::rnnemu::waitAsync(Pending); }

RNN_DEVICE u32* atomicAt(Global<u32> p) { return static_cast<u32*>(::rnnemu::globalAt(p.address, 4, Access::Atomic)); }
RNN_DEVICE u32* atomicAt(Shared<u32> p) { return static_cast<u32*>(::rnnemu::sharedAt<4>(p.address, Access::Atomic)); }

/// One atomic read-modify-write, with what its order means to the race check. Fibers are switched only at waits, so it is atomic as it stands.
template <Order order, Scope scope, class Space, class Update> RNN_DEVICE u32 atomicUpdate(Pointer<u32, Space> p, Update update)
{
    constexpr bool between = std::is_same_v<Space, GlobalSpace> && scope == Scope::Device;
    u32* at = atomicAt(p);
    u32 old = *at;
    if constexpr (between && (order == Order::Acquire || order == Order::AcquireRelease)) { ::rnnemu::noteAcquire(p.address); }
    if constexpr (between && (order == Order::Release || order == Order::AcquireRelease)) { ::rnnemu::noteRelease(p.address); }
    *at = update(old);
    ::rnnemu::progress++;
    return old;
}

template <Order order = Order::Relaxed, Scope scope = Scope::Device, class Space> RNN_DEVICE u32 atomicAdd(Pointer<u32, Space> p, u32 v)
{
    return atomicUpdate<order, scope>(p, [=](u32 old) { return old + v; });
}

template <Order order = Order::Relaxed, Scope scope = Scope::Device, class Space> RNN_DEVICE u32 atomicMax(Pointer<u32, Space> p, u32 v)
{
    return atomicUpdate<order, scope>(p, [=](u32 old) { return old > v ? old : v; });
}

RNN_DEVICE u64 atomicMax(Global<u64> p, u64 v)
{
    u64* at = static_cast<u64*>(::rnnemu::globalAt(p.address, 8, Access::Atomic));
    u64 old = *at;
    *at = old > v ? old : v;
    ::rnnemu::progress++;
    return old;
}

template <Order order = Order::Relaxed, Scope scope = Scope::Device, class Space> RNN_DEVICE u32 atomicExchange(Pointer<u32, Space> p, u32 v)
{
    return atomicUpdate<order, scope>(p, [=](u32) { return v; });
}

template <Order order = Order::AcquireRelease, Scope scope = Scope::Device, class Space>
RNN_DEVICE u32 atomicCas(Pointer<u32, Space> p, u32 expected, u32 v)
{
    static_assert(order == Order::Relaxed || order == Order::AcquireRelease, "compare-and-swap comes relaxed or acquire-release");
    return atomicUpdate<order, scope>(p, [=](u32 old) { return old == expected ? v : old; });
}

template <class T> RNN_DEVICE u32 loadAcquire(Global<T> p)
{
    static_assert(std::is_same_v<const T, const u32>, "ordered loads are of u32");
    u32 v = *static_cast<const u32*>(::rnnemu::globalAt(p.address, 4, Access::Atomic));
    ::rnnemu::noteAcquire(p.address);
    return v;
}

RNN_DEVICE void storeRelease(Global<u32> p, u32 v)
{
    u32* at = atomicAt(p);
    ::rnnemu::noteRelease(p.address);
    ::rnnemu::progress++;
    *at = v;
}

RNN_DEVICE void fenceDevice() {}
RNN_DEVICE void fenceBlock() {}

template <class T, class Done> RNN_DEVICE u32 waitUntil(Global<T> p, Done done, RNN_SITE)
{
    ::rnnemu::requireCooperative(file, line);
    u32 v = loadAcquire(p);
    while (!done(v))
    {
        ::rnnemu::pauseForChange(p.address, file, line);
        v = loadAcquire(p);
    }
    return v;
}

}  // namespace rnn
