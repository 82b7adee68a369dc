// Blocks, warps and threads of a running launch, and who runs next. A thread is a fiber only once it has to wait: threads that run through
// without waiting share one. All on one host thread, in an order that depends on the settings alone.
#pragma once

#include "fiber.h"
#include "kernel_api.h"

#include <string>
#include <vector>

namespace rnnemu {

/// What a thread waits for, for messages.
struct Wait {
    enum class For : u8 { Nothing, Block, Warp, Change };
    For what = For::Nothing;
    const char* name = "";
    const char* file = "";
    int line = 0;
    u32 mask = 0;
    u64 address = 0;
};

/// An asynchronous copy under way.
struct PendingCopy {
    u32 to;
    u64 from;
    u32 bytes, validBytes;
    const char* file;
    int line;
};

struct Thread : ThreadView {
    Block* block = nullptr;
    Warp* warp = nullptr;
    Fiber* fiber = nullptr;
    bool exited = false;
    Wait wait;
    std::vector<PendingCopy> copies;  // oldest first; groups_ says where each committed group ends
    std::vector<u32> groups;
};

/// A warp operation that some lanes have reached.
struct Gathering {
    u32 mask = 0, arrived = 0;
    Combine combine = nullptr;
    const char* name = "";
    const char* file = "";
    int line = 0;
    void* operands[32] = {};
};

struct Warp {
    u32 lanes = 0;   // those that exist
    u32 exited = 0;
    u32 epoch = 0;   // barriers of the whole warp so far
    std::vector<Gathering> gatherings;
};

/// Who touched a unit (two bytes) of shared memory last, in one word: block barriers passed (`phase`, 32 bits), warp barriers passed (16), thread (16).
/// A reader's thread may be one of the marks.
using Touch = u64;
constexpr u16 manyInWarp = 0x8000;  // plus the warp
constexpr u16 manyReaders = 0xFFFF;

enum class UnitState : u8 { Outside, Ready, Copying };

struct SharedArray { const void* tag; u32 offset, bytes; const char* name; };

struct Block {
    u32 x = 0, y = 0, z = 0, index = 0;
    std::vector<Thread> threads;
    std::vector<Warp> warps;
    u32 exited = 0;
    std::vector<Thread*> waiting;  // at the block barrier
    u32 phase = 0;                 // grows with every barrier and from block to block, so old marks need no clearing

    u8* shared = nullptr;          // arena: static arrays, then dynamic memory, guards between
    std::vector<Touch> writers, readers;  // of each unit
    std::vector<UnitState> states;
    std::vector<SharedArray> arrays;
    u32 dynamicOffset = 0, nextOffset = 0, staticBytes = 0;

    std::vector<u32> clock;        // race check between blocks: up to when this one has seen each block's past; empty: nothing
};

struct LaunchRequest {
    const KernelInfo* kernel = nullptr;
    const void* parameters = nullptr;
    Dims grid{}, block{};
    u32 dynamicShared = 0;
    bool cooperative = false;
};

/// What a launch left: status 0, or a CUresult and the message.
struct LaunchResult {
    int status = 0;
    std::string message;
};

/// Runs a launch to its end. The limits have been checked.
LaunchResult runLaunch(const LaunchRequest& request);

/// Settings from the environment; read anew at every reset.
struct Settings {
    u64 order = 0;            // 0: threads in natural order; else the seed of a permutation
    bool sharedRaces = true;
    bool globalRaces = true;
};
extern Settings settings;

/// Ends the launch with a message about the current thread. Never returns to it.
[[noreturn]] void failThread(int status, const char* format, ...) __attribute__((format(printf, 2, 3)));

/// The launch's state that the runtime's files share.
struct Run {
    const LaunchRequest* request = nullptr;
    std::vector<Block*> resident;
    LaunchResult result;
    u32 launch = 0;  // serial number
    bool active = false;
};
extern Run run;
extern FiberPool fibers;

inline Thread* currentThread() { return static_cast<Thread*>(current); }

/// Puts a thread at the end of the queue of those that can go on.
void makeReady(Thread* thread);

/// Lets others run until somebody makes the current thread ready.
void suspend();

/// A reproducible number below a bound, for permutations.
u32 randomBelow(u32 bound);

/// Ends the launch; from any stack of it.
[[noreturn]] void leaveLaunch();

void prepareShared(Block& block, u32 dynamicBytes);
void finishShared(Block& block);
void startRaces();
void startClock(Block& block);

/// How far into the work of each stream a piece of work comes behind: an entry a stream, counted in pieces.
using Past = std::vector<u64>;

/// Whether accesses are watched for races between streams: once there is work for a second one.
extern bool trackStreams;

/// The piece of a stream's work that runs from now on, and its past; nullptr: none.
void startPiece(u32 lane, u64 serial, const Past* past);

/// A copy's or fill's access to device memory. Gives a message where another stream's work is in a race with it, else "".
std::string noteCopyAccess(u64 address, u64 bytes, bool writes, const char* name);

/// Forgets who accessed what; for a fresh start.
void forgetPieces();

/// Shared memory that an asynchronous copy is about to fill: checked and noted as a write, then poison until the copy is done.
void beginCopy(u32 offset, u32 bytes);
void endCopy(u32 offset, u32 bytes, const void* data, u32 dataBytes);
std::string place(const Thread& thread);
std::string describeWait(const Thread& thread);

/// Installs the handler of SIGSEGV and SIGBUS, once, and an alternate stack for this thread.
void installFaultHandler();

// The CUresult codes that a kernel's fault leaves.
constexpr int statusIllegalAddress = 700, statusMisaligned = 716, statusLaunchFailed = 719, statusTimeout = 702;

}  // namespace rnnemu
