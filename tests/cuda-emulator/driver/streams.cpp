// How work given to a stream comes to run: at once, in order; or, in deferred mode, when somebody waits; or never, while it is captured.
#include "state.h"

#include <algorithm>

namespace rnnemu {

Stream* streamOf(CUstream handle)
{
    u64 value = reinterpret_cast<u64>(handle);
    if (value > 2) { return lookup<Stream>(value); }
    Context* context = currentContext();
    return context == nullptr ? nullptr : lookup<Stream>(state().defaultStreams[context->handle]);
}

namespace {

/// Is this a context's default stream? It waits for, and is waited for by, every stream that was not made non-blocking.
bool isDefault(const Stream& s)
{
    auto at = state().defaultStreams.find(s.context);
    return at != state().defaultStreams.end() && at->second == s.handle;
}

/// The legacy default stream stands between the blocking streams' work of before and of after.
void comeBehindDefault(Stream* stream)
{
    bool standard = isDefault(*stream);
    if (!standard && stream->nonBlocking) { return; }
    for (const auto& [h, o] : state().objects)
    {
        Stream* other = o->kind == Kind::Stream ? static_cast<Stream*>(o.get()) : nullptr;
        if (other == nullptr || other == stream || other->context != stream->context) { continue; }
        if (standard ? !other->nonBlocking : isDefault(*other)) { comeBehind(stream->past, other->past); }
    }
}

/// The work with what it comes behind, for the watch on races between streams.
Work numbered(Stream* stream, Work work)
{
    State& s = state();
    if (stream->lane == 0)
    {
        stream->lane = ++s.lanes;
        if (s.lanes > 1) { trackStreams = settings.globalRaces; }
    }
    comeBehind(stream->past, s.hostPast);
    comeBehindDefault(stream);
    if (stream->past.size() <= stream->lane) { stream->past.resize(stream->lane + 1); }
    u64 serial = ++stream->past[stream->lane];
    auto past = std::make_shared<const Past>(stream->past);
    u32 lane = stream->lane;
    return [past, lane, serial, work = std::move(work)]() -> CUresult {
        startPiece(lane, serial, past.get());
        CUresult result = work();
        startPiece(0, 0, nullptr);
        return result;
    };
}

void invalidateCaptures()
{
    for (auto& c : state().captures) { c->invalid = true; }
}

}  // namespace

void comeBehind(Past& mine, const Past& other)
{
    if (mine.size() < other.size()) { mine.resize(other.size()); }
    for (std::size_t i = 0; i < other.size(); i++) { mine[i] = std::max(mine[i], other[i]); }
}

CUresult submit(Stream* stream, Work work)
{
    if (stream->capture != nullptr)
    {
        Capture& c = *stream->capture;
        if (c.invalid) { return refuse(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, "the capture of this stream failed before"); }
        c.nodes.push_back(Node{std::move(work), stream->frontier});
        stream->frontier.assign(1, (u32)c.nodes.size() - 1);
        return CUDA_SUCCESS;
    }
    if (isDefault(*stream))
    {
        for (const auto& [h, o] : state().objects)
        {
            const Stream* other = o->kind == Kind::Stream ? static_cast<const Stream*>(o.get()) : nullptr;
            if (other != nullptr && other->capture != nullptr && !other->nonBlocking)
            {
                invalidateCaptures();
                return refuse(CUDA_ERROR_STREAM_CAPTURE_IMPLICIT, "work for the default stream while a blocking stream is captured");
            }
        }
    }
    work = numbered(stream, std::move(work));
    stream->submitted++;
    if (!device.deferred)
    {
        stream->done = stream->submitted;
        work();  // what goes wrong shows at the next call, as on a device that runs behind
        return CUDA_SUCCESS;
    }
    if (isDefault(*stream)) { drainAll(true); }
    else if (!stream->nonBlocking)
    {
        Stream* standard = lookup<Stream>(state().defaultStreams[stream->context]);
        if (standard != nullptr) { drain(standard); }
    }
    stream->queue.emplace_back(stream->submitted, std::move(work));
    return CUDA_SUCCESS;
}

void drain(Stream* stream, u64 serial)
{
    while (!stream->queue.empty() && stream->queue.front().first <= serial)
    {
        Work work = std::move(stream->queue.front().second);
        stream->done = stream->queue.front().first;
        stream->queue.erase(stream->queue.begin());
        work();
    }
}

void drainAll(bool blockingOnly)
{
    std::vector<u64> streams;
    for (const auto& [h, o] : state().objects)
    {
        if (o->kind == Kind::Stream && !(blockingOnly && static_cast<Stream*>(o.get())->nonBlocking)) { streams.push_back(h); }
    }
    for (u64 h : streams)
    {
        if (Stream* s = lookup<Stream>(h))
        {
            drain(s);
            if (!blockingOnly) { comeBehind(state().hostPast, s->past); }  // the host waits for everything
        }
    }
}

CUresult refuseDuringCapture(const char* entry)
{
    for (const auto& c : state().captures)
    {
        if (c->mode == CU_STREAM_CAPTURE_MODE_RELAXED) { continue; }
        if (c->mode == CU_STREAM_CAPTURE_MODE_THREAD_LOCAL && c->thread != std::this_thread::get_id()) { continue; }
        invalidateCaptures();
        return refuse(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "%s while a stream is captured: not permitted, and the capture is void", entry);
    }
    return CUDA_SUCCESS;
}

}  // namespace rnnemu
