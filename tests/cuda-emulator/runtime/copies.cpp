// Asynchronous copies from global to shared memory. Nothing is copied before the wait, and until then the destination is poison that nobody
// may touch: so a missing wait shows at once, not when the hardware happens to be slow.
#include "heap.h"
#include "scheduler.h"

namespace rnnemu {

void copyAsync(u32 to, u64 from, u32 bytes, u32 validBytes, const char* file, int line)
{
    if (validBytes > bytes) { failThread(statusLaunchFailed, "copies %u valid bytes of %u (%s:%d)", validBytes, bytes, file, line); }
    if (validBytes > 0)
    {
        if (from % bytes != 0)
        {
            failThread(statusMisaligned, "copies asynchronously (%s:%d) %u bytes from 0x%llx, not aligned to that", file, line, bytes, (unsigned long long)from);
        }
        u32 done = 0;
        for (u32 piece = 8; piece > 0; piece /= 2)
        {
            for (; done + piece <= validBytes; done += piece) { globalAt(from + done, piece, Access::Read); }
        }
    }
    beginCopy(to, bytes);
    currentThread()->copies.push_back(PendingCopy{to, from, bytes, validBytes, file, line});
}

void commitAsync()
{
    Thread* t = currentThread();
    t->groups.push_back((u32)t->copies.size());
}

void waitAsync(u32 pending)
{
    Thread* t = currentThread();
    if (t->groups.size() <= pending) { return; }
    std::size_t done = t->groups.size() - pending;
    u32 copies = t->groups[done - 1];
    for (u32 i = 0; i < copies; i++)
    {
        const PendingCopy& c = t->copies[i];
        endCopy(c.to, c.bytes, c.validBytes == 0 ? nullptr : heap.host(c.from), c.validBytes);
    }
    t->copies.erase(t->copies.begin(), t->copies.begin() + copies);
    t->groups.erase(t->groups.begin(), t->groups.begin() + (std::ptrdiff_t)done);
    for (u32& end : t->groups) { end -= copies; }
}

}  // namespace rnnemu
