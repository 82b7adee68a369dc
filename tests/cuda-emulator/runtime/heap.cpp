#include "heap.h"

#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <sys/mman.h>
#include <vector>

namespace rnnemu {

HeapView heapView{};
Heap heap;
u64 progress = 0;

namespace {

// Freed addresses stay unused for long, so the range is far larger than the memory; where the system gives less, a smaller one has to do.
constexpr u64 mostRange = 1ull << 38, leastRange = 1ull << 33;

void* reserve(u64 bytes, int protection)
{
    void* p = mmap(nullptr, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) { return nullptr; }
    madvise(p, bytes, MADV_DONTDUMP);
    return p;
}

std::string format(const char* text, u64 a, u64 b, u64 c, u64 d)
{
    char line[256];
    std::snprintf(line, sizeof line, text, a, b, c, d);
    return line;
}

}  // namespace

bool Heap::initialise(u64 totalBytes)
{
    total_ = totalBytes;
    for (u64 range = mostRange; shadow_ == nullptr; range /= 2)
    {
        if (range < leastRange) { return false; }
        void* device = reserve(range, PROT_NONE);
        void* storage = reserve(range, PROT_NONE);
        void* shadow = reserve(range / 8, PROT_READ | PROT_WRITE);
        if (device != nullptr && storage != nullptr && shadow != nullptr)
        {
            shadow_ = static_cast<signed char*>(shadow);
            u64 base = reinterpret_cast<u64>(device);
            heapView = HeapView{base, range, (i64)(reinterpret_cast<u64>(storage) - base), shadow_};
            next_ = base + 16 * page;
            break;
        }
        if (device != nullptr) { munmap(device, range); }
        if (storage != nullptr) { munmap(storage, range); }
        if (shadow != nullptr) { munmap(shadow, range / 8); }
    }
    return true;
}

u64 Heap::place(u64 region)
{
    u64 first = heapView.base + 16 * page, end = heapView.base + heapView.size, at = next_;
    for (int pass = 0; pass < 2; pass++, at = first)
    {
        while (at + region + page <= end)
        {
            auto above = live_.upper_bound(at + region + page);
            const Allocation* below = above == live_.begin() ? nullptr : &std::prev(above)->second;
            if (below == nullptr || below->regionStart + below->regionBytes + page <= at)
            {
                std::erase_if(quarantine_, [&](const Allocation& a) { return a.regionStart < at + region && a.regionStart + a.regionBytes > at; });
                return at;
            }
            at = below->regionStart + below->regionBytes + page;
        }
    }
    return 0;
}

u64 Heap::allocate(u64 bytes, u64 owner)
{
    if (bytes == 0 || bytes > total_ - used_) { return 0; }
    u64 region = (canaryBytes + bytes + canaryBytes + page - 1) / page * page;
    u64 start = place(region);
    if (start == 0 || mprotect(host(start), region, PROT_READ | PROT_WRITE) != 0) { return 0; }

    Allocation a;
    a.regionStart = start;
    a.regionBytes = region;
    a.address = start + canaryBytes;
    a.bytes = bytes;
    a.serial = ++serial_;
    a.owner = owner;
    next_ = start + region + page;

    std::memset(host(a.regionStart), canary, canaryBytes);
    std::memset(host(a.address), poison, bytes);
    std::memset(host(a.address + bytes), canary, a.regionStart + region - a.address - bytes);
    signed char* shadow = shadow_ + ((a.address - heapView.base) >> 3);
    std::memset(shadow, 8, bytes / 8);
    if (bytes % 8 != 0) { shadow[bytes / 8] = (signed char)(bytes % 8); }

    used_ += bytes;
    live_[a.address] = a;
    return a.address;
}

bool Heap::canaryStands(const Allocation& a, bool whole, std::string* message) const
{
    static const std::vector<u8> pattern(page + canaryBytes, canary);
    u64 end = a.address + a.bytes;
    u64 before = whole ? canaryBytes : 64, after = whole ? a.regionStart + a.regionBytes - end : 64;
    if (std::memcmp(host(a.address - before), pattern.data(), before) != 0)
    {
        u64 i = 1;
        while (*static_cast<const u8*>(host(a.address - i)) == canary) { i++; }
        *message = format("the guard before allocation #%" PRIu64 " (%" PRIu64 " bytes at 0x%" PRIx64 ") was overwritten, %" PRIu64 " bytes before it",
                          a.serial, a.bytes, a.address, i);
        return false;
    }
    if (std::memcmp(host(end), pattern.data(), after) != 0)
    {
        u64 i = 0;
        while (*static_cast<const u8*>(host(end + i)) == canary) { i++; }
        *message = format("the guard behind allocation #%" PRIu64 " (%" PRIu64 " bytes at 0x%" PRIx64 ") was overwritten, %" PRIu64 " bytes past its end",
                          a.serial, a.bytes, a.address, i);
        return false;
    }
    return true;
}

void Heap::release(const Allocation& a)
{
    void* storage = host(a.regionStart);
    mprotect(storage, a.regionBytes, PROT_NONE);
    madvise(storage, a.regionBytes, MADV_DONTNEED);
    std::memset(shadow_ + ((a.address - heapView.base) >> 3), 0, (a.bytes + 7) / 8);
    // whole pages of shadow are given back: their zeros need no memory
    u64 first = (reinterpret_cast<u64>(shadow_) + ((a.regionStart - heapView.base) >> 3) + page - 1) / page * page;
    u64 last = (reinterpret_cast<u64>(shadow_) + ((a.regionStart + a.regionBytes - heapView.base) >> 3)) / page * page;
    if (last > first) { madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED); }
    forgetRaces(a.regionStart, a.regionBytes);
    used_ -= a.bytes;
    quarantine_.push_back(a);
    if (quarantine_.size() > keep) { quarantine_.pop_front(); }
}

Heap::FreeResult Heap::free(u64 address, std::string* message)
{
    auto at = live_.find(address);
    if (at == live_.end())
    {
        *message = describe(address, 1);
        for (const Allocation& a : quarantine_)
        {
            if (a.address == address) { return FreeResult::AlreadyFreed; }
        }
        return FreeResult::NotAllocated;
    }
    bool stands = canaryStands(at->second, true, message);
    release(at->second);
    live_.erase(at);
    return stands ? FreeResult::Freed : FreeResult::CanaryBroken;
}

void Heap::freeAll(u64 owner)
{
    for (auto at = live_.begin(); at != live_.end();)
    {
        if (at->second.owner != owner) { ++at; continue; }
        release(at->second);
        at = live_.erase(at);
    }
}

const Allocation* Heap::find(u64 address, u64 bytes) const
{
    auto at = live_.upper_bound(address);
    if (at == live_.begin()) { return nullptr; }
    --at;
    const Allocation& a = at->second;
    u64 offset = address - a.address;
    return offset < a.bytes && bytes <= a.bytes - offset ? &a : nullptr;
}

std::string Heap::describe(u64 address, u64 bytes) const
{
    if (!contains(address)) { return "it is not a device address"; }
    for (auto at = quarantine_.rbegin(); at != quarantine_.rend(); ++at)
    {
        if (address >= at->address && address < at->address + at->bytes)
        {
            return format("it lies in allocation #%" PRIu64 " (%" PRIu64 " bytes at 0x%" PRIx64 "), which was freed, at byte %" PRIu64,
                          at->serial, at->bytes, at->address, address - at->address);
        }
    }
    auto above = live_.upper_bound(address);
    if (above != live_.begin())
    {
        const Allocation& a = std::prev(above)->second;
        u64 offset = address - a.address;
        if (offset < a.bytes)
        {
            return format("bytes %" PRIu64 " on of allocation #%" PRIu64 " (%" PRIu64 " bytes at 0x%" PRIx64 ")", offset, a.serial, a.bytes, a.address)
                   + (bytes > a.bytes - offset ? ": past its end" : "");
        }
        if (above == live_.end() || address - a.address - a.bytes <= above->first - address)
        {
            return format("it lies %" PRIu64 " bytes past the end of allocation #%" PRIu64 " (%" PRIu64 " bytes at 0x%" PRIx64 ")",
                          offset - a.bytes, a.serial, a.bytes, a.address);
        }
    }
    if (above != live_.end())
    {
        const Allocation& a = above->second;
        return format("it lies %" PRIu64 " bytes before allocation #%" PRIu64 " (%" PRIu64 " bytes at 0x%" PRIx64 ")",
                      a.address - address, a.serial, a.bytes, a.address);
    }
    return "nothing is allocated";
}

bool Heap::canariesStand(std::string* message) const
{
    for (const auto& [address, a] : live_)
    {
        if (!canaryStands(a, false, message)) { return false; }
    }
    return true;
}

}  // namespace rnnemu
