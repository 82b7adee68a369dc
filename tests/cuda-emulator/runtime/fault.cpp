// Ends of a launch that went wrong: messages that name kernel, block and thread, and the handler for accesses that no check saw.
#include "heap.h"
#include "scheduler.h"

#include <cinttypes>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <pthread.h>
#include <unistd.h>

namespace rnnemu {

namespace {

struct sigaction previousSegv, previousBus;
pthread_t kernelThread;

void chain(int signal, siginfo_t* info, void* context)
{
    const struct sigaction& previous = signal == SIGSEGV ? previousSegv : previousBus;
    if ((previous.sa_flags & SA_SIGINFO) != 0 && previous.sa_sigaction != nullptr) { previous.sa_sigaction(signal, info, context); return; }
    if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) { previous.sa_handler(signal); return; }
    sigaction(signal, &previous, nullptr);  // the access happens again and ends the process in the ordinary way
}

void onFault(int signal, siginfo_t* info, void* context)
{
    u64 address = reinterpret_cast<u64>(info->si_addr);
    if (run.active && pthread_equal(pthread_self(), kernelThread) != 0 && current != nullptr)
    {
        if (fibers.inGuard(info->si_addr)) { failThread(statusLaunchFailed, "overflowed its stack of %zu bytes", FiberPool::stackBytes); }
        if (heap.contains(address))
        {
            failThread(statusIllegalAddress, "touches device memory at 0x%" PRIx64 " (%s) past the checks: use a Global pointer",
                       address, heap.describe(address, 1).c_str());
        }
        failThread(statusIllegalAddress, "touches address 0x%" PRIx64 ", which is no memory of the device", address);
    }
    if (heap.contains(address))
    {
        char text[256];
        int n = std::snprintf(text, sizeof text, "CUDA emulator: the host dereferences the device address 0x%" PRIx64 "\n", address);
        [[maybe_unused]] ssize_t written = write(2, text, (std::size_t)n);
    }
    chain(signal, info, context);
}

}  // namespace

std::string place(const Thread& t)
{
    char text[128];
    std::snprintf(text, sizeof text, "block (%u,%u,%u), thread (%u,%u,%u)", t.blockX, t.blockY, t.blockZ, t.x, t.y, t.z);
    return text;
}

void failThread(int status, const char* format, ...)
{
    char text[768];
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    run.result.status = status;
    run.result.message = std::string("kernel ") + run.request->kernel->name + ", " + place(*currentThread()) + ": " + text;
    leaveLaunch();
}

void badGlobalAccess(u64 address, u32 bytes, Access kind)
{
    const char* does = kind == Access::Write ? "writes" : kind == Access::Atomic ? "updates" : "reads";
    if (address == 0) { failThread(statusIllegalAddress, "%s %u bytes through a null pointer", does, bytes); }
    if ((address & (bytes - 1)) != 0 && heap.find(address, bytes) != nullptr)
    {
        failThread(statusMisaligned, "%s %u bytes of global memory at 0x%" PRIx64 ", not aligned to that", does, bytes, address);
    }
    failThread(statusIllegalAddress, "%s %u bytes of global memory at 0x%" PRIx64 ": %s", does, bytes, address, heap.describe(address, bytes).c_str());
}

void installFaultHandler()
{
    kernelThread = pthread_self();
    stack_t alternate{};
    if (sigaltstack(nullptr, &alternate) == 0 && (alternate.ss_flags & SS_DISABLE) != 0)
    {
        static thread_local char* mine = nullptr;
        if (mine == nullptr) { mine = static_cast<char*>(std::malloc(64 * 1024)); }
        alternate.ss_sp = mine;
        alternate.ss_size = 64 * 1024;
        alternate.ss_flags = 0;
        sigaltstack(&alternate, nullptr);
    }
    // Once: several emulators in one process pass what is not theirs on to those before them, and none may stand in that row twice.
    static bool installed = false;
    if (installed) { return; }
    installed = true;
    struct sigaction action{};
    action.sa_sigaction = onFault;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    sigemptyset(&action.sa_mask);
    sigaction(SIGSEGV, &action, &previousSegv);
    sigaction(SIGBUS, &action, &previousBus);
}

}  // namespace rnnemu
