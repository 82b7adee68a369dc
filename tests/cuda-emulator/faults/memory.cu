// Planted faults: accesses where none may be.
#include "device.cuh"

#include "../tests/test_params.h"

namespace rnn {

// Writes one element past the end of out [count].
RNN_KERNEL(fault_overrun_by_one, TestParams, 256, 1, 0)
{
    Global<float> out = global<float>(p.out);
    i64 i = (i64)blockIdxX() * blockDimX() + threadIdxX();
    if (i <= p.count) { out[i] = 1.0f; }
}

// Reads one element before the start of in.
RNN_KERNEL(fault_read_before, TestParams, 256, 1, 0)
{
    float v = global<const float>(p.in)[(i64)threadIdxX() - 1];
    global<float>(p.out)[threadIdxX()] = v;
}

// Reads 16 bytes where only some are aligned.
RNN_KERNEL(fault_misaligned, TestParams, 32, 1, 0)
{
    Float4 v = load4(global<const float>(p.in) + threadIdxX());
    if (v.x > 0) { global<float>(p.out)[threadIdxX()] = v.x; }
}

RNN_KERNEL(fault_null, TestParams, 32, 1, 0) { global<float>(0)[threadIdxX() + (p.in == 1 ? 1 : 0)] = 1.0f; }

// A pointer past the checks.
RNN_KERNEL(fault_raw_pointer, TestParams, 32, 1, 0) { *reinterpret_cast<volatile float*>(p.out + 4 * threadIdxX()) = 1.0f; }

// Writes past the checks, as no kernel can: what guards are for. choice: bytes from the end of out [400 bytes], negative before its start.
RNN_KERNEL(fault_guard, TestParams, 32, 1, 0)
{
    u64 at = p.choice >= 0 ? p.out + 400 + (u64)p.choice : p.out - (u64)-p.choice;
    if (threadIdxX() == 0) { *reinterpret_cast<volatile u8*>(at + (u64)::rnnemu::heapView.delta) = 1; }
}

RNN_KERNEL(fault_shared_guard, TestParams, 32, 1, 128)
{
    RNN_SHARED(u32, tile, 32);
    *(static_cast<volatile u8*>(::rnnemu::sharedAt<4>(tile.address + 4 * threadIdxX(), Access::Write)) + 7) = 1;
}

// A stack that never ends.
static u32 deeper(u32 n, volatile u32* above)
{
    volatile u32 room[256];
    room[n % 256] = n;
    return n == 0xFFFFFFFFu ? *above : deeper(n + 1, room) + room[(n + 1) % 256];
}

RNN_KERNEL(fault_stack, TestParams, 32, 1, 0)
{
    volatile u32 first = 0;
    global<u32>(p.out)[0] = deeper((u32)p.choice, &first);
}

// One element past a static array.
RNN_KERNEL(fault_shared_static, TestParams, 64, 1, 256)
{
    RNN_SHARED(float, tile, 64);
    tile[threadIdxX() + 1] = 1.0f;
    syncBlock();
}

// One element past the launch's dynamic memory.
RNN_KERNEL(fault_shared_dynamic, TestParams, 64, 1, 0)
{
    dynamicShared<float>(0)[threadIdxX() + 1] = 1.0f;
    syncBlock();
}

// More static memory than RNN_KERNEL says.
RNN_KERNEL(fault_shared_undeclared, TestParams, 64, 1, 128)
{
    RNN_SHARED(float, tile, 64);
    tile[threadIdxX()] = 1.0f;
}

// Takes what the launch gives; the test gives too much.
RNN_KERNEL(fault_shared_too_much, TestParams, 64, 1, 0) { dynamicShared<float>(0)[threadIdxX()] = 1.0f; }

// Walks count elements: the test frees them before.
RNN_KERNEL(fault_use_after_free, TestParams, 64, 1, 0)
{
    float v = global<const float>(p.in)[threadIdxX()];
    global<float>(p.out)[threadIdxX()] = v;
}

}  // namespace rnn
