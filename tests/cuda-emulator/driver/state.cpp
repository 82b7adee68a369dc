#include "state.h"

#include "../runtime/heap.h"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sys/mman.h>

namespace rnnemu {

State& state()
{
    static State* all = new State();  // never destroyed: managed hosts call in until the process ends
    return *all;
}

std::vector<u64>& contextStack()
{
    static thread_local std::vector<u64> stack;
    return stack;
}

namespace {

bool sameEntry(const std::string& asked, const char* entry)
{
    if (asked == entry) { return true; }
    const char* suffix = std::strrchr(entry, '_');
    return suffix != nullptr && suffix[1] == 'v' && asked.size() == (std::size_t)(suffix - entry) && asked.compare(0, asked.size(), entry, asked.size()) == 0;
}

/// RNNGPU_EMULATOR_FAIL=entry:nth:status,...
void readFailures()
{
    const char* text = std::getenv("RNNGPU_EMULATOR_FAIL");
    std::string rest = text == nullptr ? "" : text;
    while (!rest.empty())
    {
        std::size_t end = rest.find(',');
        std::string one = rest.substr(0, end);
        rest = end == std::string::npos ? "" : rest.substr(end + 1);
        std::size_t first = one.find(':'), second = one.find(':', first == std::string::npos ? first : first + 1);
        if (second == std::string::npos)
        {
            std::fprintf(stderr, "CUDA emulator: RNNGPU_EMULATOR_FAIL wants entry:nth:status, not '%s'\n", one.c_str());
            continue;
        }
        state().failures.push_back({one.substr(0, first), std::strtoull(one.c_str() + first + 1, nullptr, 0),
                                    (CUresult)std::strtol(one.c_str() + second + 1, nullptr, 0)});
    }
}

bool configured = false;

void configureOnce()
{
    if (configured) { return; }
    configured = true;
    configureDevice();
    readFailures();
}

}  // namespace

Call::Call(const char* name, u32 needs) : lock_(state().lock)
{
    State& s = state();
    configureOnce();
    u64 count = ++s.calls[name];
    for (auto at = s.failures.begin(); at != s.failures.end(); ++at)
    {
        if (!sameEntry(at->entry, name) || --at->at > 0) { continue; }
        status = at->status;
        s.failures.erase(at);
        refuse(status, "call %llu of %s was told to fail", (unsigned long long)count, name);
        return;
    }
    if ((needs & NeedsInit) != 0 && !s.initialised) { status = refuse(CUDA_ERROR_NOT_INITIALIZED, "%s before cuInit", name); return; }
    if (s.sticky != CUDA_SUCCESS && (needs & WorksWhenBroken) == 0 && needs != NeedsNothing) { status = s.sticky; return; }
    if ((needs & NeedsContext) == NeedsContext && currentContext() == nullptr)
    {
        status = refuse(CUDA_ERROR_INVALID_CONTEXT, "%s with no current context on this thread", name);
    }
}

CUresult refuse(CUresult status, const char* format, ...)
{
    char text[768];
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    state().lastError = text;
    return status;
}

Context* currentContext()
{
    std::vector<u64>& stack = contextStack();
    return stack.empty() ? nullptr : lookup<Context>(stack.back());
}

void destroyContext(u64 handle)
{
    State& s = state();
    for (auto at = s.objects.begin(); at != s.objects.end();)
    {
        if (at->second->context == handle || at->first == handle) { at = s.objects.erase(at); }
        else { ++at; }
    }
    for (auto at = s.hostBlocks.begin(); at != s.hostBlocks.end();)
    {
        if (at->second.context != handle) { ++at; continue; }
        if (!at->second.registered) { munmap(reinterpret_cast<void*>(at->first), at->second.mapped); }
        at = s.hostBlocks.erase(at);
    }
    s.defaultStreams.erase(handle);
    for (auto at = s.primary.begin(); at != s.primary.end();) { at = at->second == handle ? s.primary.erase(at) : std::next(at); }
    heap.freeAll(handle);
    bool any = false;
    for (const auto& [h, o] : s.objects) { any |= o->kind == Kind::Context; }
    if (!any) { s.sticky = CUDA_SUCCESS; }  // a new context starts afresh
}

void reset()
{
    State& s = state();
    std::vector<u64> contexts;
    for (const auto& [h, o] : s.objects)
    {
        if (o->kind == Kind::Context) { contexts.push_back(h); }
    }
    for (u64 h : contexts) { destroyContext(h); }
    s.objects.clear();
    heap.restart();
    s.captures.clear();
    s.lanes = 0;
    s.hostPast.clear();
    forgetPieces();
    s.calls.clear();
    s.failures.clear();
    s.lastError.clear();
    s.sticky = CUDA_SUCCESS;
    s.initialised = false;
    contextStack().clear();
    configured = false;
    configureOnce();
}

void breakContext(CUresult status, const std::string& message)
{
    State& s = state();
    if (s.sticky != CUDA_SUCCESS) { return; }
    s.sticky = status;
    s.lastError = message;
    if (std::getenv("RNNGPU_EMULATOR_VERBOSE") != nullptr) { std::fprintf(stderr, "CUDA emulator: %s\n", message.c_str()); }
}

void checkGuards(const char* after)
{
    std::string message;
    if (!heap.canariesStand(&message)) { breakContext(CUDA_ERROR_ILLEGAL_ADDRESS, std::string("after ") + after + ": " + message); }
}

}  // namespace rnnemu
