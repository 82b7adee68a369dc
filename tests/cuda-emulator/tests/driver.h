// The tests' view of a CUDA driver: entry points looked up in a library, so that the same tests of the intrinsics run on the emulator and, given
// libcuda.so.1, on a GPU.
#pragma once

#include "../driver/cuda_api.h"

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace tests {

using u32 = std::uint32_t;
using u64 = std::uint64_t;
using i64 = std::int64_t;

#define DRIVER_ENTRIES(X)                                                                                              \
    X(cuInit, (unsigned))                                                                                              \
    X(cuDriverGetVersion, (int*))                                                                                      \
    X(cuDeviceGet, (CUdevice*, int))                                                                                   \
    X(cuDeviceGetCount, (int*))                                                                                        \
    X(cuDeviceGetName, (char*, int, CUdevice))                                                                         \
    X(cuDeviceGetAttribute, (int*, int, CUdevice))                                                                     \
    X(cuDevicePrimaryCtxRetain, (CUcontext*, CUdevice))                                                                \
    X(cuDevicePrimaryCtxRelease_v2, (CUdevice))                                                                        \
    X(cuCtxCreate_v2, (CUcontext*, unsigned, CUdevice))                                                                \
    X(cuCtxDestroy_v2, (CUcontext))                                                                                    \
    X(cuCtxSetCurrent, (CUcontext))                                                                                    \
    X(cuCtxSynchronize, ())                                                                                            \
    X(cuModuleLoadDataEx, (CUmodule*, const void*, unsigned, int*, void**))                                            \
    X(cuModuleUnload, (CUmodule))                                                                                      \
    X(cuModuleGetFunction, (CUfunction*, CUmodule, const char*))                                                       \
    X(cuFuncGetAttribute, (int*, int, CUfunction))                                                                     \
    X(cuFuncSetAttribute, (CUfunction, int, int))                                                                      \
    X(cuOccupancyMaxActiveBlocksPerMultiprocessor, (int*, CUfunction, int, std::size_t))                               \
    X(cuMemAlloc_v2, (CUdeviceptr*, std::size_t))                                                                      \
    X(cuMemFree_v2, (CUdeviceptr))                                                                                     \
    X(cuMemGetInfo_v2, (std::size_t*, std::size_t*))                                                                   \
    X(cuMemAllocHost_v2, (void**, std::size_t))                                                                        \
    X(cuMemFreeHost, (void*))                                                                                          \
    X(cuMemcpyHtoD_v2, (CUdeviceptr, const void*, std::size_t))                                                        \
    X(cuMemcpyDtoH_v2, (void*, CUdeviceptr, std::size_t))                                                              \
    X(cuMemcpyDtoD_v2, (CUdeviceptr, CUdeviceptr, std::size_t))                                                        \
    X(cuMemcpyHtoDAsync_v2, (CUdeviceptr, const void*, std::size_t, CUstream))                                         \
    X(cuMemcpyDtoHAsync_v2, (void*, CUdeviceptr, std::size_t, CUstream))                                               \
    X(cuMemcpyDtoDAsync_v2, (CUdeviceptr, CUdeviceptr, std::size_t, CUstream))                                         \
    X(cuMemsetD8_v2, (CUdeviceptr, unsigned char, std::size_t))                                                        \
    X(cuMemsetD32_v2, (CUdeviceptr, unsigned, std::size_t))                                                            \
    X(cuMemsetD32Async, (CUdeviceptr, unsigned, std::size_t, CUstream))                                                \
    X(cuStreamCreate, (CUstream*, unsigned))                                                                           \
    X(cuStreamDestroy_v2, (CUstream))                                                                                  \
    X(cuStreamSynchronize, (CUstream))                                                                                 \
    X(cuStreamQuery, (CUstream))                                                                                       \
    X(cuStreamWaitEvent, (CUstream, CUevent, unsigned))                                                                \
    X(cuStreamBeginCapture_v2, (CUstream, CUstreamCaptureMode))                                                        \
    X(cuStreamEndCapture, (CUstream, CUgraph*))                                                                        \
    X(cuStreamIsCapturing, (CUstream, CUstreamCaptureStatus*))                                                         \
    X(cuEventCreate, (CUevent*, unsigned))                                                                             \
    X(cuEventDestroy_v2, (CUevent))                                                                                    \
    X(cuEventRecord, (CUevent, CUstream))                                                                              \
    X(cuEventSynchronize, (CUevent))                                                                                   \
    X(cuEventQuery, (CUevent))                                                                                         \
    X(cuEventElapsedTime, (float*, CUevent, CUevent))                                                                  \
    X(cuLaunchKernel, (CUfunction, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, CUstream, void**, void**)) \
    X(cuLaunchCooperativeKernel, (CUfunction, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, CUstream, void**)) \
    X(cuLaunchKernelEx, (const CUlaunchConfig*, CUfunction, void**, void**))                                           \
    X(cuGraphInstantiateWithFlags, (CUgraphExec*, CUgraph, unsigned long long))                                        \
    X(cuGraphLaunch, (CUgraphExec, CUstream))                                                                          \
    X(cuGraphDestroy, (CUgraph))                                                                                       \
    X(cuGraphExecDestroy, (CUgraphExec))                                                                               \
    X(cuPointerGetAttribute, (void*, int, CUdeviceptr))                                                                \
    X(cuGetErrorName, (CUresult, const char**))                                                                        \
    X(cuGetErrorString, (CUresult, const char**))                                                                      \
    X(cuGetProcAddress_v2, (const char*, void**, int, std::uint64_t, int*))

struct Driver {
#define DECLARE(name, parameters) CUresult(*name) parameters = nullptr;
    DRIVER_ENTRIES(DECLARE)
#undef DECLARE

    // the emulator's own; null on a real driver
    void (*fail)(const char*, int, int) = nullptr;
    u64 (*calls)(const char*) = nullptr;
    u64 (*live)(const char*) = nullptr;
    int (*lastError)(char*, int) = nullptr;
    int (*parameterBytes)(const char*) = nullptr;
    void (*reset)() = nullptr;

    bool emulated() const { return reset != nullptr; }
    std::string message() const;
};

extern Driver driver;

/// Loads the entry points; says what is missing.
bool loadDriver(const std::string& library, std::string* problem);

/// Folder of the project, for the committed PTX.
extern std::string projectRoot;

// ---- a small test framework

using TestBody = void (*)();
struct Registration { Registration(const char* name, TestBody body, bool emulatorOnly); };

#define TEST(name)                                                                                                     \
    static void name();                                                                                                \
    static ::tests::Registration name##Test(#name, name, false);                                                       \
    static void name()

/// A test of the emulator itself, which a real driver is not asked to pass.
#define EMULATOR_TEST(name)                                                                                            \
    static void name();                                                                                                \
    static ::tests::Registration name##Test(#name, name, true);                                                        \
    static void name()

void fail(const char* file, int line, const std::string& what);

#define CHECK(condition)                                                                                               \
    do { if (!(condition)) { ::tests::fail(__FILE__, __LINE__, #condition); } } while (0)
#define CHECK_OK(call) ::tests::checkStatus(__FILE__, __LINE__, #call, (call), CUDA_SUCCESS)
#define CHECK_STATUS(status, call) ::tests::checkStatus(__FILE__, __LINE__, #call, (call), (status))
#define CHECK_MESSAGE(part) ::tests::checkMessage(__FILE__, __LINE__, (part))

void checkStatus(const char* file, int line, const char* call, CUresult got, CUresult wanted);
void checkMessage(const char* file, int line, const std::string& part);

// ---- helpers

/// A context on device 0 for the length of a test; emulator tests start from a reset emulator with the given settings ("NAME=value ...").
class Session {
public:
    explicit Session(const char* environment = "");
    ~Session();

private:
    std::vector<std::string> set_;
};

/// Device memory with the contents of a vector, or poison.
template <class T> class Buffer {
public:
    explicit Buffer(std::size_t count) : count_(count) { CHECK_OK(driver.cuMemAlloc_v2(&address_, count * sizeof(T))); }
    explicit Buffer(const std::vector<T>& data) : Buffer(data.size()) { CHECK_OK(driver.cuMemcpyHtoD_v2(address_, data.data(), count_ * sizeof(T))); }
    Buffer(const Buffer&) = delete;
    ~Buffer() { driver.cuMemFree_v2(address_); }

    u64 address() const { return address_; }

    std::vector<T> read() const
    {
        std::vector<T> data(count_);
        CHECK_OK(driver.cuMemcpyDtoH_v2(data.data(), address_, count_ * sizeof(T)));
        return data;
    }

private:
    CUdeviceptr address_ = 0;
    std::size_t count_;
};

/// A kernel by name. `file` names the PTX: one of kernels/ptx, one that build.sh made of the tests' kernels, or, on the emulator, one made up.
class Kernel {
public:
    Kernel(const char* file, const char* name);
    ~Kernel();
    CUfunction function() const { return function_; }

    template <class P> CUresult launch(u32 blocks, u32 threads, const P& parameters, u32 dynamicShared = 0, CUstream stream = nullptr) const
    {
        void* list[] = {const_cast<P*>(&parameters)};
        return driver.cuLaunchKernel(function_, blocks, 1, 1, threads, 1, 1, dynamicShared, stream, list, nullptr);
    }

    template <class P> CUresult launchCooperative(u32 blocks, u32 threads, const P& parameters, u32 dynamicShared = 0, CUstream stream = nullptr) const
    {
        void* list[] = {const_cast<P*>(&parameters)};
        return driver.cuLaunchCooperativeKernel(function_, blocks, 1, 1, threads, 1, 1, dynamicShared, stream, list);
    }

private:
    CUmodule module_ = nullptr;
    CUfunction function_ = nullptr;
};

/// A reproducible generator.
class Numbers {
public:
    explicit Numbers(u64 seed) : state_(seed * 0x9E3779B97F4A7C15ull + 1) {}
    u32 bits();
    float uniform(float low, float high) { return low + (high - low) * (float)(bits() >> 8) * (1.0f / 16777216.0f); }

private:
    u64 state_;
};

}  // namespace tests
