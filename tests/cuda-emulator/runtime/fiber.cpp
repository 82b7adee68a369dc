#include "fiber.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sys/mman.h>

#if defined(__x86_64__)
asm(R"(
.text
.globl rnnemuSwitch
.hidden rnnemuSwitch
.type rnnemuSwitch, @function
rnnemuSwitch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
.size rnnemuSwitch, .-rnnemuSwitch
.section .note.GNU-stack, "", @progbits
.text
)");
#elif defined(__aarch64__)
asm(R"(
.text
.globl rnnemuSwitch
.hidden rnnemuSwitch
.type rnnemuSwitch, %function
rnnemuSwitch:
    sub sp, sp, #160
    stp x19, x20, [sp, #0]
    stp x21, x22, [sp, #16]
    stp x23, x24, [sp, #32]
    stp x25, x26, [sp, #48]
    stp x27, x28, [sp, #64]
    stp x29, x30, [sp, #80]
    stp d8, d9, [sp, #96]
    stp d10, d11, [sp, #112]
    stp d12, d13, [sp, #128]
    stp d14, d15, [sp, #144]
    mov x9, sp
    str x9, [x0]
    mov sp, x1
    ldp x19, x20, [sp, #0]
    ldp x21, x22, [sp, #16]
    ldp x23, x24, [sp, #32]
    ldp x25, x26, [sp, #48]
    ldp x27, x28, [sp, #64]
    ldp x29, x30, [sp, #80]
    ldp d8, d9, [sp, #96]
    ldp d10, d11, [sp, #112]
    ldp d12, d13, [sp, #128]
    ldp d14, d15, [sp, #144]
    add sp, sp, #160
    ret
.size rnnemuSwitch, .-rnnemuSwitch
.section .note.GNU-stack, "", %progbits
.text
)");
#else
#error "the emulator's fibers are written for x86-64 and aarch64"
#endif

namespace rnnemu {

namespace {

/// A stack that looks as if rnnemuSwitch had been left on it, to go on in entry.
void* prepare(u8* stack, FiberPool::Entry entry)
{
    u64* top = reinterpret_cast<u64*>(stack + FiberPool::stackBytes);
#if defined(__x86_64__)
    *--top = 0;
    *--top = 0;
    *--top = 0;  // entry's return address: at entry the stack pointer is 8 below a multiple of 16
    *--top = reinterpret_cast<u64>(entry);
    for (int i = 0; i < 6; i++) { *--top = 0; }
#else
    top -= 20;
    std::memset(top, 0, 160);
    top[11] = reinterpret_cast<u64>(entry);  // x30
#endif
    return top;
}

template <class T> T* grown(T* old, std::size_t count)
{
    void* room = std::realloc(static_cast<void*>(old), count * sizeof(T));
    if (room == nullptr) { std::fprintf(stderr, "CUDA emulator: no memory for fibers\n"); std::abort(); }
    return static_cast<T*>(room);
}

}  // namespace

Fiber* FiberPool::create()
{
    void* room = mmap(nullptr, guardBytes + stackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (room == MAP_FAILED) { std::fprintf(stderr, "CUDA emulator: no address space for another fiber\n"); std::abort(); }
    mprotect(room, guardBytes, PROT_NONE);
    if (count_ == room_)
    {
        room_ = room_ == 0 ? 64 : 2 * room_;
        all_ = grown(all_, room_);
        free_ = grown(free_, room_);
    }
    Fiber* fiber = new Fiber();
    fiber->stack = static_cast<u8*>(room) + guardBytes;
    all_[count_++] = fiber;
    return fiber;
}

Fiber* FiberPool::take(Entry entry)
{
    Fiber* fiber = freeCount_ > 0 ? free_[--freeCount_] : create();
    if (!fiber->started)
    {
        fiber->stackPointer = prepare(fiber->stack, entry);
        fiber->started = true;
    }
    return fiber;
}

void FiberPool::put(Fiber* fiber) { free_[freeCount_++] = fiber; }

void FiberPool::abandon()
{
    freeCount_ = 0;
    for (std::size_t i = 0; i < count_; i++)
    {
        all_[i]->started = false;
        free_[freeCount_++] = all_[i];
    }
}

bool FiberPool::inGuard(const void* address) const
{
    const u8* a = static_cast<const u8*>(address);
    for (std::size_t i = 0; i < count_; i++)
    {
        if (a >= all_[i]->stack - guardBytes && a < all_[i]->stack) { return true; }
    }
    return false;
}

}  // namespace rnnemu
