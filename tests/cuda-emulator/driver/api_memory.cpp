// Device and pinned memory, copies, fills. Every range is checked against the allocations.
#include "state.h"

#include "../runtime/heap.h"

#include <cinttypes>
#include <cstring>
#include <sys/mman.h>

using namespace rnnemu;

namespace {

constexpr u64 page = 4096, guardBytes = 64;
constexpr u8 guardByte = 0xC5;

CUresult checkRange(const char* call, const char* what, CUdeviceptr address, u64 bytes)
{
    if (bytes == 0 || heap.find(address, bytes) != nullptr) { return CUDA_SUCCESS; }
    return refuse(CUDA_ERROR_INVALID_VALUE, "%s: the %s, %" PRIu64 " bytes at 0x%" PRIx64 ", is not inside an allocation: %s",
                  call, what, bytes, address, heap.describe(address, bytes).c_str());
}

CUresult checkHost(const char* call, const void* address, u64 bytes)
{
    if (bytes == 0) { return CUDA_SUCCESS; }
    if (address == nullptr) { return refuse(CUDA_ERROR_INVALID_VALUE, "%s: the host address is null", call); }
    if (heap.contains(reinterpret_cast<u64>(address))) { return refuse(CUDA_ERROR_INVALID_VALUE, "%s: the host address is a device address", call); }
    return CUDA_SUCCESS;
}

enum class Way { In, Out, Within };

/// The accesses of a copy or fill, watched for races between streams.
CUresult watch(const char* call, u64 from, u64 to, u64 bytes)
{
    std::string race = from != 0 ? noteCopyAccess(from, bytes, false, call) : "";
    if (race.empty() && to != 0) { race = noteCopyAccess(to, bytes, true, call); }
    if (race.empty()) { return CUDA_SUCCESS; }
    breakContext(CUDA_ERROR_LAUNCH_FAILED, race);
    return CUDA_ERROR_LAUNCH_FAILED;
}

/// One copy, checked again when it runs: memory may have been freed since it was given to the stream.
Work copyWork(const char* call, Way way, u64 to, u64 from, u64 bytes)
{
    return [=]() -> CUresult {
        if (bytes == 0) { return CUDA_SUCCESS; }
        if (way != Way::Out && heap.find(to, bytes) == nullptr)
        {
            breakContext(CUDA_ERROR_ILLEGAL_ADDRESS, std::string(call) + ": the destination was freed before the copy ran: " + heap.describe(to, bytes));
            return CUDA_ERROR_ILLEGAL_ADDRESS;
        }
        if (way != Way::In && heap.find(from, bytes) == nullptr)
        {
            breakContext(CUDA_ERROR_ILLEGAL_ADDRESS, std::string(call) + ": the source was freed before the copy ran: " + heap.describe(from, bytes));
            return CUDA_ERROR_ILLEGAL_ADDRESS;
        }
        if (CUresult r = watch(call, way != Way::In ? from : 0, way != Way::Out ? to : 0, bytes)) { return r; }
        void* destination = way == Way::Out ? reinterpret_cast<void*>(to) : heap.host(to);
        const void* source = way == Way::In ? reinterpret_cast<const void*>(from) : heap.host(from);
        std::memmove(destination, source, bytes);
        checkGuards(call);
        return CUDA_SUCCESS;
    };
}

CUresult copy(const char* call, Way way, u64 to, u64 from, u64 bytes, CUstream handle, bool wait)
{
    CUresult r = way == Way::Out ? checkHost(call, reinterpret_cast<void*>(to), bytes) : checkRange(call, "destination", to, bytes);
    if (r == CUDA_SUCCESS) { r = way == Way::In ? checkHost(call, reinterpret_cast<void*>(from), bytes) : checkRange(call, "source", from, bytes); }
    if (r == CUDA_SUCCESS && wait) { r = refuseDuringCapture(call); }
    if (r != CUDA_SUCCESS) { return r; }
    Stream* stream = streamOf(handle);
    if (stream == nullptr) { return refuse(CUDA_ERROR_INVALID_HANDLE, "%s: not a stream, or destroyed before", call); }
    if (wait) { drainAll(true); }
    r = submit(stream, copyWork(call, way, to, from, bytes));
    if (wait)
    {
        drain(stream);
        comeBehind(state().hostPast, stream->past);
    }
    return r != CUDA_SUCCESS || !wait ? r : state().sticky;
}

CUresult fill(const char* call, CUdeviceptr to, u32 value, u32 size, u64 count, CUstream handle, bool wait)
{
    if (to % size != 0) { return refuse(CUDA_ERROR_INVALID_VALUE, "%s: the destination is not aligned to %u bytes", call, size); }
    CUresult r = checkRange(call, "destination", to, size * count);
    if (r == CUDA_SUCCESS && wait) { r = refuseDuringCapture(call); }
    if (r != CUDA_SUCCESS) { return r; }
    Stream* stream = streamOf(handle);
    if (stream == nullptr) { return refuse(CUDA_ERROR_INVALID_HANDLE, "%s: not a stream, or destroyed before", call); }
    if (wait) { drainAll(true); }
    r = submit(stream, [=]() -> CUresult {
        if (count == 0) { return CUDA_SUCCESS; }
        if (heap.find(to, size * count) == nullptr)
        {
            breakContext(CUDA_ERROR_ILLEGAL_ADDRESS, std::string(call) + ": the destination was freed before the fill ran: " + heap.describe(to, size * count));
            return CUDA_ERROR_ILLEGAL_ADDRESS;
        }
        if (CUresult race = watch(call, 0, to, size * count)) { return race; }
        u8* p = static_cast<u8*>(heap.host(to));
        for (u64 i = 0; i < count; i++) { std::memcpy(p + i * size, &value, size); }
        return CUDA_SUCCESS;
    });
    if (wait)
    {
        drain(stream);
        comeBehind(state().hostPast, stream->past);
    }
    return r;
}

}  // namespace

CUDA_EMULATOR_API CUresult cuMemAlloc_v2(CUdeviceptr* address, std::size_t bytes)
{
    EMULATE(cuMemAlloc_v2, NeedsContext)
    if (address == nullptr || bytes == 0) { return refuse(CUDA_ERROR_INVALID_VALUE, "cuMemAlloc: 0 bytes, or nowhere to put the address"); }
    if (CUresult r = refuseDuringCapture("cuMemAlloc")) { return r; }
    u64 at = heap.allocate(bytes, currentContext()->handle);
    if (at == 0)
    {
        return refuse(CUDA_ERROR_OUT_OF_MEMORY, "cuMemAlloc: %zu bytes asked for, %" PRIu64 " of %" PRIu64 " free", bytes, heap.total() - heap.used(), heap.total());
    }
    *address = at;
    return CUDA_SUCCESS;
}

CUDA_EMULATOR_API CUresult cuMemFree_v2(CUdeviceptr address)
{
    EMULATE(cuMemFree_v2, NeedsContext)
    if (address == 0) { return CUDA_SUCCESS; }
    if (CUresult r = refuseDuringCapture("cuMemFree")) { return r; }
    drainAll(false);  // freeing waits for all work, as the driver does
    std::string message;
    switch (heap.free(address, &message))
    {
        case Heap::FreeResult::Freed: return state().sticky;
        case Heap::FreeResult::CanaryBroken: breakContext(CUDA_ERROR_ILLEGAL_ADDRESS, "cuMemFree: " + message); return CUDA_ERROR_ILLEGAL_ADDRESS;
        case Heap::FreeResult::AlreadyFreed: return refuse(CUDA_ERROR_INVALID_VALUE, "cuMemFree: 0x%" PRIx64 " was freed before: %s", (u64)address, message.c_str());
        default: return refuse(CUDA_ERROR_INVALID_VALUE, "cuMemFree: no allocation starts at 0x%" PRIx64 ": %s", (u64)address, message.c_str());
    }
}

CUDA_EMULATOR_API CUresult cuMemGetInfo_v2(std::size_t* free, std::size_t* total)
{
    EMULATE(cuMemGetInfo_v2, NeedsContext)
    if (free == nullptr || total == nullptr) { return CUDA_ERROR_INVALID_VALUE; }
    *free = heap.total() - heap.used();
    *total = heap.total();
    return CUDA_SUCCESS;
}

CUDA_EMULATOR_API CUresult cuMemGetAddressRange_v2(CUdeviceptr* base, std::size_t* bytes, CUdeviceptr address)
{
    EMULATE(cuMemGetAddressRange_v2, NeedsContext)
    const Allocation* a = heap.find(address, 1);
    if (a == nullptr) { return refuse(CUDA_ERROR_NOT_FOUND, "cuMemGetAddressRange: %s", heap.describe(address, 1).c_str()); }
    if (base != nullptr) { *base = a->address; }
    if (bytes != nullptr) { *bytes = a->bytes; }
    return CUDA_SUCCESS;
}

CUDA_EMULATOR_API CUresult cuMemAllocHost_v2(void** address, std::size_t bytes)
{
    EMULATE(cuMemAllocHost_v2, NeedsContext)
    if (address == nullptr || bytes == 0) { return CUDA_ERROR_INVALID_VALUE; }
    u64 mapped = (bytes + guardBytes + page - 1) / page * page;
    void* p = mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) { return refuse(CUDA_ERROR_OUT_OF_MEMORY, "cuMemAllocHost: the system has no %zu bytes", bytes); }
    std::memset(p, Heap::poison, bytes);
    std::memset(static_cast<u8*>(p) + bytes, guardByte, mapped - bytes);
    state().hostBlocks[reinterpret_cast<u64>(p)] = HostBlock{bytes, mapped, currentContext()->handle, false};
    *address = p;
    return CUDA_SUCCESS;
}

CUDA_EMULATOR_API CUresult cuMemHostAlloc(void** address, std::size_t bytes, unsigned) { return cuMemAllocHost_v2(address, bytes); }

CUDA_EMULATOR_API CUresult cuMemFreeHost(void* address)
{
    EMULATE(cuMemFreeHost, NeedsContext)
    if (address == nullptr) { return CUDA_SUCCESS; }
    auto at = state().hostBlocks.find(reinterpret_cast<u64>(address));
    if (at == state().hostBlocks.end() || at->second.registered)
    {
        return refuse(CUDA_ERROR_INVALID_VALUE, "cuMemFreeHost: not from cuMemAllocHost, or freed before");
    }
    drainAll(false);
    HostBlock block = at->second;
    const u8* end = static_cast<const u8*>(address) + block.bytes;
    bool stands = true;
    for (u64 i = 0; i < block.mapped - block.bytes; i++) { stands &= end[i] == guardByte; }
    state().hostBlocks.erase(at);
    munmap(address, block.mapped);
    return stands ? CUDA_SUCCESS : refuse(CUDA_ERROR_ILLEGAL_ADDRESS, "cuMemFreeHost: the guard behind %" PRIu64 " bytes of pinned memory was overwritten", block.bytes);
}

CUDA_EMULATOR_API CUresult cuMemHostRegister_v2(void* address, std::size_t bytes, unsigned)
{
    EMULATE(cuMemHostRegister_v2, NeedsContext)
    if (address == nullptr || bytes == 0) { return CUDA_ERROR_INVALID_VALUE; }
    if (state().hostBlocks.count(reinterpret_cast<u64>(address)) != 0) { return CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED; }
    state().hostBlocks[reinterpret_cast<u64>(address)] = HostBlock{bytes, 0, currentContext()->handle, true};
    return CUDA_SUCCESS;
}

CUDA_EMULATOR_API CUresult cuMemHostUnregister(void* address)
{
    EMULATE(cuMemHostUnregister, NeedsContext)
    auto at = state().hostBlocks.find(reinterpret_cast<u64>(address));
    if (at == state().hostBlocks.end() || !at->second.registered) { return CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED; }
    drainAll(false);
    state().hostBlocks.erase(at);
    return CUDA_SUCCESS;
}

CUDA_EMULATOR_API CUresult cuMemcpyHtoD_v2(CUdeviceptr to, const void* from, std::size_t bytes)
{
    EMULATE(cuMemcpyHtoD_v2, NeedsContext)
    return copy("cuMemcpyHtoD", Way::In, to, reinterpret_cast<u64>(from), bytes, nullptr, true);
}

CUDA_EMULATOR_API CUresult cuMemcpyDtoH_v2(void* to, CUdeviceptr from, std::size_t bytes)
{
    EMULATE(cuMemcpyDtoH_v2, NeedsContext)
    return copy("cuMemcpyDtoH", Way::Out, reinterpret_cast<u64>(to), from, bytes, nullptr, true);
}

CUDA_EMULATOR_API CUresult cuMemcpyDtoD_v2(CUdeviceptr to, CUdeviceptr from, std::size_t bytes)
{
    EMULATE(cuMemcpyDtoD_v2, NeedsContext)
    return copy("cuMemcpyDtoD", Way::Within, to, from, bytes, nullptr, true);
}

CUDA_EMULATOR_API CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void* from, std::size_t bytes, CUstream stream)
{
    EMULATE(cuMemcpyHtoDAsync_v2, NeedsContext)
    return copy("cuMemcpyHtoDAsync", Way::In, to, reinterpret_cast<u64>(from), bytes, stream, false);
}

CUDA_EMULATOR_API CUresult cuMemcpyDtoHAsync_v2(void* to, CUdeviceptr from, std::size_t bytes, CUstream stream)
{
    EMULATE(cuMemcpyDtoHAsync_v2, NeedsContext)
    return copy("cuMemcpyDtoHAsync", Way::Out, reinterpret_cast<u64>(to), from, bytes, stream, false);
}

CUDA_EMULATOR_API CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, std::size_t bytes, CUstream stream)
{
    EMULATE(cuMemcpyDtoDAsync_v2, NeedsContext)
    return copy("cuMemcpyDtoDAsync", Way::Within, to, from, bytes, stream, false);
}

#define FILL(name, type, size)                                                                                         \
    CUDA_EMULATOR_API CUresult cuMemset##name##_v2(CUdeviceptr to, type value, std::size_t count)                      \
    {                                                                                                                  \
        EMULATE(cuMemset##name##_v2, NeedsContext)                                                                     \
        return fill("cuMemset" #name, to, value, size, count, nullptr, true);                                          \
    }                                                                                                                  \
    CUDA_EMULATOR_API CUresult cuMemset##name##Async(CUdeviceptr to, type value, std::size_t count, CUstream stream)   \
    {                                                                                                                  \
        EMULATE(cuMemset##name##Async, NeedsContext)                                                                   \
        return fill("cuMemset" #name "Async", to, value, size, count, stream, false);                                  \
    }

FILL(D8, unsigned char, 1)
FILL(D16, unsigned short, 2)
FILL(D32, unsigned, 4)

CUDA_EMULATOR_API CUresult cuPointerGetAttribute(void* data, int attribute, CUdeviceptr address)
{
    EMULATE(cuPointerGetAttribute, NeedsInit)
    if (data == nullptr) { return CUDA_ERROR_INVALID_VALUE; }
    const Allocation* a = heap.find(address, 1);
    auto pinned = state().hostBlocks.upper_bound(address);
    bool isPinned = pinned != state().hostBlocks.begin() && address - (--pinned)->first < pinned->second.bytes;
    if (a == nullptr && !isPinned) { return refuse(CUDA_ERROR_INVALID_VALUE, "cuPointerGetAttribute: %s", heap.describe(address, 1).c_str()); }
    switch (attribute)
    {
        case CU_POINTER_ATTRIBUTE_CONTEXT: *static_cast<u64*>(data) = a != nullptr ? a->owner : pinned->second.context; break;
        case CU_POINTER_ATTRIBUTE_MEMORY_TYPE: *static_cast<unsigned*>(data) = a != nullptr ? CU_MEMORYTYPE_DEVICE : CU_MEMORYTYPE_HOST; break;
        case CU_POINTER_ATTRIBUTE_DEVICE_POINTER:
            if (a == nullptr) { return refuse(CUDA_ERROR_INVALID_VALUE, "cuPointerGetAttribute: pinned memory is not mapped into the device"); }
            *static_cast<u64*>(data) = address;
            break;
        case CU_POINTER_ATTRIBUTE_HOST_POINTER:
            if (a != nullptr) { return refuse(CUDA_ERROR_INVALID_VALUE, "cuPointerGetAttribute: device memory has no host address"); }
            *static_cast<u64*>(data) = address;
            break;
        case CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL: *static_cast<int*>(data) = 0; break;
        case CU_POINTER_ATTRIBUTE_RANGE_START_ADDR: *static_cast<u64*>(data) = a != nullptr ? a->address : pinned->first; break;
        case CU_POINTER_ATTRIBUTE_RANGE_SIZE: *static_cast<std::size_t*>(data) = a != nullptr ? a->bytes : pinned->second.bytes; break;
        default: return refuse(CUDA_ERROR_INVALID_VALUE, "cuPointerGetAttribute: the emulator doesn't know attribute %d", attribute);
    }
    return CUDA_SUCCESS;
}
