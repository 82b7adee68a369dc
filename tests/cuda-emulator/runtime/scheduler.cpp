#include "scheduler.h"

#include "heap.h"

#include <cstring>

namespace rnnemu {

ThreadView* current = nullptr;
LaunchView launchView{};
Settings settings;
Run run;
FiberPool fibers;

namespace {

void* mainStack = nullptr;
Fiber* running = nullptr;

/// Threads that can go on, first in first out.
class ReadyQueue {
public:
    void reset(std::size_t most)
    {
        std::size_t room = 1;
        while (room < most + 1) { room *= 2; }
        ring_.assign(room, nullptr);
        head_ = tail_ = 0;
    }

    void push(Thread* thread) { ring_[tail_++ & (ring_.size() - 1)] = thread; }
    Thread* pop() { return head_ == tail_ ? nullptr : ring_[head_++ & (ring_.size() - 1)]; }

private:
    std::vector<Thread*> ring_;
    std::size_t head_ = 0, tail_ = 0;
};

ReadyQueue ready;
std::vector<Thread*> paused;       // those that wait for a change of global memory
u64 progressAtWake = 0;
u64 randomState = 0;

void enter();

void go(Thread* thread)
{
    current = thread;
    Fiber* from = running;
    if (thread->fiber == nullptr) { thread->fiber = fibers.take(enter); }
    if (thread->fiber == from) { return; }
    running = thread->fiber;
    rnnemuSwitch(from == nullptr ? &mainStack : &from->stackPointer, running->stackPointer);
}

void toMain()
{
    Fiber* from = running;
    running = nullptr;
    void* discarded;
    rnnemuSwitch(from == nullptr ? &discarded : &from->stackPointer, mainStack);
}

Thread* nextReady()
{
    Thread* next = ready.pop();
    if (next == nullptr && !paused.empty() && progress != progressAtWake)
    {
        progressAtWake = progress;
        for (Thread* t : paused) { ready.push(t); }
        paused.clear();
        next = ready.pop();
    }
    return next;
}

void finish(Thread* thread)
{
    if (!thread->copies.empty())
    {
        const PendingCopy& c = thread->copies.back();
        failThread(statusLaunchFailed, "leaves the kernel with an asynchronous copy (%s:%d) that it never waited for", c.file, c.line);
    }
    Block& block = *thread->block;
    thread->exited = true;
    block.exited++;
    u32 lane = 1u << (thread->rank % 32);
    thread->warp->exited |= lane;
    if (!block.waiting.empty())
    {
        failThread(statusLaunchFailed, "leaves the kernel while thread %s", describeWait(*block.waiting.front()).c_str());
    }
    for (const Gathering& g : thread->warp->gatherings)
    {
        if (g.arrived == 0 || (g.mask & lane) == 0) { continue; }
        u32 other = (u32)__builtin_ctz(g.arrived);
        const Thread& waiter = block.threads[thread->rank / 32 * 32 + other];
        failThread(statusLaunchFailed, "leaves the kernel while thread %s, whose mask names it", describeWait(waiter).c_str());
    }
}

/// The life of a fiber: runs threads one after another; sleeps when none is left that has not started.
void enter()
{
    for (;;)
    {
        Thread* thread = currentThread();
        run.request->kernel->body(run.request->parameters);
        finish(thread);
        Fiber* mine = thread->fiber;
        thread->fiber = nullptr;
        Thread* next = nextReady();
        if (next == nullptr)
        {
            fibers.put(mine);
            toMain();
        }
        else if (next->fiber == nullptr)
        {
            next->fiber = mine;
            current = next;
        }
        else
        {
            fibers.put(mine);
            go(next);
        }
    }
}

/// Fewest threads in a message about all that wait.
constexpr u32 listed = 4;

void reportStuck()
{
    std::string text;
    u32 waiting = 0;
    const Thread* first = nullptr;
    for (const Block* b : run.resident)
    {
        for (const Thread& t : b->threads)
        {
            if (t.exited) { continue; }
            if (waiting++ < listed) { text += (first == nullptr ? "" : "; thread ") + describeWait(t); }
            if (first == nullptr) { first = &t; }
        }
    }
    if (waiting > listed) { text += "; and " + std::to_string(waiting - listed) + " more"; }
    run.result.status = statusTimeout;
    run.result.message = std::string("kernel ") + run.request->kernel->name + ", " + place(*first)
        + ": no thread can go on: thread " + text;
}

void prepareBlock(Block& block, u32 index)
{
    const LaunchRequest& r = *run.request;
    u32 count = r.block.x * r.block.y * r.block.z;
    block.index = index;
    block.x = index % r.grid.x;
    block.y = index / r.grid.x % r.grid.y;
    block.z = index / r.grid.x / r.grid.y;
    block.exited = 0;
    block.waiting.clear();
    block.phase++;
    block.threads.resize(count);
    block.warps.resize((count + 31) / 32);
    for (u32 w = 0; w < block.warps.size(); w++)
    {
        u32 lanes = count - 32 * w;
        block.warps[w].lanes = lanes >= 32 ? 0xFFFFFFFFu : (1u << lanes) - 1;
        block.warps[w].exited = 0;
        block.warps[w].gatherings.clear();
    }
    for (u32 i = 0; i < count; i++)
    {
        Thread& t = block.threads[i];
        t.x = i % r.block.x;
        t.y = i / r.block.x % r.block.y;
        t.z = i / r.block.x / r.block.y;
        t.rank = i;
        t.blockX = block.x;
        t.blockY = block.y;
        t.blockZ = block.z;
        t.block = &block;
        t.warp = &block.warps[i / 32];
        t.fiber = nullptr;
        t.exited = false;
        t.wait = Wait();
        t.copies.clear();
        t.groups.clear();
    }
    prepareShared(block, r.dynamicShared);
}

void permute(std::vector<u32>& order, u32 count)
{
    order.resize(count);
    for (u32 i = 0; i < count; i++) { order[i] = i; }
    if (settings.order == 0) { return; }
    for (u32 i = (u32)order.size(); i > 1; i--) { std::swap(order[i - 1], order[randomBelow(i)]); }
}

/// Runs the resident blocks until every thread has left or none can go on.
void runResident()
{
    std::size_t count = run.resident.size() * run.resident.front()->threads.size();
    ready.reset(count);
    paused.clear();
    static std::vector<u32> order;
    permute(order, (u32)count);
    u32 perBlock = (u32)run.resident.front()->threads.size();
    for (u32 i : order) { ready.push(&run.resident[i / perBlock]->threads[i % perBlock]); }
    progressAtWake = progress - 1;
    while (run.result.status == 0)
    {
        Thread* next = nextReady();
        if (next == nullptr) { break; }
        go(next);
    }
    if (run.result.status == 0)
    {
        for (const Block* b : run.resident)
        {
            if (b->exited != b->threads.size()) { reportStuck(); break; }
        }
    }
    for (Block* b : run.resident)
    {
        current = b->threads.data();
        if (run.result.status == 0) { finishShared(*b); }
    }
}

std::vector<Block*> pool;

Block* pooled(std::size_t i)
{
    while (pool.size() <= i) { pool.push_back(new Block()); }
    return pool[i];
}

}  // namespace

u32 randomBelow(u32 bound)
{
    randomState += 0x9E3779B97F4A7C15ull;
    u64 z = randomState;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return (u32)(((z ^ (z >> 31)) >> 32) * bound >> 32);
}

void makeReady(Thread* thread)
{
    thread->wait.what = Wait::For::Nothing;
    ready.push(thread);
}

void suspend()
{
    Thread* next = nextReady();
    if (next == nullptr) { toMain(); }
    else { go(next); }
}

void pauseForChange(u64 address, const char* file, int line)
{
    Thread* t = currentThread();
    t->wait = Wait{Wait::For::Change, "a change of global memory", file, line, 0, address};
    paused.push_back(t);
    suspend();
    t->wait.what = Wait::For::Nothing;
}

void leaveLaunch()
{
    toMain();
    __builtin_unreachable();
}

LaunchResult runLaunch(const LaunchRequest& request)
{
    installFaultHandler();
    run.request = &request;
    run.result = LaunchResult();
    run.launch++;
    run.active = true;
    launchView = LaunchView{request.block, request.grid, request.dynamicShared};
    randomState = settings.order * 0x2545F4914F6CDD1Dull;
    startRaces();
    checkGlobalRaces = settings.globalRaces && (trackStreams || (u64)request.grid.x * request.grid.y * request.grid.z > 1);

    u32 blocks = request.grid.x * request.grid.y * request.grid.z;  // the launch's checks keep this within 32 bits
    std::vector<u32> order;
    if (settings.order != 0) { permute(order, blocks); }
    if (request.cooperative)
    {
        run.resident.clear();
        for (u32 i = 0; i < blocks; i++)
        {
            run.resident.push_back(pooled(i));
            prepareBlock(*run.resident[i], i);
            startClock(*run.resident[i]);
        }
        runResident();
    }
    else
    {
        run.resident.assign(1, pooled(0));
        for (u32 i = 0; i < blocks && run.result.status == 0; i++)
        {
            prepareBlock(*run.resident[0], order.empty() ? i : order[i]);
            startClock(*run.resident[0]);
            runResident();
        }
    }
    if (run.result.status != 0) { fibers.abandon(); }
    run.active = false;
    current = nullptr;
    return std::move(run.result);
}

}  // namespace rnnemu
