// Device memory. An allocation's addresses belong to a range that is never mapped (a dereference on the host faults); its bytes stand at
// the same offset of a second range. Around each allocation stand canaries, beyond those unmapped pages; fresh memory is poison; freed memory
// is unmapped, remembered, and its addresses are used again only when the whole range has been.
#pragma once

#include "kernel_api.h"

#include <deque>
#include <map>
#include <string>

namespace rnnemu {

struct Allocation {
    u64 address = 0;
    u64 bytes = 0;
    u64 serial = 0;
    u64 owner = 0;        // handle of the context
    u64 regionStart = 0;  // mapped pages, canaries included
    u64 regionBytes = 0;
};

class Heap {
public:
    /// Fresh memory reads as this byte: a NaN in fp32, fp16 and bf16, and -1 as an integer.
    static constexpr u8 poison = 0xFF;

    static constexpr u64 page = 4096;

    /// Reserves the address ranges; false where the system refuses.
    bool initialise(u64 totalBytes);

    /// 0 when the device has no room.
    u64 allocate(u64 bytes, u64 owner);

    enum class FreeResult { Freed, NotAllocated, AlreadyFreed, CanaryBroken };
    FreeResult free(u64 address, std::string* message);

    /// Frees everything that a context owns.
    void freeAll(u64 owner);

    /// Allocations are numbered from 1 again and freed ones forgotten; for a fresh start with nothing live.
    void restart() { serial_ = 0; quarantine_.clear(); }

    /// The allocation that holds `bytes` bytes from an address, or nullptr.
    const Allocation* find(u64 address, u64 bytes) const;

    /// In which live or freed allocation, or how far from the nearest, an address is; for messages.
    std::string describe(u64 address, u64 bytes) const;

    /// Do all live allocations' canaries stand? Otherwise says which was overwritten.
    bool canariesStand(std::string* message) const;

    void* host(u64 address) const { return reinterpret_cast<void*>(address + (u64)heapView.delta); }
    bool contains(u64 address) const { return address - heapView.base < heapView.size; }

    u64 total() const { return total_; }
    u64 used() const { return used_; }
    u64 live() const { return live_.size(); }

private:
    bool canaryStands(const Allocation& a, bool whole, std::string* message) const;
    void release(const Allocation& a);

    /// Where a region of pages fits: behind the last one, and from the range's start again once its end is reached.
    u64 place(u64 region);

    static constexpr u64 canaryBytes = 256, keep = 4096;
    static constexpr u8 canary = 0xC5;

    std::map<u64, Allocation> live_;      // by address
    std::deque<Allocation> quarantine_;   // freed last, newest at the back
    signed char* shadow_ = nullptr;
    u64 next_ = 0, total_ = 0, used_ = 0, serial_ = 0;
};

extern Heap heap;

/// What the race check remembers about addresses that were freed goes.
void forgetRaces(u64 address, u64 bytes);

}  // namespace rnnemu
