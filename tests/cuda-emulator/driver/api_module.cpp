// Modules and functions. The image says which kernels a module has; what runs is the same kernel compiled for the host.
#include "ptx.h"
#include "state.h"

#include <algorithm>
#include <cstring>

using namespace rnnemu;

namespace {

/// PTX versions by driver: 7.0 came with CUDA 11.0, 8.0 with 12.0, and each minor version with its own.
u32 newestPtx(u32 driver)
{
    if (driver >= 12000) { return 80 + (driver - 12000) / 10; }
    return driver >= 11000 ? 70 + (driver - 11000) / 10 : 63 + (driver - 10000) / 10;
}

void writeLog(unsigned count, const int* options, void** values, const std::string& text)
{
    char* buffer = nullptr;
    std::size_t room = 0;
    for (unsigned i = 0; i < count; i++)
    {
        if (options[i] == CU_JIT_ERROR_LOG_BUFFER) { buffer = static_cast<char*>(values[i]); }
        if (options[i] == CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES) { room = reinterpret_cast<std::size_t>(values[i]); }
    }
    if (buffer == nullptr || room == 0) { return; }
    std::size_t n = std::min(text.size(), room - 1);
    std::memcpy(buffer, text.data(), n);
    buffer[n] = 0;
}

}  // namespace

CUDA_EMULATOR_API CUresult cuModuleLoadDataEx(CUmodule* module, const void* image, unsigned count, int* options, void** values)
{
    EMULATE(cuModuleLoadDataEx, NeedsContext)
    if (module == nullptr || image == nullptr || (count > 0 && (options == nullptr || values == nullptr))) { return CUDA_ERROR_INVALID_VALUE; }
    if (CUresult r = refuseDuringCapture("cuModuleLoadDataEx")) { return r; }
    auto refused = [&](CUresult status, const std::string& why) {
        writeLog(count, options, values, why);
        return refuse(status, "cuModuleLoadDataEx: %s", why.c_str());
    };
    PtxImage ptx;
    std::string reason;
    if (!readPtx(static_cast<const char*>(image), &ptx, &reason)) { return refused(CUDA_ERROR_INVALID_IMAGE, reason); }
    u32 newest = newestPtx(device.driverVersion);
    if (ptx.version > newest)
    {
        return refused(CUDA_ERROR_UNSUPPORTED_PTX_VERSION, "PTX " + std::to_string(ptx.version / 10) + "." + std::to_string(ptx.version % 10)
            + " is newer than this driver's " + std::to_string(newest / 10) + "." + std::to_string(newest % 10));
    }
    u32 capability = device.major * 10 + device.minor;
    if (ptx.target == 0 || ptx.target > capability || (ptx.architectureSpecific && ptx.target != capability))
    {
        return refused(CUDA_ERROR_NO_BINARY_FOR_GPU, "the image's target, sm_" + std::to_string(ptx.target) + (ptx.architectureSpecific ? "a" : "")
            + ", does not run on sm_" + std::to_string(capability));
    }
    auto fresh = std::make_unique<Module>();
    fresh->context = currentContext()->handle;
    fresh->entries = ptx.entries;
    fresh->ptxVersion = ptx.version;
    fresh->target = ptx.target;
    *module = asHandle<CUmodule>(enter(std::move(fresh)));
    return CUDA_SUCCESS;
}

CUDA_EMULATOR_API CUresult cuModuleLoadData(CUmodule* module, const void* image) { return cuModuleLoadDataEx(module, image, 0, nullptr, nullptr); }

CUDA_EMULATOR_API CUresult cuModuleUnload(CUmodule handle)
{
    EMULATE(cuModuleUnload, NeedsContext | WorksWhenBroken)
    Module* m = lookup<Module>(handle);
    if (m == nullptr) { return refuse(CUDA_ERROR_INVALID_HANDLE, "cuModuleUnload: not a module, or unloaded before"); }
    drainAll(false);
    for (const auto& [name, function] : m->functions) { state().objects.erase(function); }
    state().objects.erase(m->handle);
    return CUDA_SUCCESS;
}

CUDA_EMULATOR_API CUresult cuModuleGetFunction(CUfunction* function, CUmodule handle, const char* name)
{
    EMULATE(cuModuleGetFunction, NeedsContext)
    if (function == nullptr || name == nullptr) { return CUDA_ERROR_INVALID_VALUE; }
    Module* m = lookup<Module>(handle);
    if (m == nullptr) { return refuse(CUDA_ERROR_INVALID_HANDLE, "cuModuleGetFunction: not a module, or unloaded before"); }
    auto entry = m->entries.find(name);
    if (entry == m->entries.end()) { return refuse(CUDA_ERROR_NOT_FOUND, "cuModuleGetFunction: the image has no kernel %s", name); }
    const KernelInfo* kernel = findKernel(name);
    if (kernel == nullptr)
    {
        return refuse(CUDA_ERROR_NOT_FOUND, "cuModuleGetFunction: the image has kernel %s, but this emulator was built without its source", name);
    }
    if (kernel->parameterBytes != entry->second)
    {
        return refuse(CUDA_ERROR_INVALID_IMAGE, "cuModuleGetFunction: kernel %s takes %u bytes in the image and %u in its source: the PTX is stale",
                      name, entry->second, kernel->parameterBytes);
    }
    u64& given = m->functions[name];
    if (given == 0)
    {
        auto fresh = std::make_unique<Function>();
        fresh->context = m->context;
        fresh->module = m->handle;
        fresh->kernel = kernel;
        fresh->maxDynamicShared = device.sharedPerBlock - std::min(device.sharedPerBlock, kernel->staticShared);
        given = enter(std::move(fresh))->handle;
    }
    *function = reinterpret_cast<CUfunction>(given);
    return CUDA_SUCCESS;
}

CUDA_EMULATOR_API CUresult cuFuncGetAttribute(int* value, int attribute, CUfunction handle)
{
    EMULATE(cuFuncGetAttribute, NeedsContext)
    Function* f = lookup<Function>(handle);
    if (value == nullptr) { return CUDA_ERROR_INVALID_VALUE; }
    if (f == nullptr) { return refuse(CUDA_ERROR_INVALID_HANDLE, "cuFuncGetAttribute: not a function, or its module was unloaded"); }
    switch (attribute)
    {
        case CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK: *value = (int)f->kernel->maxThreads; break;
        case CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES: *value = (int)f->kernel->staticShared; break;
        case CU_FUNC_ATTRIBUTE_CONST_SIZE_BYTES: *value = 0; break;
        case CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES: *value = 0; break;
        case CU_FUNC_ATTRIBUTE_NUM_REGS: *value = (int)registersOf(*f->kernel); break;
        case CU_FUNC_ATTRIBUTE_PTX_VERSION: *value = (int)lookup<Module>(f->module)->target; break;
        case CU_FUNC_ATTRIBUTE_BINARY_VERSION: *value = (int)(device.major * 10 + device.minor); break;
        case CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES: *value = (int)f->maxDynamicShared; break;
        case CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT: *value = -1; break;
        default: return refuse(CUDA_ERROR_INVALID_VALUE, "cuFuncGetAttribute: the emulator doesn't know attribute %d", attribute);
    }
    return CUDA_SUCCESS;
}

CUDA_EMULATOR_API CUresult cuFuncSetAttribute(CUfunction handle, int attribute, int value)
{
    EMULATE(cuFuncSetAttribute, NeedsContext)
    Function* f = lookup<Function>(handle);
    if (f == nullptr) { return refuse(CUDA_ERROR_INVALID_HANDLE, "cuFuncSetAttribute: not a function, or its module was unloaded"); }
    switch (attribute)
    {
        case CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES:
            if (value < 0 || (u32)value + f->kernel->staticShared > device.sharedOptIn)
            {
                return refuse(CUDA_ERROR_INVALID_VALUE, "cuFuncSetAttribute: kernel %s with %u bytes of static and %d of dynamic shared memory; a block has at most %u",
                              f->kernel->name, f->kernel->staticShared, value, device.sharedOptIn);
            }
            f->maxDynamicShared = (u32)value;
            return CUDA_SUCCESS;
        case CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT: return value >= -1 && value <= 100 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
        case CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED: return device.clusters ? CUDA_SUCCESS : CUDA_ERROR_NOT_SUPPORTED;
        default: return refuse(CUDA_ERROR_INVALID_VALUE, "cuFuncSetAttribute: attribute %d can't be set", attribute);
    }
}

CUDA_EMULATOR_API CUresult cuOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, CUfunction handle, int threads, std::size_t dynamicShared)
{
    EMULATE(cuOccupancyMaxActiveBlocksPerMultiprocessor, NeedsContext)
    Function* f = lookup<Function>(handle);
    if (blocks == nullptr || threads <= 0) { return CUDA_ERROR_INVALID_VALUE; }
    if (f == nullptr) { return refuse(CUDA_ERROR_INVALID_HANDLE, "cuOccupancyMaxActiveBlocksPerMultiprocessor: not a function, or its module was unloaded"); }
    bool fits = (u32)threads <= f->kernel->maxThreads && dynamicShared + f->kernel->staticShared <= device.sharedOptIn;
    *blocks = fits ? (int)blocksPerMultiprocessor(*f->kernel, (u32)threads, (u32)dynamicShared) : 0;
    return CUDA_SUCCESS;
}
