// What the driver knows: contexts, modules, streams, events, graphs; who calls what and how it ends.
#pragma once

#include "../runtime/registry.h"
#include "../runtime/scheduler.h"
#include "cuda_api.h"
#include "device.h"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace rnnemu {

enum class Kind : u64 { Context = 1, Module, Function, Stream, Event, Graph, GraphExec, BlasDescription, BlasLayout, BlasPreference };

struct Object {
    Kind kind;
    u64 handle = 0;
    u64 context = 0;
    explicit Object(Kind k) : kind(k) {}
    virtual ~Object() = default;
};

/// Work for a stream: gives a CUresult. A failure is an error of the context.
using Work = std::function<CUresult()>;

struct Context : Object {
    static constexpr Kind type = Kind::Context;
    Context() : Object(type) {}
    int ordinal = 0;
    bool primary = false;
    u32 references = 0;
};

struct Module : Object {
    static constexpr Kind type = Kind::Module;
    Module() : Object(type) {}
    std::map<std::string, u32> entries;     // kernels of the image and the bytes of their parameters
    std::map<std::string, u64> functions;   // handles given out
    u32 ptxVersion = 0, target = 0;
};

struct Function : Object {
    static constexpr Kind type = Kind::Function;
    Function() : Object(type) {}
    const KernelInfo* kernel = nullptr;
    u64 module = 0;
    u32 maxDynamicShared = 48 * 1024;
};

struct Node { Work work; std::vector<u32> after; };

struct Capture {
    CUstreamCaptureMode mode = CU_STREAM_CAPTURE_MODE_GLOBAL;
    u64 origin = 0;
    std::thread::id thread;                   // that began it
    std::vector<Node> nodes;
    bool invalid = false;
};

struct Stream : Object {
    static constexpr Kind type = Kind::Stream;
    Stream() : Object(type) {}
    bool nonBlocking = false;
    u32 lane = 0;                             // its place in every Past
    Past past;                                // what the next piece of work comes behind
    std::vector<std::pair<u64, Work>> queue;  // serial and work, in deferred mode
    u64 submitted = 0, done = 0;
    std::shared_ptr<Capture> capture;
    std::vector<u32> frontier;                // nodes that what comes next stands behind
};

struct Event : Object {
    static constexpr Kind type = Kind::Event;
    Event() : Object(type) {}
    bool timing = true, recorded = false;
    u64 stream = 0, serial = 0;               // of the last record
    Past past;                                // of what waits for it
    std::chrono::steady_clock::time_point time;
    std::weak_ptr<Capture> capture;
    std::vector<u32> frontier;
};

struct Graph : Object {
    static constexpr Kind type = Kind::Graph;
    Graph() : Object(type) {}
    std::shared_ptr<std::vector<Node>> nodes;
};

struct GraphExec : Object {
    static constexpr Kind type = Kind::GraphExec;
    GraphExec() : Object(type) {}
    std::shared_ptr<std::vector<Node>> nodes;
};

struct HostBlock { u64 bytes = 0, mapped = 0, context = 0; bool registered = false; };

struct State {
    std::recursive_mutex lock;
    bool initialised = false;
    CUresult sticky = CUDA_SUCCESS;
    std::string lastError;
    std::map<u64, std::unique_ptr<Object>> objects;
    std::map<u64, HostBlock> hostBlocks;       // by address
    std::map<int, u64> primary;                // contexts by ordinal
    std::map<u64, u64> defaultStreams;         // by context
    std::vector<std::shared_ptr<Capture>> captures;
    std::map<std::string, u64> calls;
    struct Failure { std::string entry; u64 at; CUresult status; };
    std::vector<Failure> failures;
    u64 nextSerial = 1;
    u32 lanes = 0;                             // streams that had work
    Past hostPast;                             // what the host has waited for: all that it does from now on comes behind
};

State& state();

/// Each thread's stack of current contexts.
std::vector<u64>& contextStack();

/// What an entry point needs before it may run.
enum Needs : u32 { NeedsNothing = 0, NeedsInit = 1, NeedsContext = 3, WorksWhenBroken = 4 };

/// One call of an entry point: takes the lock, counts, fails where a test said so, and checks what the call needs.
class Call {
public:
    Call(const char* name, u32 needs);
    CUresult status = CUDA_SUCCESS;

private:
    std::unique_lock<std::recursive_mutex> lock_;
};

#define EMULATE(name, needs)                                                                                           \
    ::rnnemu::Call call_(#name, needs);                                                                                \
    if (call_.status != CUDA_SUCCESS) { return call_.status; }

/// Leaves a message and gives the status.
CUresult refuse(CUresult status, const char* format, ...) __attribute__((format(printf, 2, 3)));

template <class T> T* lookup(u64 handle)
{
    auto at = state().objects.find(handle);
    return at == state().objects.end() || at->second->kind != T::type ? nullptr : static_cast<T*>(at->second.get());
}

template <class T, class Handle> T* lookup(Handle* handle) { return lookup<T>(reinterpret_cast<u64>(handle)); }

/// Enters an object; its handle looks like no address.
template <class T> T* enter(std::unique_ptr<T> object)
{
    T* raw = object.get();
    raw->handle = 0x6E00000000000000ull | (u64)raw->kind << 48 | state().nextSerial++ << 4;
    state().objects[raw->handle] = std::move(object);
    return raw;
}

template <class Handle> Handle asHandle(const Object* object) { return reinterpret_cast<Handle>(object->handle); }

Context* currentContext();
void destroyContext(u64 handle);
void reset();

/// The stream of a handle, the context's default stream for 0, 1 and 2; nullptr where there is none.
Stream* streamOf(CUstream handle);

/// Runs work in a stream's order: at once, later in deferred mode, or as a node while the stream is captured.
CUresult submit(Stream* stream, Work work);

/// Runs what a stream has been given, up to a serial.
void drain(Stream* stream, u64 serial = ~0ull);
void drainAll(bool blockingOnly);

/// Adds one past to another.
void comeBehind(Past& mine, const Past& other);
CUresult refuseDuringCapture(const char* entry);

/// Notes a kernel's or copy's failure; every later call gives it.
void breakContext(CUresult status, const std::string& message);

/// Are guards of device memory unharmed? Breaks the context otherwise.
void checkGuards(const char* after);

}  // namespace rnnemu
