// What tests ask the emulator, beside the driver's own entry points.
#include "state.h"

#include "../runtime/heap.h"

#include <cstring>

using namespace rnnemu;

/// Makes the nth call (1: the next) of an entry point, by its name with or without its version, return status and do nothing.
CUDA_EMULATOR_API void rnngpuEmulatorFail(const char* entry, int nth, int status)
{
    std::lock_guard guard(state().lock);
    if (entry != nullptr && nth > 0) { state().failures.push_back({entry, (u64)nth, status}); }
}

/// Calls of an entry point so far, or of all for null or "".
CUDA_EMULATOR_API std::uint64_t rnngpuEmulatorCalls(const char* entry)
{
    std::lock_guard guard(state().lock);
    u64 total = 0;
    for (const auto& [name, count] : state().calls)
    {
        std::size_t suffix = name.rfind("_v");
        bool same = entry == nullptr || *entry == 0 || name == entry || (suffix != std::string::npos && name.substr(0, suffix) == entry);
        total += same ? count : 0;
    }
    return total;
}

/// Device allocations that were not freed.
CUDA_EMULATOR_API std::uint64_t rnngpuEmulatorLiveAllocations()
{
    std::lock_guard guard(state().lock);
    return heap.live();
}

/// Bytes of device memory in use.
CUDA_EMULATOR_API std::uint64_t rnngpuEmulatorLiveBytes()
{
    std::lock_guard guard(state().lock);
    return heap.used();
}

/// Live objects of a kind: "contexts", "modules", "streams" (default streams not counted), "events", "graphs", "executables", "blas" (cuBLASLt's),
/// "pinned", "allocations"; all of them for null or "".
CUDA_EMULATOR_API std::uint64_t rnngpuEmulatorLive(const char* kind)
{
    std::lock_guard guard(state().lock);
    State& s = state();
    auto counts = [&](const char* name) { return kind == nullptr || *kind == 0 || std::strcmp(kind, name) == 0; };
    u64 total = 0;
    for (const auto& [h, o] : s.objects)
    {
        switch (o->kind)
        {
            case Kind::Context: total += counts("contexts"); break;
            case Kind::Module: total += counts("modules"); break;
            case Kind::Event: total += counts("events"); break;
            case Kind::Graph: total += counts("graphs"); break;
            case Kind::GraphExec: total += counts("executables"); break;
            case Kind::Stream: total += counts("streams") && s.defaultStreams[o->context] != h; break;
            case Kind::BlasDescription:
            case Kind::BlasLayout:
            case Kind::BlasPreference: total += counts("blas"); break;
            case Kind::Function: break;
        }
    }
    if (counts("pinned")) { total += s.hostBlocks.size(); }
    if (counts("allocations")) { total += heap.live(); }
    return total;
}

/// The last message, cut to fit; gives its whole length.
CUDA_EMULATOR_API int rnngpuEmulatorLastError(char* text, int room)
{
    std::lock_guard guard(state().lock);
    const std::string& message = state().lastError;
    if (text != nullptr && room > 0)
    {
        std::size_t n = std::min(message.size(), (std::size_t)room - 1);
        std::memcpy(text, message.data(), n);
        text[n] = 0;
    }
    return (int)message.size();
}

/// Bytes of a kernel's parameter struct, or -1 where no such kernel was compiled in: for tests of the host's mirror of rnn_abi.h.
CUDA_EMULATOR_API int rnngpuEmulatorKernelParameterBytes(const char* name)
{
    const KernelInfo* k = name == nullptr ? nullptr : findKernel(name);
    return k == nullptr ? -1 : (int)k->parameterBytes;
}

/// Back to the state before the first call: everything destroyed, counters at 0, told failures forgotten, environment read anew. Handles from
/// before are invalid.
CUDA_EMULATOR_API void rnngpuEmulatorReset()
{
    std::lock_guard guard(state().lock);
    reset();
}
