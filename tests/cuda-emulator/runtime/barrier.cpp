// Waiting for others: the block barrier and the gathering of a warp's lanes. A wait that can't end is an error with both sides named.
#include "scheduler.h"

#include <cstring>

namespace rnnemu {

namespace {

bool sameSite(const char* file, int line, const char* otherFile, int otherLine)
{
    return line == otherLine && (file == otherFile || std::strcmp(file, otherFile) == 0);
}

const Thread& firstExited(const Block& block)
{
    for (const Thread& t : block.threads)
    {
        if (t.exited) { return t; }
    }
    return block.threads[0];
}

std::vector<Thread*> releasing;

/// Makes threads ready in the settings' order: by rank, or permuted.
void releaseAll()
{
    if (settings.order != 0)
    {
        for (u32 i = (u32)releasing.size(); i > 1; i--) { std::swap(releasing[i - 1], releasing[randomBelow(i)]); }
    }
    for (Thread* t : releasing) { makeReady(t); }
    releasing.clear();
}

void combineNothing(void* const*, u32) {}

}  // namespace

std::string describeWait(const Thread& t)
{
    char text[256];
    const Wait& w = t.wait;
    switch (w.what)
    {
        case Wait::For::Block:
            std::snprintf(text, sizeof text, "(%u,%u,%u) waits at syncBlock (%s:%d)", t.x, t.y, t.z, w.file, w.line);
            break;
        case Wait::For::Warp:
            std::snprintf(text, sizeof text, "(%u,%u,%u) waits at %s (%s:%d) for lanes 0x%08x", t.x, t.y, t.z, w.name, w.file, w.line, w.mask);
            break;
        case Wait::For::Change:
            std::snprintf(text, sizeof text, "(%u,%u,%u) of block (%u,%u,%u) waits for a change at 0x%llx (%s:%d)",
                          t.x, t.y, t.z, t.blockX, t.blockY, t.blockZ, (unsigned long long)w.address, w.file, w.line);
            break;
        default:
            std::snprintf(text, sizeof text, "(%u,%u,%u) runs", t.x, t.y, t.z);
            break;
    }
    return text;
}

void syncBlock(const char* file, int line)
{
    Thread* t = currentThread();
    Block& block = *t->block;
    if (block.exited > 0)
    {
        const Thread& gone = firstExited(block);
        failThread(statusLaunchFailed, "reaches syncBlock (%s:%d), which thread (%u,%u,%u), having left the kernel, never will",
                   file, line, gone.x, gone.y, gone.z);
    }
    if (!block.waiting.empty())
    {
        const Thread& other = *block.waiting.front();
        if (!sameSite(file, line, other.wait.file, other.wait.line))
        {
            failThread(statusLaunchFailed, "reaches syncBlock (%s:%d) while thread %s: one block, two barriers",
                       file, line, describeWait(other).c_str());
        }
    }
    t->wait = Wait{Wait::For::Block, "syncBlock", file, line, 0, 0};
    block.waiting.push_back(t);
    if (block.waiting.size() == block.threads.size())
    {
        block.waiting.clear();
        block.phase++;
        for (Thread& each : block.threads) { releasing.push_back(&each); }
        releaseAll();
    }
    suspend();
}

void collective(u32 mask, Combine combine, void* operand, const char* name, const char* file, int line)
{
    Thread* t = currentThread();
    Warp& warp = *t->warp;
    u32 lane = t->rank % 32, bit = 1u << lane;
    if ((mask & bit) == 0) { failThread(statusLaunchFailed, "calls %s (%s:%d) with a mask, 0x%08x, that leaves out its lane %u", name, file, line, mask, lane); }
    if ((mask & ~warp.lanes) != 0)
    {
        failThread(statusLaunchFailed, "calls %s (%s:%d) with a mask, 0x%08x, that names lanes the block doesn't have: its warp has 0x%08x",
                   name, file, line, mask, warp.lanes);
    }
    if ((mask & warp.exited) != 0)
    {
        failThread(statusLaunchFailed, "calls %s (%s:%d) for lanes 0x%08x, of which 0x%08x have left the kernel",
                   name, file, line, mask, mask & warp.exited);
    }

    Gathering* g = nullptr;
    for (Gathering& each : warp.gatherings)
    {
        if (each.arrived == 0) { continue; }
        if (each.mask == mask && each.combine == combine && sameSite(file, line, each.file, each.line)) { g = &each; continue; }
        // lanes wait elsewhere: fine while they are none of this operation's, or can go on without this lane
        if ((each.arrived & mask) != 0 && (each.mask & bit) != 0)
        {
            u32 first = (u32)__builtin_ctz(each.arrived);
            failThread(statusLaunchFailed, "calls %s (%s:%d) for lanes 0x%08x while thread %s", name, file, line, mask,
                       describeWait(t->block->threads[t->rank - lane + first]).c_str());
        }
    }
    if (g == nullptr)
    {
        for (Gathering& each : warp.gatherings)
        {
            if (each.arrived == 0) { g = &each; break; }
        }
        if (g == nullptr) { g = &warp.gatherings.emplace_back(); }
        g->mask = mask;
        g->combine = combine;
        g->name = name;
        g->file = file;
        g->line = line;
        std::memset(g->operands, 0, sizeof g->operands);
    }
    g->operands[lane] = operand;
    g->arrived |= bit;
    if (g->arrived == mask)
    {
        combine(g->operands, mask);
        g->arrived = 0;
        if (combine == combineNothing && mask == warp.lanes) { warp.epoch++; }
        for (u32 rest = mask; rest != 0; rest &= rest - 1)
        {
            releasing.push_back(&t->block->threads[t->rank - lane + (u32)__builtin_ctz(rest)]);
        }
        releaseAll();
    }
    else { t->wait = Wait{Wait::For::Warp, name, file, line, mask, 0}; }
    suspend();
}

void syncWarp(u32 mask, const char* file, int line)
{
    // a full mask means the whole warp, also where the block's last warp is cut short
    const Warp& warp = *currentThread()->warp;
    collective(mask == 0xFFFFFFFFu ? warp.lanes : mask, combineNothing, nullptr, "syncWarp", file, line);
}

void requireCooperative(const char* file, int line)
{
    if (!run.request->cooperative)
    {
        failThread(statusLaunchFailed, "waits for other blocks (%s:%d) in a launch that is not cooperative, so they may never run", file, line);
    }
}

}  // namespace rnnemu
