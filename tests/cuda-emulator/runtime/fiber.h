// Stacks that kernels' threads run on, and the switch between them: saved registers and a stack pointer, no system call.
#pragma once

#include "kernel_api.h"

namespace rnnemu {

/// Saves the callee's registers on this stack and its pointer in *from, and goes on where `to` was saved.
extern "C" void rnnemuSwitch(void** from, void* to);

struct Fiber {
    void* stackPointer = nullptr;
    u8* stack = nullptr;  // with a guard page below
    bool started = false;
};

/// Stacks in reuse. They grow with the largest launch and stay.
class FiberPool {
public:
    using Entry = void (*)();

    /// A fiber that starts in `entry`, or one handed back that goes on behind the switch in which it was.
    Fiber* take(Entry entry);
    void put(Fiber* fiber);

    /// Forgets where every fiber stands: after a launch was abandoned in the middle.
    void abandon();

    /// Is this address in a guard page, that is: has a stack overflowed?
    bool inGuard(const void* address) const;

    static constexpr std::size_t stackBytes = 128 * 1024;

private:
    Fiber* create();

    static constexpr std::size_t guardBytes = 4096;
    Fiber** all_ = nullptr;
    Fiber** free_ = nullptr;
    std::size_t count_ = 0, freeCount_ = 0, room_ = 0;
};

}  // namespace rnnemu
