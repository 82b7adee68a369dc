// Streams and events.
#include "state.h"

#include <algorithm>

using namespace rnnemu;

CUDA_EMULATOR_API CUresult cuStreamCreateWithPriority(CUstream* handle, unsigned flags, int)
{
    EMULATE(cuStreamCreateWithPriority, NeedsContext)
    if (handle == nullptr || flags > CU_STREAM_NON_BLOCKING) { return CUDA_ERROR_INVALID_VALUE; }
    auto fresh = std::make_unique<Stream>();
    fresh->context = currentContext()->handle;
    fresh->nonBlocking = (flags & CU_STREAM_NON_BLOCKING) != 0;
    *handle = asHandle<CUstream>(enter(std::move(fresh)));
    return CUDA_SUCCESS;
}

CUDA_EMULATOR_API CUresult cuStreamCreate(CUstream* handle, unsigned flags)
{
    EMULATE(cuStreamCreate, NeedsContext)
    return cuStreamCreateWithPriority(handle, flags, 0);
}

CUDA_EMULATOR_API CUresult cuStreamDestroy_v2(CUstream handle)
{
    EMULATE(cuStreamDestroy_v2, NeedsContext | WorksWhenBroken)
    Stream* s = lookup<Stream>(handle);
    if (s == nullptr) { return refuse(CUDA_ERROR_INVALID_HANDLE, "cuStreamDestroy: not a stream, or destroyed before"); }
    if (s->capture != nullptr)
    {
        s->capture->invalid = true;
        return refuse(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "cuStreamDestroy of a stream that is being captured");
    }
    drain(s);
    state().objects.erase(s->handle);
    return CUDA_SUCCESS;
}

CUDA_EMULATOR_API CUresult cuStreamSynchronize(CUstream handle)
{
    EMULATE(cuStreamSynchronize, NeedsContext)
    Stream* s = streamOf(handle);
    if (s == nullptr) { return refuse(CUDA_ERROR_INVALID_HANDLE, "cuStreamSynchronize: not a stream, or destroyed before"); }
    if (CUresult r = refuseDuringCapture("cuStreamSynchronize")) { return r; }
    drain(s);
    comeBehind(state().hostPast, s->past);
    return state().sticky;
}

CUDA_EMULATOR_API CUresult cuStreamQuery(CUstream handle)
{
    EMULATE(cuStreamQuery, NeedsContext)
    Stream* s = streamOf(handle);
    if (s == nullptr) { return refuse(CUDA_ERROR_INVALID_HANDLE, "cuStreamQuery: not a stream, or destroyed before"); }
    if (CUresult r = refuseDuringCapture("cuStreamQuery")) { return r; }
    if (!s->queue.empty()) { drain(s, s->queue.front().first); }  // time passes: each question lets one piece of work run
    if (!s->queue.empty()) { return CUDA_ERROR_NOT_READY; }
    comeBehind(state().hostPast, s->past);
    return state().sticky;
}

CUDA_EMULATOR_API CUresult cuStreamWaitEvent(CUstream handle, CUevent eventHandle, unsigned)
{
    EMULATE(cuStreamWaitEvent, NeedsContext)
    Stream* s = streamOf(handle);
    Event* e = lookup<Event>(eventHandle);
    if (s == nullptr || e == nullptr) { return refuse(CUDA_ERROR_INVALID_HANDLE, "cuStreamWaitEvent: not a stream and an event, or destroyed before"); }
    std::shared_ptr<Capture> captured = e->capture.lock();
    if (captured != nullptr)
    {
        if (s->capture != nullptr && s->capture != captured)
        {
            captured->invalid = s->capture->invalid = true;
            return refuse(CUDA_ERROR_STREAM_CAPTURE_ISOLATION, "cuStreamWaitEvent: the event belongs to another capture");
        }
        s->capture = captured;  // the stream joins the capture
        for (u32 node : e->frontier)
        {
            if (std::find(s->frontier.begin(), s->frontier.end(), node) == s->frontier.end()) { s->frontier.push_back(node); }
        }
        return CUDA_SUCCESS;
    }
    if (s->capture != nullptr)
    {
        s->capture->invalid = true;
        return refuse(CUDA_ERROR_STREAM_CAPTURE_ISOLATION, "cuStreamWaitEvent: the event was recorded outside the capture");
    }
    if (!e->recorded) { return CUDA_SUCCESS; }
    comeBehind(s->past, e->past);
    u64 other = e->stream, serial = e->serial;
    return submit(s, [other, serial]() -> CUresult {
        if (Stream* awaited = lookup<Stream>(other)) { drain(awaited, serial); }
        return CUDA_SUCCESS;
    });
}

CUDA_EMULATOR_API CUresult cuEventCreate(CUevent* handle, unsigned flags)
{
    EMULATE(cuEventCreate, NeedsContext)
    if (handle == nullptr) { return CUDA_ERROR_INVALID_VALUE; }
    auto fresh = std::make_unique<Event>();
    fresh->context = currentContext()->handle;
    fresh->timing = (flags & CU_EVENT_DISABLE_TIMING) == 0;
    *handle = asHandle<CUevent>(enter(std::move(fresh)));
    return CUDA_SUCCESS;
}

CUDA_EMULATOR_API CUresult cuEventDestroy_v2(CUevent handle)
{
    EMULATE(cuEventDestroy_v2, NeedsContext | WorksWhenBroken)
    Event* e = lookup<Event>(handle);
    if (e == nullptr) { return refuse(CUDA_ERROR_INVALID_HANDLE, "cuEventDestroy: not an event, or destroyed before"); }
    state().objects.erase(e->handle);
    return CUDA_SUCCESS;
}

CUDA_EMULATOR_API CUresult cuEventRecord(CUevent handle, CUstream streamHandle)
{
    EMULATE(cuEventRecord, NeedsContext)
    Event* e = lookup<Event>(handle);
    Stream* s = streamOf(streamHandle);
    if (e == nullptr || s == nullptr) { return refuse(CUDA_ERROR_INVALID_HANDLE, "cuEventRecord: not an event and a stream, or destroyed before"); }
    if (s->capture != nullptr)
    {
        if (s->capture->invalid) { return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED; }
        e->capture = s->capture;
        e->frontier = s->frontier;
        return CUDA_SUCCESS;
    }
    u64 event = e->handle;
    CUresult r = submit(s, [event]() -> CUresult {
        if (Event* recorded = lookup<Event>(event)) { recorded->time = std::chrono::steady_clock::now(); }
        return CUDA_SUCCESS;
    });
    if (r != CUDA_SUCCESS) { return r; }
    e->capture.reset();
    e->recorded = true;
    e->stream = s->handle;
    e->serial = s->submitted;
    e->past = s->past;
    return CUDA_SUCCESS;
}

namespace {

CUresult refuseCaptured(const Event& e, const char* call)
{
    std::shared_ptr<Capture> c = e.capture.lock();
    if (c == nullptr) { return CUDA_SUCCESS; }
    c->invalid = true;
    return refuse(CUDA_ERROR_CAPTURED_EVENT, "%s: the event was last recorded in a capture", call);
}

bool reached(const Event& e)
{
    const Stream* s = lookup<Stream>(e.stream);
    return !e.recorded || s == nullptr || s->done >= e.serial;
}

}  // namespace

CUDA_EMULATOR_API CUresult cuEventSynchronize(CUevent handle)
{
    EMULATE(cuEventSynchronize, NeedsContext)
    Event* e = lookup<Event>(handle);
    if (e == nullptr) { return refuse(CUDA_ERROR_INVALID_HANDLE, "cuEventSynchronize: not an event, or destroyed before"); }
    if (CUresult r = refuseCaptured(*e, "cuEventSynchronize")) { return r; }
    if (Stream* s = lookup<Stream>(e->stream); s != nullptr && e->recorded) { drain(s, e->serial); }
    if (e->recorded) { comeBehind(state().hostPast, e->past); }
    return state().sticky;
}

CUDA_EMULATOR_API CUresult cuEventQuery(CUevent handle)
{
    EMULATE(cuEventQuery, NeedsContext)
    Event* e = lookup<Event>(handle);
    if (e == nullptr) { return refuse(CUDA_ERROR_INVALID_HANDLE, "cuEventQuery: not an event, or destroyed before"); }
    if (CUresult r = refuseCaptured(*e, "cuEventQuery")) { return r; }
    if (Stream* s = lookup<Stream>(e->stream); s != nullptr && !s->queue.empty() && !reached(*e)) { drain(s, s->queue.front().first); }
    if (!reached(*e)) { return CUDA_ERROR_NOT_READY; }
    if (e->recorded) { comeBehind(state().hostPast, e->past); }
    return state().sticky;
}

CUDA_EMULATOR_API CUresult cuEventElapsedTime(float* milliseconds, CUevent startHandle, CUevent endHandle)
{
    EMULATE(cuEventElapsedTime, NeedsContext)
    const Event* start = lookup<Event>(startHandle);
    const Event* end = lookup<Event>(endHandle);
    if (milliseconds == nullptr) { return CUDA_ERROR_INVALID_VALUE; }
    if (start == nullptr || end == nullptr || !start->timing || !end->timing || !start->recorded || !end->recorded)
    {
        return refuse(CUDA_ERROR_INVALID_HANDLE, "cuEventElapsedTime: both events must exist, have timing, and have been recorded");
    }
    if (!reached(*start) || !reached(*end)) { return CUDA_ERROR_NOT_READY; }
    *milliseconds = std::chrono::duration<float, std::milli>(end->time - start->time).count();
    return CUDA_SUCCESS;
}
