// Contexts: the devices' primary ones, others, and each thread's stack of current ones.
#include "state.h"

using namespace rnnemu;

namespace {

Context* create(int ordinal, bool primary)
{
    auto fresh = std::make_unique<Context>();
    fresh->ordinal = ordinal;
    fresh->primary = primary;
    Context* context = enter(std::move(fresh));
    auto stream = std::make_unique<Stream>();
    stream->context = context->handle;
    state().defaultStreams[context->handle] = enter(std::move(stream))->handle;
    return context;
}

}  // namespace

CUDA_EMULATOR_API CUresult cuDevicePrimaryCtxRetain(CUcontext* context, CUdevice d)
{
    EMULATE(cuDevicePrimaryCtxRetain, NeedsInit)
    if (context == nullptr) { return CUDA_ERROR_INVALID_VALUE; }
    if (d < 0 || d >= device.count) { return CUDA_ERROR_INVALID_DEVICE; }
    u64& primary = state().primary[d];
    if (primary == 0) { primary = create(d, true)->handle; }
    Context* c = lookup<Context>(primary);
    c->references++;
    *context = asHandle<CUcontext>(c);
    return CUDA_SUCCESS;
}

CUDA_EMULATOR_API CUresult cuDevicePrimaryCtxRelease_v2(CUdevice d)
{
    EMULATE(cuDevicePrimaryCtxRelease_v2, NeedsInit | WorksWhenBroken)
    auto at = state().primary.find(d);
    if (at == state().primary.end() || at->second == 0) { return refuse(CUDA_ERROR_INVALID_CONTEXT, "cuDevicePrimaryCtxRelease: nobody holds the primary context"); }
    drainAll(false);
    Context* c = lookup<Context>(at->second);
    if (--c->references == 0) { destroyContext(c->handle); }
    return CUDA_SUCCESS;
}

CUDA_EMULATOR_API CUresult cuDevicePrimaryCtxGetState(CUdevice d, unsigned* flags, int* active)
{
    EMULATE(cuDevicePrimaryCtxGetState, NeedsInit | WorksWhenBroken)
    if (flags == nullptr || active == nullptr) { return CUDA_ERROR_INVALID_VALUE; }
    auto at = state().primary.find(d);
    *flags = 0;
    *active = at != state().primary.end() && at->second != 0;
    return CUDA_SUCCESS;
}

CUDA_EMULATOR_API CUresult cuCtxCreate_v2(CUcontext* context, unsigned, CUdevice d)
{
    EMULATE(cuCtxCreate_v2, NeedsInit)
    if (context == nullptr) { return CUDA_ERROR_INVALID_VALUE; }
    if (d < 0 || d >= device.count) { return CUDA_ERROR_INVALID_DEVICE; }
    Context* c = create(d, false);
    contextStack().push_back(c->handle);
    *context = asHandle<CUcontext>(c);
    return CUDA_SUCCESS;
}

CUDA_EMULATOR_API CUresult cuCtxDestroy_v2(CUcontext context)
{
    EMULATE(cuCtxDestroy_v2, NeedsInit | WorksWhenBroken)
    Context* c = lookup<Context>(context);
    if (c == nullptr || c->primary) { return refuse(CUDA_ERROR_INVALID_CONTEXT, "cuCtxDestroy: not a context made by cuCtxCreate, or destroyed before"); }
    drainAll(false);
    if (!contextStack().empty() && contextStack().back() == c->handle) { contextStack().pop_back(); }
    destroyContext(c->handle);
    return CUDA_SUCCESS;
}

CUDA_EMULATOR_API CUresult cuCtxSetCurrent(CUcontext context)
{
    EMULATE(cuCtxSetCurrent, NeedsInit | WorksWhenBroken)
    std::vector<u64>& stack = contextStack();
    if (context == nullptr)
    {
        if (!stack.empty()) { stack.pop_back(); }
        return CUDA_SUCCESS;
    }
    Context* c = lookup<Context>(context);
    if (c == nullptr) { return refuse(CUDA_ERROR_INVALID_CONTEXT, "cuCtxSetCurrent: not a context, or destroyed before"); }
    if (stack.empty()) { stack.push_back(c->handle); }
    else { stack.back() = c->handle; }
    return CUDA_SUCCESS;
}

CUDA_EMULATOR_API CUresult cuCtxGetCurrent(CUcontext* context)
{
    EMULATE(cuCtxGetCurrent, NeedsInit | WorksWhenBroken)
    if (context == nullptr) { return CUDA_ERROR_INVALID_VALUE; }
    Context* c = currentContext();
    *context = c == nullptr ? nullptr : asHandle<CUcontext>(c);
    return CUDA_SUCCESS;
}

CUDA_EMULATOR_API CUresult cuCtxPushCurrent_v2(CUcontext context)
{
    EMULATE(cuCtxPushCurrent_v2, NeedsInit | WorksWhenBroken)
    Context* c = lookup<Context>(context);
    if (c == nullptr) { return refuse(CUDA_ERROR_INVALID_CONTEXT, "cuCtxPushCurrent: not a context, or destroyed before"); }
    contextStack().push_back(c->handle);
    return CUDA_SUCCESS;
}

CUDA_EMULATOR_API CUresult cuCtxPopCurrent_v2(CUcontext* context)
{
    EMULATE(cuCtxPopCurrent_v2, NeedsInit | WorksWhenBroken)
    std::vector<u64>& stack = contextStack();
    if (stack.empty()) { return refuse(CUDA_ERROR_INVALID_CONTEXT, "cuCtxPopCurrent: this thread has no current context"); }
    if (context != nullptr) { *context = reinterpret_cast<CUcontext>(stack.back()); }
    stack.pop_back();
    return CUDA_SUCCESS;
}

CUDA_EMULATOR_API CUresult cuCtxGetDevice(CUdevice* d)
{
    EMULATE(cuCtxGetDevice, NeedsContext)
    if (d == nullptr) { return CUDA_ERROR_INVALID_VALUE; }
    *d = currentContext()->ordinal;
    return CUDA_SUCCESS;
}

CUDA_EMULATOR_API CUresult cuCtxSynchronize()
{
    EMULATE(cuCtxSynchronize, NeedsContext)
    if (CUresult r = refuseDuringCapture("cuCtxSynchronize")) { return r; }
    drainAll(false);
    return state().sticky;
}
