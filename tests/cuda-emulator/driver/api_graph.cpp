// Capture of streams into graphs, and graphs. A captured stream only records; a graph runs when it is launched, its nodes in an order that
// their dependencies allow: that of the capture, or with RNNGPU_EMULATOR_ORDER another, so that a missing dependency shows.
#include "state.h"

#include <algorithm>

using namespace rnnemu;

CUDA_EMULATOR_API CUresult cuStreamBeginCapture_v2(CUstream handle, CUstreamCaptureMode mode)
{
    EMULATE(cuStreamBeginCapture_v2, NeedsContext)
    if (mode < CU_STREAM_CAPTURE_MODE_GLOBAL || mode > CU_STREAM_CAPTURE_MODE_RELAXED) { return CUDA_ERROR_INVALID_VALUE; }
    if (reinterpret_cast<u64>(handle) <= 1) { return refuse(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "cuStreamBeginCapture: the default stream can't be captured"); }
    Stream* s = streamOf(handle);
    if (s == nullptr) { return refuse(CUDA_ERROR_INVALID_HANDLE, "cuStreamBeginCapture: not a stream, or destroyed before"); }
    if (s->capture != nullptr) { return refuse(CUDA_ERROR_INVALID_VALUE, "cuStreamBeginCapture: the stream is being captured"); }
    s->capture = std::make_shared<Capture>();
    s->capture->mode = mode;
    s->capture->origin = s->handle;
    s->capture->thread = std::this_thread::get_id();
    s->frontier.clear();
    state().captures.push_back(s->capture);
    return CUDA_SUCCESS;
}

CUDA_EMULATOR_API CUresult cuStreamEndCapture(CUstream handle, CUgraph* graph)
{
    EMULATE(cuStreamEndCapture, NeedsContext)
    Stream* s = streamOf(handle);
    if (graph == nullptr) { return CUDA_ERROR_INVALID_VALUE; }
    *graph = nullptr;
    if (s == nullptr) { return refuse(CUDA_ERROR_INVALID_HANDLE, "cuStreamEndCapture: not a stream, or destroyed before"); }
    if (s->capture == nullptr) { return refuse(CUDA_ERROR_INVALID_VALUE, "cuStreamEndCapture: the stream is not being captured"); }
    std::shared_ptr<Capture> c = s->capture;
    if (c->origin != s->handle) { c->invalid = true; return refuse(CUDA_ERROR_STREAM_CAPTURE_UNMATCHED, "cuStreamEndCapture: the capture began in another stream"); }

    std::vector<bool> joined(c->nodes.size(), false);
    std::vector<u32> open = s->frontier;
    while (!open.empty())
    {
        u32 node = open.back();
        open.pop_back();
        if (joined[node]) { continue; }
        joined[node] = true;
        open.insert(open.end(), c->nodes[node].after.begin(), c->nodes[node].after.end());
    }
    for (const auto& [h, o] : state().objects)
    {
        if (o->kind != Kind::Stream || static_cast<Stream*>(o.get())->capture != c) { continue; }
        static_cast<Stream*>(o.get())->capture = nullptr;
        static_cast<Stream*>(o.get())->frontier.clear();
    }
    auto& all = state().captures;
    all.erase(std::find(all.begin(), all.end(), c));
    if (c->invalid) { return refuse(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, "cuStreamEndCapture: something during the capture made it void"); }
    if (std::find(joined.begin(), joined.end(), false) != joined.end())
    {
        return refuse(CUDA_ERROR_STREAM_CAPTURE_UNJOINED, "cuStreamEndCapture: a stream that joined the capture was not joined back (record an event there, wait for it here)");
    }
    auto fresh = std::make_unique<Graph>();
    fresh->context = s->context;
    fresh->nodes = std::make_shared<std::vector<Node>>(std::move(c->nodes));
    *graph = asHandle<CUgraph>(enter(std::move(fresh)));
    return CUDA_SUCCESS;
}

CUDA_EMULATOR_API CUresult cuStreamIsCapturing(CUstream handle, CUstreamCaptureStatus* status)
{
    EMULATE(cuStreamIsCapturing, NeedsContext)
    Stream* s = streamOf(handle);
    if (status == nullptr) { return CUDA_ERROR_INVALID_VALUE; }
    if (s == nullptr) { return refuse(CUDA_ERROR_INVALID_HANDLE, "cuStreamIsCapturing: not a stream, or destroyed before"); }
    *status = s->capture == nullptr ? CU_STREAM_CAPTURE_STATUS_NONE
        : s->capture->invalid ? CU_STREAM_CAPTURE_STATUS_INVALIDATED : CU_STREAM_CAPTURE_STATUS_ACTIVE;
    return CUDA_SUCCESS;
}

CUDA_EMULATOR_API CUresult cuGraphInstantiateWithFlags(CUgraphExec* executable, CUgraph handle, unsigned long long)
{
    EMULATE(cuGraphInstantiateWithFlags, NeedsContext)
    Graph* g = lookup<Graph>(handle);
    if (executable == nullptr) { return CUDA_ERROR_INVALID_VALUE; }
    if (g == nullptr) { return refuse(CUDA_ERROR_INVALID_HANDLE, "cuGraphInstantiate: not a graph, or destroyed before"); }
    auto fresh = std::make_unique<GraphExec>();
    fresh->context = g->context;
    fresh->nodes = g->nodes;
    *executable = asHandle<CUgraphExec>(enter(std::move(fresh)));
    return CUDA_SUCCESS;
}

CUDA_EMULATOR_API CUresult cuGraphGetNodes(CUgraph handle, void**, std::size_t* count)
{
    EMULATE(cuGraphGetNodes, NeedsContext)
    Graph* g = lookup<Graph>(handle);
    if (count == nullptr) { return CUDA_ERROR_INVALID_VALUE; }
    if (g == nullptr) { return refuse(CUDA_ERROR_INVALID_HANDLE, "cuGraphGetNodes: not a graph, or destroyed before"); }
    *count = g->nodes->size();
    return CUDA_SUCCESS;
}

namespace {

/// An order that keeps every node behind those it depends on.
std::vector<u32> orderOf(const std::vector<Node>& nodes)
{
    std::vector<u32> order;
    if (settings.order == 0)
    {
        for (u32 i = 0; i < nodes.size(); i++) { order.push_back(i); }
        return order;
    }
    std::vector<std::vector<u32>> next(nodes.size());
    std::vector<u32> missing(nodes.size()), open;
    for (u32 i = 0; i < nodes.size(); i++)
    {
        missing[i] = (u32)nodes[i].after.size();
        for (u32 before : nodes[i].after) { next[before].push_back(i); }
        if (missing[i] == 0) { open.push_back(i); }
    }
    while (!open.empty())
    {
        u32 pick = randomBelow((u32)open.size()), node = open[pick];
        open.erase(open.begin() + pick);
        order.push_back(node);
        for (u32 n : next[node])
        {
            if (--missing[n] == 0) { open.push_back(n); }
        }
    }
    return order;
}

}  // namespace

CUDA_EMULATOR_API CUresult cuGraphLaunch(CUgraphExec handle, CUstream streamHandle)
{
    EMULATE(cuGraphLaunch, NeedsContext)
    GraphExec* g = lookup<GraphExec>(handle);
    Stream* s = streamOf(streamHandle);
    if (g == nullptr || s == nullptr) { return refuse(CUDA_ERROR_INVALID_HANDLE, "cuGraphLaunch: not an executable graph and a stream, or destroyed before"); }
    if (s->capture != nullptr)
    {
        s->capture->invalid = true;
        return refuse(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "cuGraphLaunch into a captured stream is not offered by the emulator");
    }
    std::shared_ptr<std::vector<Node>> nodes = g->nodes;
    return submit(s, [nodes]() -> CUresult {
        for (u32 i : orderOf(*nodes))
        {
            CUresult r = (*nodes)[i].work();
            if (r != CUDA_SUCCESS) { return r; }
        }
        return CUDA_SUCCESS;
    });
}

CUDA_EMULATOR_API CUresult cuGraphDestroy(CUgraph handle)
{
    EMULATE(cuGraphDestroy, NeedsContext | WorksWhenBroken)
    Graph* g = lookup<Graph>(handle);
    if (g == nullptr) { return refuse(CUDA_ERROR_INVALID_HANDLE, "cuGraphDestroy: not a graph, or destroyed before"); }
    state().objects.erase(g->handle);
    return CUDA_SUCCESS;
}

CUDA_EMULATOR_API CUresult cuGraphExecDestroy(CUgraphExec handle)
{
    EMULATE(cuGraphExecDestroy, NeedsContext | WorksWhenBroken)
    GraphExec* g = lookup<GraphExec>(handle);
    if (g == nullptr) { return refuse(CUDA_ERROR_INVALID_HANDLE, "cuGraphExecDestroy: not an executable graph, or destroyed before"); }
    drainAll(false);
    state().objects.erase(g->handle);
    return CUDA_SUCCESS;
}
