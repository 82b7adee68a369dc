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

// Cells of a page of device memory are taken when it is first touched and go back when it is freed.
constexpr u32 cellsOfPage = Heap::page / 4;
Cell** pages = nullptr;  // by page of the address range; nullptr: never touched
std::vector<Cell*> all, unused;
u32 launch = 0, now = 1;
std::unordered_map<u64, std::vector<u32>> released;  // by address: what its releases published
std::unordered_map<u64, std::vector<u32>> readers;   // of a cooperative launch, by address, where more than one block read: each block's last time, or 0

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
        for (Cell* cells : all) { std::fill_n(cells, cellsOfPage, Cell{}); }
    }
    if (!trackStreams) { return; }
    pieces.resize(launch + 1, Piece{0, 0, ""});
    pieces[launch] = Piece{running.lane, running.serial, name};
}

u32 blockCount() { return launchView.grid.x * launchView.grid.y * launchView.grid.z; }
u32 seen(const Block& b, u32 other) { return b.clock.empty() ? 0 : b.clock[other]; }

/// Has this block seen an access by another? Of several readers a launch whose blocks wait for one another remembers each; others, where little
/// can be ordered anyway, take any block for one of them.
bool ordered(const Block& b, Stamp s, u64 address)
{
    if (launchOf(s) != launch || blockOf(s) == b.index) { return true; }
    if (blockOf(s) != manyBlocks) { return timeOf(s) <= seen(b, blockOf(s)); }
    const std::vector<u32>* times = run.request->cooperative ? &readers.at(address) : nullptr;
    for (u32 other = 0; other < blockCount(); other++)
    {
        if (other != b.index && seen(b, other) < (times != nullptr ? (*times)[other] : timeOf(s))) { return false; }
    }
    return true;
}

/// Notes a read beside those of other blocks that this block has not seen.
Stamp addReader(const Block& b, Stamp before, u64 address)
{
    if (run.request->cooperative)
    {
        std::vector<u32>& times = readers[address];
        if (blockOf(before) != manyBlocks)
        {
            times.assign(blockCount(), 0);
            times[blockOf(before)] = timeOf(before);
        }
        times[b.index] = now;
    }
    return stamp(manyBlocks);
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

Cell* cellsAt(u64 offset)
{
    Cell*& cells = pages[offset / Heap::page];
    if (cells == nullptr)
    {
        if (unused.empty())
        {
            cells = new Cell[cellsOfPage]();
            all.push_back(cells);
        }
        else
        {
            cells = unused.back();
            unused.pop_back();
            std::fill_n(cells, cellsOfPage, Cell{});
        }
    }
    return cells + offset % Heap::page / 4;
}

/// Of this launch, by another block.
bool another(Stamp s, u32 block) { return launchOf(s) == launch && blockOf(s) != block; }

void judge(Cell& cell, u64 address, u32 bytes, Access kind, const Block& b, Stamp mine)
{
    if (kind == Access::ReadOnly && launchOf(cell.writer) == launch)
    {
        failThread(statusLaunchFailed, "reads global memory at 0x%" PRIx64 " (%s) by the read-only path, but this launch writes it",
                   address, heap.describe(address, 4).c_str());
    }
    // neighbours of less than four bytes may belong to different blocks: only whole words are judged
    if (bytes < 4)
    {
        if (kind == Access::Write && launchOf(cell.writer) != launch) { cell.writer = mine; }
        return;
    }
    if (trackStreams)
    {
        Stamp other;
        const char* did = judgeStreams(cell, kind == Access::Write || kind == Access::Atomic, &other);
        if (did != nullptr)
        {
            failThread(statusLaunchFailed, "%s", streamRace(address, kind == Access::Write ? "writes" : kind == Access::Atomic ? "updates" : "reads", other, did).c_str());
        }
    }
    if (!ordered(b, cell.writer, address)) { race(address, kind, cell.writer, "wrote"); }
    if (kind == Access::Write)
    {
        if (!ordered(b, cell.reader, address)) { race(address, kind, cell.reader, "read"); }
        cell.writer = mine;
    }
    else if (kind != Access::Atomic) { cell.reader = another(cell.reader, b.index) && !ordered(b, cell.reader, address) ? addReader(b, cell.reader, address) : mine; }
}

}  // namespace

void startRaces()
{
    released.clear();
    readers.clear();
    now = 1;
    if (settings.globalRaces && pages == nullptr)
    {
        u64 bytes = heapView.size / Heap::page * sizeof(Cell*);
        void* room = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (room == MAP_FAILED) { settings.globalRaces = false; return; }
        madvise(room, bytes, MADV_DONTDUMP);
        pages = static_cast<Cell**>(room);
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

std::string noteCopyAccess(u64 address, u64 bytes, bool writes, const char* name)
{
    if (!trackStreams || pages == nullptr) { return ""; }
    nextLaunch(name);
    Stamp mine = (u64)launch << 40 | 1;
    for (u64 at = address / 4 * 4; at < address + bytes / 4 * 4; at += 4)
    {
        Cell& cell = *cellsAt(at - heapView.base);
        Stamp other;
        if (const char* did = judgeStreams(cell, writes, &other))
        {
            return std::string(name) + " " + streamRace(at, writes ? "writes" : "reads", other, did);
        }
        (writes ? cell.writer : cell.reader) = mine;
    }
    return "";
}

void forgetRaces(u64 address, u64 bytes)
{
    if (pages == nullptr) { return; }
    u64 first = (address - heapView.base) / Heap::page, count = bytes / Heap::page;
    for (u64 i = first; i < first + count; i++)
    {
        if (pages[i] == nullptr) { continue; }
        unused.push_back(pages[i]);
        pages[i] = nullptr;
    }
}

void startClock(Block& block) { block.clock.clear(); }

void noteGlobalAccess(u64 address, u32 bytes, Access kind)
{
    const Block& b = *currentThread()->block;
    if (blockCount() >= manyBlocks || now >= lastTime) { return; }
    Cell* cells = cellsAt(address - heapView.base);  // an access is aligned, so its cells are in one page
    Stamp mine = stamp(b.index);
    u32 words = (bytes + 3) / 4;
    bool plain = !trackStreams && bytes >= 4 && (kind == Access::Read || kind == Access::Write);
    for (u32 i = 0; i < words; i++)
    {
        Cell& cell = cells[i];
        // nearly always: memory that no other block has touched in this launch
        if (!plain || another(cell.writer, b.index) || another(cell.reader, b.index)) { judge(cell, address + 4 * i, bytes, kind, b, mine); }
        else { (kind == Access::Write ? cell.writer : cell.reader) = mine; }
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
