// Shared memory of a block: where its arrays stand, what may be touched, and who touched it last. Two accesses of one unit by two threads,
// at least one a write, are a race unless a block barrier, or within a warp a barrier of the whole warp, lies between them.
#include "scheduler.h"

#include <cstdlib>
#include <cstring>

namespace rnnemu {

namespace {

// The arena's first guard keeps offset 0 invalid. Room for the most dynamic memory, the most static memory, and guards around every array.
constexpr u32 guard = 128, arenaBytes = 320 * 1024;
constexpr u8 poison = 0xFF, canary = 0xC5;

u32 aligned(u32 offset, u32 to) { return (offset + to - 1) / to * to; }

void open(Block& block, u32 offset, u32 bytes)
{
    std::memset(block.shared + offset, poison, bytes);
    std::memset(block.states.data() + offset / 2, (int)UnitState::Ready, (bytes + 1) / 2);
}

std::string describeOffset(const Block& block, u32 offset)
{
    char text[160];
    if (run.request->dynamicShared > 0 && offset >= block.dynamicOffset && offset < block.dynamicOffset + run.request->dynamicShared)
    {
        std::snprintf(text, sizeof text, "byte %u of the dynamic shared memory (%u bytes)", offset - block.dynamicOffset, run.request->dynamicShared);
        return text;
    }
    const SharedArray* nearest = nullptr;
    for (const SharedArray& a : block.arrays)
    {
        if (offset >= a.offset && (nearest == nullptr || a.offset > nearest->offset)) { nearest = &a; }
    }
    if (nearest == nullptr)
    {
        std::snprintf(text, sizeof text, "byte %d of the dynamic shared memory (%u bytes)", (int)(offset - block.dynamicOffset), run.request->dynamicShared);
    }
    else { std::snprintf(text, sizeof text, "byte %u of the shared array %s (%u bytes)", offset - nearest->offset, nearest->name, nearest->bytes); }
    return text;
}

const char* verb(Access kind) { return kind == Access::Write || kind == Access::Copy ? "writes" : kind == Access::Atomic ? "updates" : "reads"; }

[[noreturn]] void outside(const Block& block, u32 offset, u32 bytes, Access kind)
{
    failThread(statusIllegalAddress, "%s %u bytes of shared memory outside of it: %s", verb(kind), bytes, describeOffset(block, offset).c_str());
}

[[noreturn]] void copying(const Block& block, u32 offset, Access kind)
{
    for (const Thread& t : block.threads)
    {
        for (const PendingCopy& c : t.copies)
        {
            if (offset + 16 > c.to && offset < c.to + c.bytes)
            {
                failThread(statusLaunchFailed, "%s %s, which an asynchronous copy of thread (%u,%u,%u) (%s:%d) is still filling: a waitAsync is missing",
                           verb(kind), describeOffset(block, offset).c_str(), t.x, t.y, t.z, c.file, c.line);
            }
        }
    }
    failThread(statusLaunchFailed, "%s %s, which an asynchronous copy is still filling", verb(kind), describeOffset(block, offset).c_str());
}

u32 phaseOf(Touch touch) { return (u32)(touch >> 32); }
u16 epochOf(Touch touch) { return (u16)(touch >> 16); }
u16 rankOf(Touch touch) { return (u16)touch; }
u32 warpOf(Touch touch) { return rankOf(touch) < 1024 ? rankOf(touch) / 32u : rankOf(touch) & 0xFFFu; }
Touch touchBy(const Thread& t) { return (u64)t.block->phase << 32 | (u64)(u16)t.warp->epoch << 16 | (u16)t.rank; }

[[noreturn]] void race(const Thread& t, u32 unit, Touch other, const char* did, Access kind)
{
    const Block& block = *t.block;
    std::string who = "threads of other warps";
    if (rankOf(other) < 1024)
    {
        const Thread& o = block.threads[rankOf(other)];
        char text[64];
        std::snprintf(text, sizeof text, "thread (%u,%u,%u)", o.x, o.y, o.z);
        who = text;
    }
    else if (rankOf(other) != manyReaders) { who = "threads of warp " + std::to_string(warpOf(other)); }
    failThread(statusLaunchFailed, "%s %s, which %s %s with no barrier between: a race", verb(kind), describeOffset(block, 2 * unit).c_str(),
               who.c_str(), did);
}

/// Another thread's touch that no barrier separates from this thread's now.
bool races(Touch touch, const Thread& t)
{
    if (phaseOf(touch) != t.block->phase || rankOf(touch) == t.rank) { return false; }
    return rankOf(touch) == manyReaders || warpOf(touch) != t.rank / 32 || epochOf(touch) == (u16)t.warp->epoch;
}

/// What a unit remembers of its readers once this thread has read it too.
Touch readBy(Touch reader, Touch mine)
{
    if (phaseOf(reader) != phaseOf(mine) || rankOf(reader) == rankOf(mine)) { return mine; }
    if (rankOf(reader) == manyReaders) { return reader; }
    if (warpOf(reader) != warpOf(mine)) { return reader | manyReaders; }
    if (epochOf(reader) != epochOf(mine)) { return mine; }
    return (reader & ~0xFFFFull) | (u64)(manyInWarp + warpOf(mine));
}

/// Judges and notes an access of some neighbouring units. They nearly always have one history, so each is only compared with the first.
template <u32 Units> void note(u32 first, Access kind)
{
    const Thread& t = *currentThread();
    Touch* writers = t.block->writers.data() + first;
    Touch* readers = t.block->readers.data() + first;
    Touch mine = touchBy(t), writer = writers[0], reader = readers[0], differences = 0;
    for (u32 u = 1; u < Units; u++) { differences |= (writers[u] ^ writer) | (readers[u] ^ reader); }
    if (differences == 0)
    {
        if (races(writer, t)) { race(t, first, writer, "wrote", kind); }
        if (kind == Access::Write)
        {
            if (races(reader, t)) { race(t, first, reader, "read", kind); }
            for (u32 u = 0; u < Units; u++) { writers[u] = mine; }
            return;
        }
        Touch next = readBy(reader, mine);
        if (next == reader) { return; }
        for (u32 u = 0; u < Units; u++) { readers[u] = next; }
        return;
    }
    for (u32 u = 0; u < Units; u++)
    {
        if (races(writers[u], t)) { race(t, first + u, writers[u], "wrote", kind); }
        if (kind == Access::Write)
        {
            if (races(readers[u], t)) { race(t, first + u, readers[u], "read", kind); }
            writers[u] = mine;
        }
        else { readers[u] = readBy(readers[u], mine); }
    }
}

/// The states of an access's units, all ready, as the bytes lie in memory.
template <u32 Units> bool allReady(const UnitState* states)
{
    static constexpr UnitState ready[8] = {UnitState::Ready, UnitState::Ready, UnitState::Ready, UnitState::Ready,
                                           UnitState::Ready, UnitState::Ready, UnitState::Ready, UnitState::Ready};
    return std::memcmp(states, ready, Units) == 0;
}

[[noreturn]] void notReady(const Block& block, u32 offset, u32 bytes, Access kind)
{
    for (u32 u = offset / 2; u <= (offset + bytes - 1) / 2; u++)
    {
        if (block.states[u] == UnitState::Outside) { outside(block, offset, bytes, kind); }
        if (block.states[u] == UnitState::Copying) { break; }
    }
    copying(block, offset, kind);
}

/// Does every byte from one offset to another still hold the guard's pattern? Else says which is the first that doesn't.
bool guardStands(const Block& block, u32 from, u32 to, u32* broken)
{
    for (u32 i = from; i < to; i++)
    {
        if (block.shared[i] != canary) { *broken = i; return false; }
    }
    return true;
}

}  // namespace

void prepareShared(Block& block, u32 dynamicBytes)
{
    if (block.shared == nullptr)
    {
        block.shared = static_cast<u8*>(std::aligned_alloc(128, arenaBytes));
        if (block.shared == nullptr) { std::abort(); }
        std::memset(block.shared, canary, arenaBytes);
        block.writers.resize(arenaBytes / 2);
        block.readers.resize(arenaBytes / 2);
        block.states.resize(arenaBytes / 2, UnitState::Outside);
    }
    else if (block.nextOffset > 0)
    {
        std::memset(block.shared, canary, block.nextOffset);
        std::memset(block.states.data(), (int)UnitState::Outside, block.nextOffset / 2);
    }
    block.arrays.clear();
    block.staticBytes = 0;
    block.dynamicOffset = guard;
    block.nextOffset = dynamicBytes == 0 ? 0 : aligned(guard + dynamicBytes, guard) + guard;
    if (dynamicBytes > 0) { open(block, guard, dynamicBytes); }
}

u32 staticShared(const void* tag, u32 bytes, const char* name)
{
    Block& block = *currentThread()->block;
    for (const SharedArray& a : block.arrays)
    {
        if (a.tag == tag) { return a.offset; }
    }
    block.staticBytes += bytes;
    if (block.staticBytes > run.request->kernel->staticShared)
    {
        failThread(statusLaunchFailed, "opens the shared array %s of %u bytes, %u in all, but RNN_KERNEL declares %u",
                   name, bytes, block.staticBytes, run.request->kernel->staticShared);
    }
    u32 offset = block.nextOffset == 0 ? guard : block.nextOffset;
    if (offset + bytes + guard > arenaBytes) { failThread(statusLaunchFailed, "opens the shared array %s: no room for it", name); }
    block.arrays.push_back(SharedArray{tag, offset, bytes, name});
    block.nextOffset = aligned(offset + bytes, 16) + 16;
    open(block, offset, bytes);
    return offset;
}

u32 dynamicShared(u32 offset) { return currentThread()->block->dynamicOffset + offset; }

template <u32 Bytes> void* sharedAt(u32 offset, Access kind)
{
    constexpr u32 units = Bytes < 2 ? 1 : Bytes / 2;
    Block& block = *currentThread()->block;
    if (offset > arenaBytes - 16) { outside(block, offset, Bytes, kind); }
    if ((offset & (Bytes - 1)) != 0)
    {
        failThread(statusMisaligned, "%s %u bytes of shared memory at an address not aligned to that: %s", verb(kind), Bytes, describeOffset(block, offset).c_str());
    }
    if (!allReady<units>(block.states.data() + offset / 2)) { notReady(block, offset, Bytes, kind); }
    if (settings.sharedRaces) { note<units>(offset / 2, kind); }
    return block.shared + offset;
}

template void* sharedAt<2>(u32, Access);
template void* sharedAt<4>(u32, Access);
template void* sharedAt<8>(u32, Access);
template void* sharedAt<16>(u32, Access);

namespace {

void* writtenAt(u32 offset, u32 bytes)
{
    return bytes == 16 ? sharedAt<16>(offset, Access::Write) : bytes == 8 ? sharedAt<8>(offset, Access::Write) : sharedAt<4>(offset, Access::Write);
}

}  // namespace

void beginCopy(u32 offset, u32 bytes)
{
    Block& block = *currentThread()->block;
    std::memset(writtenAt(offset, bytes), poison, bytes);
    std::memset(block.states.data() + offset / 2, (int)UnitState::Copying, bytes / 2);
}

void endCopy(u32 offset, u32 bytes, const void* data, u32 dataBytes)
{
    Block& block = *currentThread()->block;
    std::memset(block.states.data() + offset / 2, (int)UnitState::Ready, bytes / 2);
    u8* to = static_cast<u8*>(writtenAt(offset, bytes));
    std::memcpy(to, data, dataBytes);
    std::memset(to + dataBytes, 0, bytes - dataBytes);
}

void finishShared(Block& block)
{
    // guards: before, between and behind the dynamic memory and the arrays, which stand in the order of their offsets
    u32 from = 0, broken = 0;
    bool stand = true;
    auto region = [&](u32 offset, u32 bytes)
    {
        stand = stand && guardStands(block, from, offset, &broken);
        from = (offset + bytes + 1) / 2 * 2;
    };
    if (run.request->dynamicShared > 0) { region(block.dynamicOffset, run.request->dynamicShared); }
    for (const SharedArray& a : block.arrays) { region(a.offset, a.bytes); }
    if (block.nextOffset > 0) { region(block.nextOffset, 0); }
    if (stand) { return; }
    run.result.status = statusIllegalAddress;
    run.result.message = std::string("kernel ") + run.request->kernel->name + ", " + place(block.threads[0])
        + " or another of the block: a guard of shared memory was overwritten: " + describeOffset(block, broken);
}

}  // namespace rnnemu
