// The made-up device: a small GPU of compute capability 9.0, so that limits are met early. Environment variables change it.
#pragma once

#include "../runtime/kernel_api.h"

namespace rnnemu {

struct Device {
    u32 major = 9, minor = 0;
    u32 multiprocessors = 4;               // RNNGPU_EMULATOR_SMS
    u64 memoryBytes = 4ull << 30;          // RNNGPU_EMULATOR_MEMORY, bytes
    u32 driverVersion = 12040;             // RNNGPU_EMULATOR_DRIVER
    bool clusters = false;                 // RNNGPU_EMULATOR_CLUSTERS=1: the cluster attribute is accepted (blocks still run alone)
    bool deferred = false;                 // RNNGPU_EMULATOR_DEFER=1: streams run only when waited for
    int count = 1;                         // RNNGPU_EMULATOR_DEVICES

    u32 sharedPerBlock = 48 * 1024;
    u32 sharedOptIn = 227 * 1024;          // RNNGPU_EMULATOR_CC=8.0 makes it 163 KB, as that capability has
    u32 sharedPerMultiprocessor = 228 * 1024;
    u32 sharedReserved = 1024;             // of every block
    static constexpr u32 threadsPerBlock = 1024, threadsPerMultiprocessor = 2048, blocksPerMultiprocessor = 32;
    static constexpr u32 registersPerMultiprocessor = 65536;
    static constexpr u32 blockX = 1024, blockY = 1024, blockZ = 64;
    static constexpr u32 gridX = 0x7FFFFFFF, gridY = 65535, gridZ = 65535;
};

extern Device device;

/// Reads the environment.
void configureDevice();

/// Registers a thread of the kernel may take: its launch bounds' worst case, since only ptxas knows better.
u32 registersOf(const KernelInfo& kernel);

/// Blocks of a kernel that one multiprocessor holds together.
u32 blocksPerMultiprocessor(const KernelInfo& kernel, u32 threads, u32 dynamicShared);

}  // namespace rnnemu
