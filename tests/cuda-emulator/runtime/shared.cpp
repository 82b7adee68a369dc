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

[[noreturn]] void race(const Thread& t, u32 unit, const Touch& other, const char* did, Access kind)
{
    const Block& block = *t.block;
    std::string who = "threads of other warps";
    if (other.rank < 1024)
    {
        const Thread& o = block.threads[other.rank];
        char text[64];
        std::snprintf(text, sizeof text, "thread (%u,%u,%u)", o.x, o.y, o.z);
        who = text;
    }
    else if (other.rank != SharedUnit::many) { who = "threads of warp " + std::to_string(other.rank & 0xFFF); }
    failThread(statusLaunchFailed, "%s %s, which %s %s with no barrier between: a race", verb(kind), describeOffset(block, 2 * unit).c_str(),
               who.c_str(), did);
}

bool unordered(const Touch& touch, const Thread& t)
{
    if (touch.phase != t.block->phase) { return false; }
    u32 warp = touch.rank < 1024 ? touch.rank / 32u : touch.rank & 0xFFFu;
    if (touch.rank != SharedUnit::many && warp == t.rank / 32 && touch.epoch != (u16)t.warp->epoch) { return false; }
    return true;
}

void noteRead(SharedUnit& unit, const Thread& t)
{
    Touch mine{t.block->phase, (u16)t.warp->epoch, (u16)t.rank};
    Touch& reader = unit.reader;
    if (reader.phase != mine.phase || reader.rank == mine.rank) { reader = mine; return; }
    if (reader.rank == SharedUnit::many) { return; }
    u32 warp = reader.rank < 1024 ? reader.rank / 32u : reader.rank & 0xFFFu;
    if (warp != t.rank / 32) { reader.rank = SharedUnit::many; }
    else if (reader.epoch != mine.epoch) { reader = mine; }
    else { reader.rank = (u16)(SharedUnit::manyInWarp + warp); }
}

void check(u32 offset, u32 bytes, Access kind)
{
    const Thread& t = *currentThread();
    Block& block = *t.block;
    u32 first = offset / 2, last = (offset + bytes - 1) / 2;
    for (u32 u = first; u <= last; u++)
    {
        SharedUnit& unit = block.units[u];
        if (unit.writer.rank != t.rank && unordered(unit.writer, t)) { race(t, u, unit.writer, "wrote", kind); }
        if (kind == Access::Write)
        {
            if (unit.reader.rank != t.rank && unordered(unit.reader, t)) { race(t, u, unit.reader, "read", kind); }
            unit.writer = Touch{block.phase, (u16)t.warp->epoch, (u16)t.rank};
        }
        else { noteRead(unit, t); }
    }
}

}  // namespace

void prepareShared(Block& block, u32 dynamicBytes)
{
    if (block.shared == nullptr)
    {
        block.shared = static_cast<u8*>(std::aligned_alloc(128, arenaBytes));
        if (block.shared == nullptr) { std::abort(); }
        std::memset(block.shared, canary, arenaBytes);
        block.units.resize(arenaBytes / 2);
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

void* sharedAt(u32 offset, u32 bytes, Access kind)
{
    Block& block = *currentThread()->block;
    if (offset > arenaBytes - 16) { outside(block, offset, bytes, kind); }
    if ((offset & (bytes - 1)) != 0)
    {
        failThread(statusMisaligned, "%s %u bytes of shared memory at an address not aligned to that: %s", verb(kind), bytes, describeOffset(block, offset).c_str());
    }
    for (u32 u = offset / 2; u <= (offset + bytes - 1) / 2; u++)
    {
        if (block.states[u] == UnitState::Ready) { continue; }
        if (block.states[u] == UnitState::Outside) { outside(block, offset, bytes, kind); }
        copying(block, offset, kind);
    }
    if (settings.sharedRaces) { check(offset, bytes, kind); }
    return block.shared + offset;
}

void beginCopy(u32 offset, u32 bytes)
{
    Block& block = *currentThread()->block;
    std::memset(sharedAt(offset, bytes, Access::Write), poison, bytes);
    std::memset(block.states.data() + offset / 2, (int)UnitState::Copying, bytes / 2);
}

void endCopy(u32 offset, u32 bytes, const void* data, u32 dataBytes)
{
    Block& block = *currentThread()->block;
    std::memset(block.states.data() + offset / 2, (int)UnitState::Ready, bytes / 2);
    u8* to = static_cast<u8*>(sharedAt(offset, bytes, Access::Write));
    std::memcpy(to, data, dataBytes);
    std::memset(to + dataBytes, 0, bytes - dataBytes);
}

void finishShared(Block& block)
{
    for (u32 i = 0; i < block.nextOffset; i++)
    {
        if (block.states[i / 2] == UnitState::Ready) { i |= 1; continue; }
        if (block.shared[i] == canary) { continue; }
        run.result.status = statusIllegalAddress;
        run.result.message = std::string("kernel ") + run.request->kernel->name + ", " + place(block.threads[0])
            + " or another of the block: a guard of shared memory was overwritten: " + describeOffset(block, i);
        return;
    }
}

}  // namespace rnnemu
