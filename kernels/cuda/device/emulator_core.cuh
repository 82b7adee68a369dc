// Host C++ implementation: kernels, indices, checked pointers, barriers, shuffles. The emulator's build passes -Drnn=rnn_<file>, so that every
// kernel file has these in a namespace of its own and equal names in two files cannot meet.
#pragma once

#include "kernel_api.h"
#include "types.cuh"

#include <cmath>
#include <type_traits>

#define RNN_EMULATOR 1
#define RNN_ARCH 900

#define RNN_DEVICE inline
#define RNN_UNROLL
#define RNN_ROLLED

// The call's place in the kernel, for messages.
#define RNN_SITE const char *file = __builtin_FILE(), int line = __builtin_LINE()

#define RNN_KERNEL(name, Params, maxThreads, minBlocks, staticSharedBytes)                                             \
    static void name##Body(const Params& p);                                                                           \
    static const ::rnnemu::KernelRegistration name##Registration({#name, __FILE__, sizeof(Params), maxThreads,         \
        minBlocks, staticSharedBytes, [](const void* q) { name##Body(*static_cast<const Params*>(q)); }});             \
    static void name##Body([[maybe_unused]] const Params& p)

#define RNN_SHARED(T, name, count)                                                                                     \
    static char name##Tag;                                                                                             \
    const Shared<T> name{::rnnemu::staticShared(&name##Tag, (count) * sizeof(T), #name)}

namespace rnn {

using ::rnnemu::Access;

template <class T> constexpr bool accessible = sizeof(T) == 1 || sizeof(T) == 2 || sizeof(T) == 4 || sizeof(T) == 8 || sizeof(T) == 16;

/// An element of memory that a checked pointer points to. Reads where a T is wanted and writes where it is assigned; it can't be kept.
template <class T, class Space> struct Element {
    typename Space::Address address;

    explicit Element(typename Space::Address a) : address(a) {}
    Element(const Element&) = delete;

    operator T() const&& { return Space::template load<T>(address); }
    T operator=(T v) && { return update(v); }
    T operator=(const Element& other) && { return update(Space::template load<T>(other.address)); }
    T operator+=(T v) && { return update(Space::template load<T>(address) + v); }
    T operator-=(T v) && { return update(Space::template load<T>(address) - v); }
    T operator*=(T v) && { return update(Space::template load<T>(address) * v); }
    T operator|=(T v) && { return update(Space::template load<T>(address) | v); }
    T operator&=(T v) && { return update(Space::template load<T>(address) & v); }
    T operator^=(T v) && { return update(Space::template load<T>(address) ^ v); }

private:
    T update(T v) const { Space::template store<T>(address, v); return v; }
};

/// A checked pointer. Space says how an address is read and written.
template <class T, class Space> struct Pointer {
    using Address = typename Space::Address;
    using Value = std::remove_const_t<T>;

    Address address = Space::null;

    Pointer() = default;
    Pointer(std::nullptr_t) {}
    explicit Pointer(Address a) : address(a) {}

    template <class U> requires(std::is_same_v<const U, T> && !std::is_same_v<U, T>)
    Pointer(Pointer<U, Space> other) : address(other.address) {}

    auto operator[](i64 i) const
    {
        static_assert(accessible<T>, "elements have 1, 2, 4, 8 or 16 bytes");
        Address at = address + (Address)(i * (i64)sizeof(T));
        if constexpr (std::is_const_v<T>) { return Space::template load<Value>(at); }
        else { return Element<T, Space>(at); }
    }

    auto operator*() const { return (*this)[0]; }
    Pointer operator+(i64 n) const { return Pointer(address + (Address)(n * (i64)sizeof(T))); }
    Pointer operator-(i64 n) const { return *this + -n; }
    Pointer& operator+=(i64 n) { return *this = *this + n; }
    Pointer& operator-=(i64 n) { return *this = *this - n; }
    Pointer& operator++() { return *this += 1; }
    template <class U> requires std::is_same_v<const U, const T>
    i64 operator-(Pointer<U, Space> other) const { return ((i64)address - (i64)other.address) / (i64)sizeof(T); }
    explicit operator bool() const { return address != Space::null; }
    bool operator==(const Pointer& other) const { return address == other.address; }
    bool operator<(const Pointer& other) const { return address < other.address; }
};

struct GlobalSpace {
    using Address = u64;
    static constexpr Address null = 0;

    template <class T> static T load(Address a) { return *static_cast<const T*>(::rnnemu::globalAt(a, sizeof(T), Access::Read)); }
    template <class T> static void store(Address a, T v) { *static_cast<T*>(::rnnemu::globalAt(a, sizeof(T), Access::Write)) = v; }
};

struct SharedSpace {
    using Address = u32;
    static constexpr Address null = 0xFFFFFFFFu;

    template <class T> static T load(Address a)
    {
        static_assert(sizeof(T) >= 2, "shared memory is checked in units of 2 bytes");
        return *static_cast<const T*>(::rnnemu::sharedAt<sizeof(T)>(a, Access::Read));
    }

    template <class T> static void store(Address a, T v)
    {
        static_assert(sizeof(T) >= 2, "shared memory is checked in units of 2 bytes");
        *static_cast<T*>(::rnnemu::sharedAt<sizeof(T)>(a, Access::Write)) = v;
    }
};

template <class T> using Global = Pointer<T, GlobalSpace>;
template <class T> using Shared = Pointer<T, SharedSpace>;

template <class P> constexpr bool isFloatPointer = false;
template <class Space> constexpr bool isFloatPointer<Pointer<float, Space>> = true;
template <class Space> constexpr bool isFloatPointer<Pointer<const float, Space>> = true;

template <class T> RNN_DEVICE Global<T> global(u64 address) { return Global<T>(address); }
template <class T> RNN_DEVICE Shared<T> dynamicShared(u32 byteOffset) { return Shared<T>(::rnnemu::dynamicShared(byteOffset)); }
template <class U, class T, class Space> RNN_DEVICE Pointer<U, Space> cast(Pointer<T, Space> p) { return Pointer<U, Space>(p.address); }

RNN_DEVICE u32 threadIdxX() { return ::rnnemu::current->x; }
RNN_DEVICE u32 threadIdxY() { return ::rnnemu::current->y; }
RNN_DEVICE u32 threadIdxZ() { return ::rnnemu::current->z; }
RNN_DEVICE u32 blockIdxX() { return ::rnnemu::current->blockX; }
RNN_DEVICE u32 blockIdxY() { return ::rnnemu::current->blockY; }
RNN_DEVICE u32 blockIdxZ() { return ::rnnemu::current->blockZ; }
RNN_DEVICE u32 blockDimX() { return ::rnnemu::launchView.block.x; }
RNN_DEVICE u32 blockDimY() { return ::rnnemu::launchView.block.y; }
RNN_DEVICE u32 blockDimZ() { return ::rnnemu::launchView.block.z; }
RNN_DEVICE u32 gridDimX() { return ::rnnemu::launchView.grid.x; }
RNN_DEVICE u32 gridDimY() { return ::rnnemu::launchView.grid.y; }
RNN_DEVICE u32 gridDimZ() { return ::rnnemu::launchView.grid.z; }
RNN_DEVICE u32 laneId() { return ::rnnemu::current->rank % 32; }

RNN_DEVICE u32 opaque(u32 v) { return v; }

RNN_DEVICE void syncBlock(RNN_SITE) { ::rnnemu::syncBlock(file, line); }
RNN_DEVICE void syncWarp(u32 mask = fullWarp, RNN_SITE) { ::rnnemu::syncWarp(mask, file, line); }

template <class T>
RNN_DEVICE T shuffleWith(::rnnemu::Combine combine, const char* name, T v, u32 argument, u32 width, u32 mask, const char* file, int line)
{
    static_assert(std::is_arithmetic_v<T> && sizeof(T) == 4, "shuffles move 32-bit numbers; read an element into a variable first");
    ::rnnemu::ShuffleOperand operand{__builtin_bit_cast(u32, v), argument, width, 0};
    ::rnnemu::collective(mask, combine, &operand, name, file, line);
    return __builtin_bit_cast(T, operand.result);
}

template <class T> RNN_DEVICE T shuffleXor(T v, u32 laneMask, u32 width = 32, u32 mask = fullWarp, RNN_SITE)
{
    return shuffleWith(::rnnemu::combineShuffleXor, "shuffleXor", v, laneMask, width, mask, file, line);
}

template <class T> RNN_DEVICE T shuffleUp(T v, u32 delta, u32 width = 32, u32 mask = fullWarp, RNN_SITE)
{
    return shuffleWith(::rnnemu::combineShuffleUp, "shuffleUp", v, delta, width, mask, file, line);
}

template <class T> RNN_DEVICE T shuffleDown(T v, u32 delta, u32 width = 32, u32 mask = fullWarp, RNN_SITE)
{
    return shuffleWith(::rnnemu::combineShuffleDown, "shuffleDown", v, delta, width, mask, file, line);
}

template <class T> RNN_DEVICE T shuffle(T v, u32 lane, u32 width = 32, u32 mask = fullWarp, RNN_SITE)
{
    return shuffleWith(::rnnemu::combineShuffle, "shuffle", v, lane, width, mask, file, line);
}

RNN_DEVICE u32 ballot(bool b, u32 mask = fullWarp, RNN_SITE)
{
    ::rnnemu::VoteOperand operand{b, 0};
    ::rnnemu::collective(mask, ::rnnemu::combineVote, &operand, "ballot", file, line);
    return operand.result;
}

RNN_DEVICE bool any(bool b, u32 mask = fullWarp, RNN_SITE) { return ballot(b, mask, file, line) != 0; }
RNN_DEVICE bool all(bool b, u32 mask = fullWarp, RNN_SITE) { return ballot(b, mask, file, line) == mask; }

RNN_DEVICE float fma(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
RNN_DEVICE float sqrt(float x) { return __builtin_sqrtf(x); }
RNN_DEVICE float round(float x) { return __builtin_rintf(x); }
RNN_DEVICE float abs(float x) { return __builtin_fabsf(x); }

/// Toward zero, NaN gives 0 and what is too large the nearest integer, as cvt.rzi does.
RNN_DEVICE i32 toInt(float x)
{
    if (x != x) { return 0; }
    if (x >= 2147483648.0f) { return 0x7FFFFFFF; }
    return x < -2147483648.0f ? -0x7FFFFFFF - 1 : (i32)x;
}

RNN_DEVICE float max(float a, float b)
{
    if (a != a || b != b) { return __builtin_nanf(""); }
    return a > b || (a == b && !__builtin_signbit(a)) ? a : b;
}

RNN_DEVICE float min(float a, float b)
{
    if (a != a || b != b) { return __builtin_nanf(""); }
    return a < b || (a == b && __builtin_signbit(a)) ? a : b;
}

// Approximate on the GPU; here the host's own functions, so results are close and not equal.
RNN_DEVICE float fastExp2(float x)
{
    float y = ::exp2f(x);
    return y < 1.17549435e-38f ? 0.0f : y;
}

RNN_DEVICE float fastTanh(float x) { return ::tanhf(x); }
RNN_DEVICE float fastRcp(float x) { return 1.0f / x; }

}  // namespace rnn
