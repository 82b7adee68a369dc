// Types common to both implementations. Nothing here touches a device.
#pragma once

namespace rnn {

using u8 = unsigned char;
using u16 = unsigned short;
using u32 = unsigned int;
using u64 = unsigned long long;
using i32 = int;
using i64 = long long;

static_assert(sizeof(u32) == 4 && sizeof(u64) == 8, "the host contract fixes these sizes");

/// The upper half of an fp32: 8 bits of exponent, 7 of fraction.
struct bf16 { u16 bits; };

/// IEEE half precision: 5 bits of exponent, 10 of fraction.
struct f16 { u16 bits; };

// Vectors that one instruction loads or stores; elements by [i] or .x .y .z .w.
struct alignas(8) Float2 { float x, y; };
struct alignas(16) Float4 { float x, y, z, w; };
struct alignas(8) UInt2 { u32 x, y; };
struct alignas(16) UInt4 { u32 x, y, z, w; };

/// All lanes of a warp.
constexpr u32 fullWarp = 0xFFFFFFFFu;
constexpr u32 warpSize = 32;

/// What a memory operation orders: nothing, what follows, what precedes, or both.
enum class Order { Relaxed, Acquire, Release, AcquireRelease };

/// Among whom it orders: the block's threads, or all threads of the device.
enum class Scope { Block, Device };

}  // namespace rnn
