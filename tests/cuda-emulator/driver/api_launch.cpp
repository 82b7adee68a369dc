// Launches: limits checked at the call, parameters copied, the kernel run in the stream's order.
#include "state.h"

#include "../runtime/heap.h"

#include <cinttypes>
#include <cstring>

using namespace rnnemu;

namespace {

struct Shape { Dims grid, block; u32 dynamicShared; bool cooperative; };

CUresult checkShape(const Function& f, const Shape& s)
{
    const KernelInfo& k = *f.kernel;
    Dims g = s.grid, b = s.block;
    auto refused = [&](CUresult status, const char* why, u64 have, u64 most) {
        return refuse(status, "launch of kernel %s, grid (%u,%u,%u), block (%u,%u,%u), %u bytes of dynamic shared memory: %s: %" PRIu64 ", at most %" PRIu64,
                      k.name, g.x, g.y, g.z, b.x, b.y, b.z, s.dynamicShared, why, have, most);
    };
    if (g.x == 0 || g.y == 0 || g.z == 0 || b.x == 0 || b.y == 0 || b.z == 0) { return refused(CUDA_ERROR_INVALID_VALUE, "an extent is", 0, Device::gridX); }
    if (g.x > Device::gridX) { return refused(CUDA_ERROR_INVALID_VALUE, "blocks along x", g.x, Device::gridX); }
    if (g.y > Device::gridY) { return refused(CUDA_ERROR_INVALID_VALUE, "blocks along y", g.y, Device::gridY); }
    if (g.z > Device::gridZ) { return refused(CUDA_ERROR_INVALID_VALUE, "blocks along z", g.z, Device::gridZ); }
    if (b.x > Device::blockX) { return refused(CUDA_ERROR_INVALID_VALUE, "threads along x", b.x, Device::blockX); }
    if (b.y > Device::blockY) { return refused(CUDA_ERROR_INVALID_VALUE, "threads along y", b.y, Device::blockY); }
    if (b.z > Device::blockZ) { return refused(CUDA_ERROR_INVALID_VALUE, "threads along z", b.z, Device::blockZ); }
    u64 threads = (u64)b.x * b.y * b.z, blocks = (u64)g.x * g.y * g.z;
    if (threads > Device::threadsPerBlock) { return refused(CUDA_ERROR_INVALID_VALUE, "threads a block", threads, Device::threadsPerBlock); }
    if (threads > k.maxThreads) { return refused(CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES, "threads a block, by the kernel's launch bounds", threads, k.maxThreads); }
    if (s.dynamicShared > f.maxDynamicShared)
    {
        return refused(CUDA_ERROR_INVALID_VALUE, "dynamic shared memory without raising the function's limit by cuFuncSetAttribute", s.dynamicShared, f.maxDynamicShared);
    }
    if (blocks > 0x7FFFFFFFu) { return refused(CUDA_ERROR_INVALID_VALUE, "blocks, in the emulator", blocks, 0x7FFFFFFFu); }
    if (s.cooperative)
    {
        u64 resident = (u64)blocksPerMultiprocessor(k, (u32)threads, s.dynamicShared) * device.multiprocessors;
        if (blocks > resident) { return refused(CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE, "blocks that must be on the device together", blocks, resident); }
    }
    return CUDA_SUCCESS;
}

CUresult launch(const char* call, CUfunction function, const Shape& s, CUstream handle, void** parameters, void** extra)
{
    const Function* f = lookup<Function>(function);
    if (f == nullptr) { return refuse(CUDA_ERROR_INVALID_HANDLE, "%s: not a function, or its module was unloaded", call); }
    Stream* stream = streamOf(handle);
    if (stream == nullptr) { return refuse(CUDA_ERROR_INVALID_HANDLE, "%s of kernel %s: not a stream, or destroyed before", call, f->kernel->name); }
    if (extra != nullptr) { return refuse(CUDA_ERROR_NOT_SUPPORTED, "%s of kernel %s: parameters by `extra` are not offered here", call, f->kernel->name); }
    if (f->kernel->parameterBytes > 0 && (parameters == nullptr || parameters[0] == nullptr))
    {
        return refuse(CUDA_ERROR_INVALID_VALUE, "%s of kernel %s: kernelParams[0] must point to its parameter struct", call, f->kernel->name);
    }
    if (CUresult r = checkShape(*f, s)) { return r; }

    std::vector<u64> copy((f->kernel->parameterBytes + 7) / 8 + 1);
    if (f->kernel->parameterBytes > 0) { std::memcpy(copy.data(), parameters[0], f->kernel->parameterBytes); }
    const KernelInfo* kernel = f->kernel;
    return submit(stream, [kernel, s, copy]() -> CUresult {
        if (state().sticky != CUDA_SUCCESS) { return state().sticky; }
        LaunchRequest request{kernel, copy.data(), s.grid, s.block, s.dynamicShared, s.cooperative};
        LaunchResult result = runLaunch(request);
        if (result.status != 0)
        {
            breakContext(result.status, result.message);
            return result.status;
        }
        checkGuards((std::string("kernel ") + kernel->name).c_str());
        return CUDA_SUCCESS;
    });
}

}  // namespace

CUDA_EMULATOR_API CUresult cuLaunchKernel(CUfunction f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                                          unsigned dynamicShared, CUstream stream, void** parameters, void** extra)
{
    EMULATE(cuLaunchKernel, NeedsContext)
    return launch("cuLaunchKernel", f, Shape{{gx, gy, gz}, {bx, by, bz}, dynamicShared, false}, stream, parameters, extra);
}

CUDA_EMULATOR_API CUresult cuLaunchCooperativeKernel(CUfunction f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                                                     unsigned dynamicShared, CUstream stream, void** parameters)
{
    EMULATE(cuLaunchCooperativeKernel, NeedsContext)
    return launch("cuLaunchCooperativeKernel", f, Shape{{gx, gy, gz}, {bx, by, bz}, dynamicShared, true}, stream, parameters, nullptr);
}

CUDA_EMULATOR_API CUresult cuLaunchKernelEx(const CUlaunchConfig* c, CUfunction f, void** parameters, void** extra)
{
    EMULATE(cuLaunchKernelEx, NeedsContext)
    if (c == nullptr || (c->numAttrs > 0 && c->attrs == nullptr)) { return CUDA_ERROR_INVALID_VALUE; }
    Shape s{{c->gridDimX, c->gridDimY, c->gridDimZ}, {c->blockDimX, c->blockDimY, c->blockDimZ}, c->sharedMemBytes, false};
    for (unsigned i = 0; i < c->numAttrs; i++)
    {
        const CUlaunchAttribute& a = c->attrs[i];
        switch (a.id)
        {
            case CU_LAUNCH_ATTRIBUTE_IGNORE:
            case CU_LAUNCH_ATTRIBUTE_PRIORITY:
            case CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION:
                break;
            case CU_LAUNCH_ATTRIBUTE_COOPERATIVE:
                s.cooperative = a.value.cooperative != 0;
                break;
            case CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION:
            {
                auto d = a.value.clusterDim;
                if (d.x * d.y * d.z == 1) { break; }
                if (!device.clusters) { return refuse(CUDA_ERROR_NOT_SUPPORTED, "cuLaunchKernelEx: the emulated device has no clusters (RNNGPU_EMULATOR_CLUSTERS=1 accepts them)"); }
                if (d.x * d.y * d.z == 0 || d.x * d.y * d.z > 8 || s.grid.x % d.x != 0 || s.grid.y % d.y != 0 || s.grid.z % d.z != 0)
                {
                    return refuse(CUDA_ERROR_INVALID_CLUSTER_SIZE, "cuLaunchKernelEx: clusters of (%u,%u,%u) don't divide the grid, or exceed 8 blocks", d.x, d.y, d.z);
                }
                break;
            }
            default: return refuse(CUDA_ERROR_INVALID_VALUE, "cuLaunchKernelEx: the emulator doesn't know launch attribute %d", a.id);
        }
    }
    return launch("cuLaunchKernelEx", f, s, c->hStream, parameters, extra);
}
