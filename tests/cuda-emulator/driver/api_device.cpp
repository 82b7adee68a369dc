// cuInit, devices, names of errors, addresses of entry points.
#include "state.h"

#include "../runtime/heap.h"

#include <cstring>
#include <dlfcn.h>

using namespace rnnemu;

CUDA_EMULATOR_API CUresult cuInit(unsigned flags)
{
    EMULATE(cuInit, NeedsNothing)
    if (flags != 0) { return refuse(CUDA_ERROR_INVALID_VALUE, "cuInit: flags must be 0"); }
    if (device.count == 0) { return refuse(CUDA_ERROR_NO_DEVICE, "cuInit: the emulator was told to have no device"); }
    if (!heap.initialise(device.memoryBytes)) { return refuse(CUDA_ERROR_OUT_OF_MEMORY, "cuInit: the system refuses the address space for device memory"); }
    state().initialised = true;
    return CUDA_SUCCESS;
}

CUDA_EMULATOR_API CUresult cuDriverGetVersion(int* version)
{
    EMULATE(cuDriverGetVersion, NeedsNothing)
    if (version == nullptr) { return CUDA_ERROR_INVALID_VALUE; }
    *version = (int)device.driverVersion;
    return CUDA_SUCCESS;
}

CUDA_EMULATOR_API CUresult cuDeviceGetCount(int* count)
{
    EMULATE(cuDeviceGetCount, NeedsInit)
    if (count == nullptr) { return CUDA_ERROR_INVALID_VALUE; }
    *count = device.count;
    return CUDA_SUCCESS;
}

static bool validDevice(CUdevice d) { return d >= 0 && d < device.count; }

CUDA_EMULATOR_API CUresult cuDeviceGet(CUdevice* d, int ordinal)
{
    EMULATE(cuDeviceGet, NeedsInit)
    if (d == nullptr) { return CUDA_ERROR_INVALID_VALUE; }
    if (!validDevice(ordinal)) { return refuse(CUDA_ERROR_INVALID_DEVICE, "cuDeviceGet: there are %d devices, none of them %d", device.count, ordinal); }
    *d = ordinal;
    return CUDA_SUCCESS;
}

CUDA_EMULATOR_API CUresult cuDeviceGetName(char* name, int length, CUdevice d)
{
    EMULATE(cuDeviceGetName, NeedsInit)
    if (name == nullptr || length <= 0) { return CUDA_ERROR_INVALID_VALUE; }
    if (!validDevice(d)) { return CUDA_ERROR_INVALID_DEVICE; }
    std::strncpy(name, "RnnGpu CUDA emulator", (std::size_t)length - 1);
    name[length - 1] = 0;
    return CUDA_SUCCESS;
}

CUDA_EMULATOR_API CUresult cuDeviceGetUuid_v2(unsigned char* uuid, CUdevice d)
{
    EMULATE(cuDeviceGetUuid_v2, NeedsInit)
    if (uuid == nullptr) { return CUDA_ERROR_INVALID_VALUE; }
    if (!validDevice(d)) { return CUDA_ERROR_INVALID_DEVICE; }
    std::memcpy(uuid, "RnnGpu-emulator", 15);
    uuid[15] = (unsigned char)d;
    return CUDA_SUCCESS;
}

CUDA_EMULATOR_API CUresult cuDeviceTotalMem_v2(std::size_t* bytes, CUdevice d)
{
    EMULATE(cuDeviceTotalMem_v2, NeedsInit)
    if (bytes == nullptr) { return CUDA_ERROR_INVALID_VALUE; }
    if (!validDevice(d)) { return CUDA_ERROR_INVALID_DEVICE; }
    *bytes = heap.total();
    return CUDA_SUCCESS;
}

CUDA_EMULATOR_API CUresult cuDeviceGetAttribute(int* value, int attribute, CUdevice d)
{
    EMULATE(cuDeviceGetAttribute, NeedsInit)
    if (value == nullptr) { return CUDA_ERROR_INVALID_VALUE; }
    if (!validDevice(d)) { return CUDA_ERROR_INVALID_DEVICE; }
    switch (attribute)
    {
        case CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK: *value = Device::threadsPerBlock; break;
        case CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X: *value = Device::blockX; break;
        case CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Y: *value = Device::blockY; break;
        case CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Z: *value = Device::blockZ; break;
        case CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X: *value = (int)Device::gridX; break;
        case CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y: *value = Device::gridY; break;
        case CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z: *value = Device::gridZ; break;
        case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK: *value = (int)device.sharedPerBlock; break;
        case CU_DEVICE_ATTRIBUTE_WARP_SIZE: *value = 32; break;
        case CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_BLOCK: *value = Device::registersPerMultiprocessor; break;
        case CU_DEVICE_ATTRIBUTE_CLOCK_RATE: *value = 1000000; break;
        case CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT: *value = (int)device.multiprocessors; break;
        case CU_DEVICE_ATTRIBUTE_KERNEL_EXEC_TIMEOUT: *value = 0; break;
        case CU_DEVICE_ATTRIBUTE_INTEGRATED: *value = 0; break;
        case CU_DEVICE_ATTRIBUTE_CAN_MAP_HOST_MEMORY: *value = 0; break;
        case CU_DEVICE_ATTRIBUTE_COMPUTE_MODE: *value = 0; break;
        case CU_DEVICE_ATTRIBUTE_CONCURRENT_KERNELS: *value = 1; break;
        case CU_DEVICE_ATTRIBUTE_PCI_BUS_ID: *value = 0; break;
        case CU_DEVICE_ATTRIBUTE_PCI_DEVICE_ID: *value = d; break;
        case CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE: *value = 1000000; break;
        case CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH: *value = 256; break;
        case CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE: *value = 4 << 20; break;
        case CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR: *value = Device::threadsPerMultiprocessor; break;
        case CU_DEVICE_ATTRIBUTE_ASYNC_ENGINE_COUNT: *value = 2; break;
        case CU_DEVICE_ATTRIBUTE_UNIFIED_ADDRESSING: *value = 1; break;
        case CU_DEVICE_ATTRIBUTE_PCI_DOMAIN_ID: *value = 0; break;
        case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR: *value = (int)device.major; break;
        case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR: *value = (int)device.minor; break;
        case CU_DEVICE_ATTRIBUTE_STREAM_PRIORITIES_SUPPORTED: *value = 1; break;
        case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR: *value = (int)device.sharedPerMultiprocessor; break;
        case CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_MULTIPROCESSOR: *value = Device::registersPerMultiprocessor; break;
        case CU_DEVICE_ATTRIBUTE_MANAGED_MEMORY: *value = 0; break;
        case CU_DEVICE_ATTRIBUTE_COOPERATIVE_LAUNCH: *value = 1; break;
        case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN: *value = (int)device.sharedOptIn; break;
        case CU_DEVICE_ATTRIBUTE_MAX_BLOCKS_PER_MULTIPROCESSOR: *value = Device::blocksPerMultiprocessor; break;
        case CU_DEVICE_ATTRIBUTE_RESERVED_SHARED_MEMORY_PER_BLOCK: *value = (int)device.sharedReserved; break;
        case CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED: *value = 0; break;
        case CU_DEVICE_ATTRIBUTE_CLUSTER_LAUNCH: *value = device.clusters; break;
        default: return refuse(CUDA_ERROR_INVALID_VALUE, "cuDeviceGetAttribute: the emulator doesn't know attribute %d", attribute);
    }
    return CUDA_SUCCESS;
}

namespace {

struct ErrorName { CUresult status; const char* name; const char* text; };

const ErrorName errorNames[] = {
    {CUDA_SUCCESS, "CUDA_SUCCESS", "no error"},
    {CUDA_ERROR_INVALID_VALUE, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {CUDA_ERROR_OUT_OF_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {CUDA_ERROR_NOT_INITIALIZED, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
    {CUDA_ERROR_NO_DEVICE, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {CUDA_ERROR_INVALID_DEVICE, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {CUDA_ERROR_INVALID_IMAGE, "CUDA_ERROR_INVALID_IMAGE", "device kernel image is invalid"},
    {CUDA_ERROR_INVALID_CONTEXT, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
    {CUDA_ERROR_NO_BINARY_FOR_GPU, "CUDA_ERROR_NO_BINARY_FOR_GPU", "no kernel image is available for execution on the device"},
    {CUDA_ERROR_INVALID_PTX, "CUDA_ERROR_INVALID_PTX", "a PTX JIT compilation failed"},
    {CUDA_ERROR_UNSUPPORTED_PTX_VERSION, "CUDA_ERROR_UNSUPPORTED_PTX_VERSION", "the provided PTX was compiled with an unsupported toolchain."},
    {CUDA_ERROR_INVALID_HANDLE, "CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"},
    {CUDA_ERROR_NOT_FOUND, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
    {CUDA_ERROR_NOT_READY, "CUDA_ERROR_NOT_READY", "device not ready"},
    {CUDA_ERROR_ILLEGAL_ADDRESS, "CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access was encountered"},
    {CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES, "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES", "too many resources requested for launch"},
    {CUDA_ERROR_LAUNCH_TIMEOUT, "CUDA_ERROR_LAUNCH_TIMEOUT", "the launch timed out and was terminated"},
    {CUDA_ERROR_PRIMARY_CONTEXT_ACTIVE, "CUDA_ERROR_PRIMARY_CONTEXT_ACTIVE", "cannot set while device is active in this process"},
    {CUDA_ERROR_CONTEXT_IS_DESTROYED, "CUDA_ERROR_CONTEXT_IS_DESTROYED", "context is destroyed"},
    {CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED, "CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED", "part or all of the requested memory range is already mapped"},
    {CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED, "CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED", "pointer does not correspond to a registered memory region"},
    {CUDA_ERROR_MISALIGNED_ADDRESS, "CUDA_ERROR_MISALIGNED_ADDRESS", "misaligned address"},
    {CUDA_ERROR_LAUNCH_FAILED, "CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"},
    {CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE, "CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE", "too many blocks in cooperative launch"},
    {CUDA_ERROR_NOT_SUPPORTED, "CUDA_ERROR_NOT_SUPPORTED", "operation not supported"},
    {CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED", "operation not permitted when stream is capturing"},
    {CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED", "operation failed due to a previous error during capture"},
    {CUDA_ERROR_STREAM_CAPTURE_UNMATCHED, "CUDA_ERROR_STREAM_CAPTURE_UNMATCHED", "capture was not initiated in this stream"},
    {CUDA_ERROR_STREAM_CAPTURE_UNJOINED, "CUDA_ERROR_STREAM_CAPTURE_UNJOINED", "capturing stream has unjoined work"},
    {CUDA_ERROR_STREAM_CAPTURE_ISOLATION, "CUDA_ERROR_STREAM_CAPTURE_ISOLATION", "dependency created on uncaptured work in another stream"},
    {CUDA_ERROR_STREAM_CAPTURE_IMPLICIT, "CUDA_ERROR_STREAM_CAPTURE_IMPLICIT", "operation would make the legacy stream depend on a capturing blocking stream"},
    {CUDA_ERROR_CAPTURED_EVENT, "CUDA_ERROR_CAPTURED_EVENT", "operation not permitted on an event last recorded in a capturing stream"},
    {CUDA_ERROR_INVALID_CLUSTER_SIZE, "CUDA_ERROR_INVALID_CLUSTER_SIZE", "requested cluster size is invalid"},
    {CUDA_ERROR_UNKNOWN, "CUDA_ERROR_UNKNOWN", "unknown error"},
};

const ErrorName* findError(CUresult status)
{
    for (const ErrorName& e : errorNames)
    {
        if (e.status == status) { return &e; }
    }
    return nullptr;
}

}  // namespace

CUDA_EMULATOR_API CUresult cuGetErrorName(CUresult status, const char** name)
{
    const ErrorName* e = findError(status);
    if (name == nullptr) { return CUDA_ERROR_INVALID_VALUE; }
    *name = e == nullptr ? nullptr : e->name;
    return e == nullptr ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}

CUDA_EMULATOR_API CUresult cuGetErrorString(CUresult status, const char** text)
{
    const ErrorName* e = findError(status);
    if (text == nullptr) { return CUDA_ERROR_INVALID_VALUE; }
    *text = e == nullptr ? nullptr : e->text;
    return e == nullptr ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}

/// Finds an entry point by its plain name, as newer drivers do: the newest version of it that is here.
CUDA_EMULATOR_API CUresult cuGetProcAddress_v2(const char* symbol, void** address, int, std::uint64_t, int* found)
{
    EMULATE(cuGetProcAddress_v2, NeedsNothing)
    if (symbol == nullptr || address == nullptr) { return CUDA_ERROR_INVALID_VALUE; }
    Dl_info here{};
    dladdr(reinterpret_cast<void*>(&cuInit), &here);
    void* library = dlopen(here.dli_fname, RTLD_NOW | RTLD_NOLOAD);
    *address = library == nullptr ? nullptr : dlsym(library, (std::string(symbol) + "_v2").c_str());
    if (*address == nullptr && library != nullptr) { *address = dlsym(library, symbol); }
    if (library != nullptr) { dlclose(library); }
    if (found != nullptr) { *found = *address == nullptr ? CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND : CU_GET_PROC_ADDRESS_SUCCESS; }
    return *address == nullptr ? refuse(CUDA_ERROR_NOT_FOUND, "cuGetProcAddress: the emulator has no %s", symbol) : CUDA_SUCCESS;
}
