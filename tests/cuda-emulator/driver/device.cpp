#include "device.h"

#include "../runtime/scheduler.h"

#include <algorithm>
#include <cstdlib>
#include <string>

namespace rnnemu {

Device device;

namespace {

u64 number(const char* name, u64 otherwise)
{
    const char* text = std::getenv(name);
    return text == nullptr || *text == 0 ? otherwise : std::strtoull(text, nullptr, 0);
}

}  // namespace

void configureDevice()
{
    device = Device();
    device.multiprocessors = (u32)std::max<u64>(1, number("RNNGPU_EMULATOR_SMS", device.multiprocessors));
    device.memoryBytes = number("RNNGPU_EMULATOR_MEMORY", device.memoryBytes);
    device.driverVersion = (u32)number("RNNGPU_EMULATOR_DRIVER", device.driverVersion);
    device.clusters = number("RNNGPU_EMULATOR_CLUSTERS", 0) != 0;
    device.deferred = number("RNNGPU_EMULATOR_DEFER", 0) != 0;
    device.count = (int)number("RNNGPU_EMULATOR_DEVICES", 1);
    const char* capability = std::getenv("RNNGPU_EMULATOR_CC");
    if (capability != nullptr && std::string(capability) == "8.0")
    {
        device.major = 8;
        device.sharedOptIn = 163 * 1024;
        device.sharedPerMultiprocessor = 164 * 1024;
    }
    settings.order = number("RNNGPU_EMULATOR_ORDER", 0);
    u64 races = number("RNNGPU_EMULATOR_RACES", 3);
    settings.sharedRaces = (races & 1) != 0;
    settings.globalRaces = (races & 2) != 0;
}

u32 registersOf(const KernelInfo& kernel)
{
    u32 threads = std::max(32u, (kernel.maxThreads + 31) / 32 * 32);
    u32 most = Device::registersPerMultiprocessor / (threads * std::max(1u, kernel.minBlocks));
    return std::min(255u, most / 8 * 8);
}

u32 blocksPerMultiprocessor(const KernelInfo& kernel, u32 threads, u32 dynamicShared)
{
    u32 warps = (threads + 31) / 32;
    u32 byThreads = Device::threadsPerMultiprocessor / (warps * 32);
    u32 registers = (registersOf(kernel) + 7) / 8 * 8 * warps * 32;
    u32 byRegisters = registers == 0 ? Device::blocksPerMultiprocessor : Device::registersPerMultiprocessor / registers;
    u32 shared = (kernel.staticShared + dynamicShared + device.sharedReserved + 127) / 128 * 128;
    u32 byShared = device.sharedPerMultiprocessor / shared;
    return std::min({byThreads, byRegisters, byShared, Device::blocksPerMultiprocessor});
}

}  // namespace rnnemu
