// What kernels compiled as host C++ call: the emulator's side of kernels/cuda/device/emulator_*.cuh. One host thread runs kernels at a time
// (the driver's lock), and every thread of a block is a fiber on it, so `current` is a plain variable.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rnnemu {

using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;
using i32 = std::int32_t;
using i64 = std::int64_t;

/// How a kernel touches memory. Copy marks an asynchronous copy's own traffic; ReadOnly asserts that nothing writes there in this launch.
enum class Access : u8 { Read, Write, Atomic, ReadOnly, Copy };

struct Warp;
struct Block;

/// A thread of a running kernel: the part that kernels read.
struct ThreadView {
    u32 x, y, z;    // threadIdx
    u32 rank;       // in the block, x fastest
    u32 blockX, blockY, blockZ;
};

struct Dims { u32 x, y, z; };

/// A launch: the part that kernels read.
struct LaunchView {
    Dims block, grid;
    u32 dynamicShared;  // bytes
};

/// Device memory as kernels see it: addresses base..base+size, stored delta bytes further in this process. A device address itself is
/// never mapped, so that dereferencing one faults. shadow has a byte for every 8: how many of them, from the first, may be touched;
/// negative where none may (Shadow in heap.h says why).
struct HeapView {
    u64 base, size;
    i64 delta;
    const signed char* shadow;
};

extern ThreadView* current;
extern LaunchView launchView;
extern HeapView heapView;

/// Counts changes of global memory, so that threads that wait can tell whether anything moves.
extern u64 progress;

/// Nonzero: global accesses are checked for races between blocks.
extern bool checkGlobalRaces;

using KernelBody = void (*)(const void* parameters);

struct KernelInfo {
    const char* name;
    const char* file;
    u32 parameterBytes;
    u32 maxThreads;
    u32 minBlocks;
    u32 staticShared;
    KernelBody body;
};

/// Enters a kernel in the registry before main; a second kernel of the same name ends the process with a message.
struct KernelRegistration { explicit KernelRegistration(const KernelInfo& info); };

[[noreturn]] void badGlobalAccess(u64 address, u32 bytes, Access kind);
void noteGlobalAccess(u64 address, u32 bytes, Access kind);

/// Where a checked global access is stored in this process.
inline void* globalAt(u64 address, u32 bytes, Access kind)
{
    u64 offset = address - heapView.base;
    if (offset >= heapView.size || (address & (bytes - 1)) != 0) { badGlobalAccess(address, bytes, kind); }
    const signed char* shadow = heapView.shadow + (offset >> 3);
    bool inside = bytes <= 8 ? (i32)(offset & 7) + (i32)bytes <= shadow[0] : shadow[0] == 8 && shadow[1] == 8;
    if (!inside) { badGlobalAccess(address, bytes, kind); }
    progress += kind == Access::Write;
    if (checkGlobalRaces) { noteGlobalAccess(address, bytes, kind); }
    return reinterpret_cast<void*>(address + (u64)heapView.delta);
}

/// Where a checked shared access of this block is stored; also notes it for the race check.
template <u32 Bytes> void* sharedAt(u32 offset, Access kind);

/// Offset of the static shared array that `tag` stands for; the same for every thread of the block.
u32 staticShared(const void* tag, u32 bytes, const char* name);

/// Offset of byte `offset` of the launch's dynamic shared memory.
u32 dynamicShared(u32 offset);

void syncBlock(const char* file, int line);
void syncWarp(u32 mask, const char* file, int line);

/// Brings the lanes of a mask together. Each passes its operand block; the last to come runs combine over all of them (nullptr for lanes outside
/// the mask), after which every lane goes on. All must pass the same combine, file and line.
using Combine = void (*)(void* const* operands, u32 mask);
void collective(u32 mask, Combine combine, void* operand, const char* name, const char* file, int line);

struct ShuffleOperand { u32 value, argument, width, result; };
void combineShuffleXor(void* const* operands, u32 mask);
void combineShuffleUp(void* const* operands, u32 mask);
void combineShuffleDown(void* const* operands, u32 mask);
void combineShuffle(void* const* operands, u32 mask);

struct VoteOperand { u32 predicate, result; };
void combineVote(void* const* operands, u32 mask);

struct LoadMatrixOperand { u32 matrices, transposed; u16 row[8]; u32 result[4]; };
void combineLoadMatrix(void* const* operands, u32 mask);

struct MultiplyOperand { const u32* a; const u32* b; float* d; };
void combineMmaBf16(void* const* operands, u32 mask);
void combineMmaF16(void* const* operands, u32 mask);
void combineMmaTf32(void* const* operands, u32 mask);

void copyAsync(u32 to, u64 from, u32 bytes, u32 validBytes, const char* file, int line);
void commitAsync();
void waitAsync(u32 pending);

/// Orders this thread's accesses to a word that blocks synchronise by: what the race check learns from.
void noteAcquire(u64 address);
void noteRelease(u64 address);

/// Gives up the processor until something in global memory changes; a launch in which nothing can change is an error.
void pauseForChange(u64 address, const char* file, int line);

/// A wait that nobody needs: fails the launch when the grid was not launched cooperatively.
void requireCooperative(const char* file, int line);

float halfToFloat(u16 bits);
u16 floatToHalf(float x);

}  // namespace rnnemu
