// Races between blocks on global memory. Every access is stamped with the launch, the block and the time, which counts the launch's releases.
// What a block did up to a release is seen by blocks that acquired it: block.clock[other] is the time up to which other's past has been seen.
// A write and another block's access of the same four bytes, neither seen by the other, are a race, whatever order the emulator ran them in.
// Between streams likewise: each piece of work knows how far into the others' work it comes behind, by events and by the host's waits.
#include "heap.h"
#include "scheduler.h"

#include <algorithm>
#include <cinttypes>
#include <cstring>
#include <sys/mman.h>
#include <unordered_map>

namespace rnnemu {

bool checkGlobalRaces = false;
bool trackStreams = false;

namespace {

/// launch 24 bits, block 20 bits, time 20 bits; 0 is nothing.
using Stamp = u64;
constexpr u32 manyBlocks = (1u << 20) - 1, lastTime = (1u << 20) - 1;

/// Last accesses of four bytes. elsewhere: a reader that the last reader does not come behind, on another stream.
struct Cell { Stamp writer, reader, elsewhere; };

/// Whose work a launch was.
struct Piece { u32 lane; u64 serial; const char* name; };

std::vector<Piece> pieces;  // by launch
Piece running{0, 0, ""};
const Past* past = nullptr;

Cell* cells = nullptr;  // one for every four bytes of the address range, mapped as touched
u64 cellBytes = 0;
u32 launch = 0, now = 1;
std::unordered_map<u64, std::vector<u32>> released;  // by address: what its releases published
std::unordered_map<u64, std::vector<u32>> readers;   // by cell, where more than one block read it: each block's last time, or 0

Stamp stamp(u32 block) { return (u64)launch << 40 | (u64)block << 20 | now; }
u32 launchOf(Stamp s) { return (u32)(s >> 40); }
u32 blockOf(Stamp s) { return (u32)(s >> 20) & manyBlocks; }
u32 timeOf(Stamp s) { return (u32)s & lastTime; }

/// Does the work that runs come behind that of an access?
bool behind(Stamp s)
{
    u32 l = launchOf(s);
    if (l == launch || l >= pieces.size() || past == nullptr) { return true; }
    const Piece& p = pieces[l];
    return p.serial == 0 || (p.lane < past->size() && p.serial <= (*past)[p.lane]);
}

std::string streamRace(u64 address, const char* does, Stamp s, const char* did)
{
    char text[512];
    std::snprintf(text, sizeof text, "%s global memory at 0x%" PRIx64 " (%s), which %s on another stream %s: no event and no wait orders the two, a race between streams",
                  does, address, heap.describe(address, 4).c_str(), pieces[launchOf(s)].name, did);
    return text;
}

/// Judges a reading or writing piece of work against those of other streams, and remembers readers that later ones do not come behind.
const char* judgeStreams(Cell& cell, bool writes, Stamp* other)
{
    *other = cell.writer;
    if (!behind(cell.writer)) { return "wrote"; }
    if (!writes)
    {
        if (!behind(cell.reader)) { cell.elsewhere = cell.reader; }
        return nullptr;
    }
    for (Stamp reader : {cell.reader, cell.elsewhere})
    {
        *other = reader;
        if (!behind(reader)) { return "reads"; }
    }
    cell.elsewhere = 0;
    return nullptr;
}

void nextLaunch(const char* name)
{
    if (++launch == 1u << 24)
    {
        launch = 1;
        pieces.clear();
        if (cells != nullptr) { madvise(cells, cellBytes, MADV_DONTNEED); }
    }
    if (!trackStreams) { return; }
    pieces.resize(launch + 1, Piece{0, 0, ""});
    pieces[launch] = Piece{running.lane, running.serial, name};
}

u32 blockCount() { return launchView.grid.x * launchView.grid.y * launchView.grid.z; }
u32 seen(const Block& b, u32 other) { return b.clock.empty() ? 0 : b.clock[other]; }

/// Has this block seen an access by another?
bool ordered(const Block& b, Stamp s, u64 cell)
{
    if (launchOf(s) != launch || blockOf(s) == b.index) { return true; }
    if (blockOf(s) != manyBlocks) { return timeOf(s) <= seen(b, blockOf(s)); }
    const std::vector<u32>& times = readers.at(cell);
    for (u32 other = 0; other < times.size(); other++)
    {
        if (other != b.index && seen(b, other) < times[other]) { return false; }
    }
    return true;
}

/// Notes a read beside those of other blocks that this block has not seen.
void addReader(const Block& b, Stamp before, u64 cell)
{
    std::vector<u32>& times = readers[cell];
    if (blockOf(before) != manyBlocks)
    {
        times.assign(blockCount(), 0);
        times[blockOf(before)] = timeOf(before);
    }
    times[b.index] = now;
}

[[noreturn]] void race(u64 address, Access kind, Stamp s, const char* did)
{
    Dims g = launchView.grid;
    u32 other = blockOf(s);
    char who[64] = "other blocks";
    if (other != manyBlocks) { std::snprintf(who, sizeof who, "block (%u,%u,%u)", other % g.x, other / g.x % g.y, other / g.x / g.y); }
    const char* does = kind == Access::Write ? "writes" : kind == Access::Atomic ? "updates" : "reads";
    failThread(statusLaunchFailed, "%s global memory at 0x%" PRIx64 " (%s), which %s %s in this launch with nothing to order the two: a race",
               does, address, heap.describe(address, 4).c_str(), who, did);
}

}  // namespace

void startRaces()
{
    released.clear();
    readers.clear();
    now = 1;
    if (settings.globalRaces && cells == nullptr)
    {
        cellBytes = heapView.size / 4 * sizeof(Cell);
        void* room = mmap(nullptr, cellBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (room == MAP_FAILED) { settings.globalRaces = false; return; }
        madvise(room, cellBytes, MADV_DONTDUMP);
        cells = static_cast<Cell*>(room);
    }
    nextLaunch(run.request->kernel->name);
}

void startPiece(u32 lane, u64 serial, const Past* itsPast)
{
    running = Piece{lane, serial, ""};
    past = itsPast;
}

void forgetPieces()
{
    trackStreams = false;
    pieces.clear();
    past = nullptr;
}

void forgetAccesses(u64 address, u64 bytes)
{
    if (cells == nullptr) { return; }
    constexpr u64 page = 4096;
    u8* first = reinterpret_cast<u8*>(&cells[(address - heapView.base) / 4]);
    u8* last = reinterpret_cast<u8*>(&cells[(address - heapView.base + bytes + 3) / 4]);
    u8* whole = reinterpret_cast<u8*>((reinterpret_cast<u64>(first) + page - 1) / page * page);
    u8* end = reinterpret_cast<u8*>(reinterpret_cast<u64>(last) / page * page);
    if (whole >= end) { std::memset(first, 0, last - first); return; }
    std::memset(first, 0, whole - first);
    madvise(whole, end - whole, MADV_DONTNEED);
    std::memset(end, 0, last - end);
}

std::string noteCopyAccess(u64 address, u64 bytes, bool writes, const char* name)
{
    if (!trackStreams || cells == nullptr) { return ""; }
    nextLaunch(name);
    Stamp mine = (u64)launch << 40 | 1;
    for (u64 i = (address - heapView.base) / 4; i < (address - heapView.base + bytes) / 4; i++)
    {
        Cell& cell = cells[i];
        Stamp other;
        if (const char* did = judgeStreams(cell, writes, &other))
        {
            return std::string(name) + " " + streamRace(heapView.base + 4 * i, writes ? "writes" : "reads", other, did);
        }
        (writes ? cell.writer : cell.reader) = mine;
    }
    return "";
}

void startClock(Block& block) { block.clock.clear(); }

void noteGlobalAccess(u64 address, u32 bytes, Access kind)
{
    const Block& b = *currentThread()->block;
    if (blockCount() >= manyBlocks || now >= lastTime) { return; }
    u64 first = (address - heapView.base) / 4, last = (address - heapView.base + bytes - 1) / 4;
    Stamp mine = stamp(b.index);
    for (u64 i = first; i <= last; i++)
    {
        Cell& cell = cells[i];
        if (kind == Access::ReadOnly && launchOf(cell.writer) == launch)
        {
            failThread(statusLaunchFailed, "reads global memory at 0x%" PRIx64 " (%s) by the read-only path, but this launch writes it",
                       address, heap.describe(address, 4).c_str());
        }
        // neighbours of less than four bytes may belong to different blocks: only whole words are judged
        if (bytes < 4) { if (kind == Access::Write) { cell.writer = launchOf(cell.writer) == launch ? cell.writer : mine; } continue; }
        if (trackStreams)
        {
            Stamp other;
            const char* did = judgeStreams(cell, kind == Access::Write || kind == Access::Atomic, &other);
            if (did != nullptr)
            {
                failThread(statusLaunchFailed, "%s", streamRace(address, kind == Access::Write ? "writes" : kind == Access::Atomic ? "updates" : "reads", other, did).c_str());
            }
        }
        if (!ordered(b, cell.writer, i)) { race(address, kind, cell.writer, "wrote"); }
        if (kind == Access::Write)
        {
            if (!ordered(b, cell.reader, i)) { race(address, kind, cell.reader, "read"); }
            cell.writer = mine;
        }
        else if (kind != Access::Atomic)
        {
            bool another = launchOf(cell.reader) == launch && blockOf(cell.reader) != b.index && !ordered(b, cell.reader, i);
            if (another) { addReader(b, cell.reader, i); }
            cell.reader = another ? stamp(manyBlocks) : mine;
        }
    }
}

void noteAcquire(u64 address)
{
    auto at = released.find(address);
    if (at == released.end()) { return; }
    Block& b = *currentThread()->block;
    if (b.clock.empty()) { b.clock.assign(blockCount(), 0); }
    for (u32 i = 0; i < b.clock.size(); i++) { b.clock[i] = std::max(b.clock[i], at->second[i]); }
}

void noteRelease(u64 address)
{
    Block& b = *currentThread()->block;
    std::vector<u32>& published = released[address];
    if (published.empty()) { published.assign(blockCount(), 0); }
    for (u32 i = 0; i < b.clock.size(); i++) { published[i] = std::max(published[i], b.clock[i]); }
    published[b.index] = now;
    if (now < lastTime) { now++; }
}

}  // namespace rnnemu
