// The driver API as a host uses it: contexts, memory, modules, streams, capture, errors.
#include "driver.h"

#include "test_params.h"

#include <cstdlib>

namespace tests {

namespace {

rnn::VectorParams fillOf(const Buffer<float>& y, float value, i64 count) { return {0, y.address(), count, value, 0}; }

struct Stream {
    CUstream handle = nullptr;
    explicit Stream(unsigned flags = CU_STREAM_NON_BLOCKING) { CHECK_OK(driver.cuStreamCreate(&handle, flags)); }
    ~Stream() { driver.cuStreamDestroy_v2(handle); }
};

struct Event {
    CUevent handle = nullptr;
    explicit Event(unsigned flags = 0) { CHECK_OK(driver.cuEventCreate(&handle, flags)); }
    ~Event() { driver.cuEventDestroy_v2(handle); }
};

std::string image(const char* version, const char* target, const char* entry, int bytes)
{
    return std::string(".version ") + version + "\n.target " + target + "\n.visible .entry " + entry + "(\n.param .align 8 .b8 p[" + std::to_string(bytes) + "]\n)\n{ ret; }\n";
}

}  // namespace

EMULATOR_TEST(nothing_works_before_init_or_without_context)
{
    driver.reset();
    int count = 0;
    CHECK_STATUS(CUDA_ERROR_NOT_INITIALIZED, driver.cuDeviceGetCount(&count));
    CHECK_STATUS(CUDA_ERROR_INVALID_VALUE, driver.cuInit(1));
    CHECK_OK(driver.cuInit(0));
    CHECK_OK(driver.cuDeviceGetCount(&count));
    CHECK(count == 1);
    CUdeviceptr p = 0;
    CHECK_STATUS(CUDA_ERROR_INVALID_CONTEXT, driver.cuMemAlloc_v2(&p, 16));
    CUdevice d = 0;
    CHECK_STATUS(CUDA_ERROR_INVALID_DEVICE, driver.cuDeviceGet(&d, 1));
    CUcontext c = nullptr;
    CHECK_OK(driver.cuCtxCreate_v2(&c, 0, 0));
    CHECK_OK(driver.cuMemAlloc_v2(&p, 16));
    CHECK_OK(driver.cuCtxDestroy_v2(c));
    CHECK_STATUS(CUDA_ERROR_INVALID_CONTEXT, driver.cuCtxDestroy_v2(c));
    CHECK(driver.live("") == 0);
}

EMULATOR_TEST(settings_make_another_device)
{
    Session session("RNNGPU_EMULATOR_SMS=7 RNNGPU_EMULATOR_CC=8.0 RNNGPU_EMULATOR_MEMORY=1048576");
    int sms = 0, major = 0, optIn = 0;
    CHECK_OK(driver.cuDeviceGetAttribute(&sms, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, 0));
    CHECK_OK(driver.cuDeviceGetAttribute(&major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, 0));
    CHECK_OK(driver.cuDeviceGetAttribute(&optIn, CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN, 0));
    CHECK(sms == 7 && major == 8 && optIn == 163 * 1024);
    std::size_t free = 0, total = 0;
    CHECK_OK(driver.cuMemGetInfo_v2(&free, &total));
    CHECK(total == 1048576 && free == total);
    CUdeviceptr p = 0, q = 0;
    CHECK_OK(driver.cuMemAlloc_v2(&p, 1000000));
    CHECK_STATUS(CUDA_ERROR_OUT_OF_MEMORY, driver.cuMemAlloc_v2(&q, 48577));
    CHECK_MESSAGE("48577 bytes asked for, 48576 of 1048576 free");
    CHECK_OK(driver.cuMemFree_v2(p));
    CHECK_OK(driver.cuMemAlloc_v2(&q, 1048576));
}

EMULATOR_TEST(memory_is_poisoned_and_ranges_are_checked)
{
    Session session;
    Buffer<u32> a(10), b(10);
    CHECK(a.read() == std::vector<u32>(10, 0xFFFFFFFFu));
    u32 word = 5;
    CHECK_STATUS(CUDA_ERROR_INVALID_VALUE, driver.cuMemcpyHtoD_v2(a.address() + 37, &word, 4));
    CHECK_MESSAGE("bytes 37 on of allocation #1 (40 bytes");
    CHECK_STATUS(CUDA_ERROR_INVALID_VALUE, driver.cuMemcpyDtoD_v2(a.address(), b.address() - 4, 4));
    CHECK_STATUS(CUDA_ERROR_INVALID_VALUE, driver.cuMemcpyDtoH_v2(reinterpret_cast<void*>(b.address()), a.address(), 4));
    CHECK_MESSAGE("is a device address");
    CHECK_STATUS(CUDA_ERROR_INVALID_VALUE, driver.cuMemFree_v2(a.address() + 4));
    CUdeviceptr once = 0;
    CHECK_OK(driver.cuMemAlloc_v2(&once, 8));
    CHECK_OK(driver.cuMemFree_v2(once));
    CHECK_STATUS(CUDA_ERROR_INVALID_VALUE, driver.cuMemFree_v2(once));
    CHECK_MESSAGE("was freed before");
    CHECK_OK(driver.cuMemsetD32_v2(a.address(), 7, 10));
    CHECK_OK(driver.cuMemsetD8_v2(a.address() + 4, 1, 4));
    std::vector<u32> filled(10, 7);
    filled[1] = 0x01010101;
    CHECK(a.read() == filled);
    unsigned kind = 0;
    std::size_t bytes = 0;
    CHECK_OK(driver.cuPointerGetAttribute(&kind, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, a.address() + 8));
    CHECK_OK(driver.cuPointerGetAttribute(&bytes, CU_POINTER_ATTRIBUTE_RANGE_SIZE, a.address() + 8));
    CHECK(kind == CU_MEMORYTYPE_DEVICE && bytes == 40);
    CHECK_STATUS(CUDA_ERROR_INVALID_VALUE, driver.cuPointerGetAttribute(&kind, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, 4096));
}

EMULATOR_TEST(pinned_memory_has_guards)
{
    Session session;
    void* p = nullptr;
    CHECK_OK(driver.cuMemAllocHost_v2(&p, 100));
    unsigned kind = 0;
    CHECK_OK(driver.cuPointerGetAttribute(&kind, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, reinterpret_cast<u64>(p) + 99));
    CHECK(kind == CU_MEMORYTYPE_HOST && driver.live("pinned") == 1);
    CHECK_OK(driver.cuMemFreeHost(p));
    CHECK_STATUS(CUDA_ERROR_INVALID_VALUE, driver.cuMemFreeHost(p));
    CHECK_OK(driver.cuMemAllocHost_v2(&p, 100));
    static_cast<char*>(p)[100] = 1;
    CHECK_STATUS(CUDA_ERROR_ILLEGAL_ADDRESS, driver.cuMemFreeHost(p));
    CHECK_MESSAGE("guard behind 100 bytes of pinned memory");
}

EMULATOR_TEST(modules_are_checked)
{
    Session session;
    CUmodule m = nullptr;
    CUfunction f = nullptr;
    CHECK_STATUS(CUDA_ERROR_INVALID_IMAGE, driver.cuModuleLoadDataEx(&m, "not PTX", 0, nullptr, nullptr));
    char log[200] = "";
    int options[] = {CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
    void* values[] = {log, reinterpret_cast<void*>(sizeof log)};
    CHECK_STATUS(CUDA_ERROR_UNSUPPORTED_PTX_VERSION, driver.cuModuleLoadDataEx(&m, image("8.7", "sm_80", "test_fill", 32).c_str(), 2, options, values));
    CHECK(std::string(log).find("PTX 8.7 is newer than this driver's 8.4") == 0);
    CHECK_STATUS(CUDA_ERROR_NO_BINARY_FOR_GPU, driver.cuModuleLoadDataEx(&m, image("8.0", "sm_100", "test_fill", 32).c_str(), 0, nullptr, nullptr));
    CHECK_STATUS(CUDA_ERROR_NO_BINARY_FOR_GPU, driver.cuModuleLoadDataEx(&m, image("8.0", "sm_80a", "test_fill", 32).c_str(), 0, nullptr, nullptr));
    CHECK_OK(driver.cuModuleLoadDataEx(&m, image("8.0", "sm_90a", "test_fill", 32).c_str(), 0, nullptr, nullptr));
    CHECK_STATUS(CUDA_ERROR_NOT_FOUND, driver.cuModuleGetFunction(&f, m, "test_add"));
    CHECK_OK(driver.cuModuleGetFunction(&f, m, "test_fill"));
    CHECK_OK(driver.cuModuleUnload(m));
    CHECK_STATUS(CUDA_ERROR_INVALID_HANDLE, driver.cuModuleGetFunction(&f, m, "test_fill"));
    CHECK_OK(driver.cuModuleLoadDataEx(&m, image("7.0", "sm_80", "test_fill", 24).c_str(), 0, nullptr, nullptr));
    CHECK_STATUS(CUDA_ERROR_INVALID_IMAGE, driver.cuModuleGetFunction(&f, m, "test_fill"));
    CHECK_MESSAGE("the PTX is stale");
    CHECK_OK(driver.cuModuleUnload(m));
    CHECK_OK(driver.cuModuleLoadDataEx(&m, image("7.0", "sm_80", "no_such_kernel", 8).c_str(), 0, nullptr, nullptr));
    CHECK_STATUS(CUDA_ERROR_NOT_FOUND, driver.cuModuleGetFunction(&f, m, "no_such_kernel"));
    CHECK_MESSAGE("built without its source");
}

EMULATOR_TEST(function_attributes)
{
    Session session;
    Kernel kernel("intrinsics", "test_fill");
    int threads = 0, shared = -1, blocks = 0;
    CHECK_OK(driver.cuFuncGetAttribute(&threads, CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK, kernel.function()));
    CHECK_OK(driver.cuFuncGetAttribute(&shared, CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES, kernel.function()));
    CHECK_OK(driver.cuOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, kernel.function(), 256, 0));
    CHECK(threads == 256 && shared == 0 && blocks == 8);
    CHECK_OK(driver.cuOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, kernel.function(), 512, 0));
    CHECK(blocks == 0);
}

EMULATOR_TEST(launch_with_attributes)
{
    Session session;
    Kernel kernel("intrinsics", "test_fill");
    Buffer<float> y(8);
    rnn::VectorParams p = fillOf(y, 4.0f, 8);
    void* list[] = {&p};
    CUlaunchAttribute attribute{};
    attribute.id = CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION;
    attribute.value.clusterDim = {2, 1, 1};
    CUlaunchConfig config{2, 1, 1, 64, 1, 1, 0, nullptr, &attribute, 1};
    CHECK_STATUS(CUDA_ERROR_NOT_SUPPORTED, driver.cuLaunchKernelEx(&config, kernel.function(), list, nullptr));
    attribute.id = CU_LAUNCH_ATTRIBUTE_COOPERATIVE;
    attribute.value.cooperative = 1;
    CHECK_OK(driver.cuLaunchKernelEx(&config, kernel.function(), list, nullptr));
    CHECK(y.read() == std::vector<float>(8, 4.0f));
    CHECK_STATUS(CUDA_ERROR_INVALID_VALUE, driver.cuLaunchKernelEx(&config, kernel.function(), nullptr, nullptr));
}

TEST(capture_records_and_replays)
{
    Session session;
    Kernel kernel("intrinsics", "test_fill");
    Buffer<float> y(std::vector<float>(16, 0.0f));
    Stream stream;
    rnn::VectorParams p = fillOf(y, 3.0f, 16);
    CHECK_OK(driver.cuStreamBeginCapture_v2(stream.handle, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL));
    CUstreamCaptureStatus status = CU_STREAM_CAPTURE_STATUS_NONE;
    CHECK_OK(driver.cuStreamIsCapturing(stream.handle, &status));
    CHECK(status == CU_STREAM_CAPTURE_STATUS_ACTIVE);
    CHECK_OK(kernel.launch(1, 32, p, 0, stream.handle));
    p.value = 100.0f;  // parameters were copied at the call
    CUgraph graph = nullptr;
    CUgraphExec executable = nullptr;
    CHECK_OK(driver.cuStreamEndCapture(stream.handle, &graph));
    CHECK(y.read() == std::vector<float>(16, 0.0f));
    CHECK_OK(driver.cuGraphInstantiateWithFlags(&executable, graph, 0));
    CHECK_OK(driver.cuGraphDestroy(graph));
    CHECK(y.read() == std::vector<float>(16, 0.0f));
    CHECK_OK(driver.cuGraphLaunch(executable, stream.handle));
    CHECK_OK(driver.cuStreamSynchronize(stream.handle));
    CHECK(y.read() == std::vector<float>(16, 3.0f));
    CHECK_OK(driver.cuGraphExecDestroy(executable));
}

TEST(capture_across_streams)
{
    Session session;
    Kernel fill("intrinsics", "test_fill"), add("intrinsics", "test_add");
    Buffer<float> a(16), b(16);
    Stream one, two;
    Event fork(CU_EVENT_DISABLE_TIMING), join(CU_EVENT_DISABLE_TIMING);
    CUgraph graph = nullptr;
    CHECK_OK(driver.cuStreamBeginCapture_v2(one.handle, CU_STREAM_CAPTURE_MODE_RELAXED));
    CHECK_OK(fill.launch(1, 32, fillOf(a, 1.0f, 16), 0, one.handle));
    CHECK_OK(driver.cuEventRecord(fork.handle, one.handle));
    CHECK_OK(driver.cuStreamWaitEvent(two.handle, fork.handle, 0));
    CHECK_OK(fill.launch(1, 32, fillOf(b, 2.0f, 16), 0, two.handle));
    CHECK_OK(driver.cuEventRecord(join.handle, two.handle));
    CHECK_OK(driver.cuStreamWaitEvent(one.handle, join.handle, 0));
    CHECK_OK(add.launch(1, 32, rnn::VectorParams{b.address(), a.address(), 16, 10.0f, 0}, 0, one.handle));
    CHECK_OK(driver.cuStreamEndCapture(one.handle, &graph));
    CUgraphExec executable = nullptr;
    CHECK_OK(driver.cuGraphInstantiateWithFlags(&executable, graph, 0));
    for (int i = 0; i < 2; i++) { CHECK_OK(driver.cuGraphLaunch(executable, one.handle)); }
    CHECK_OK(driver.cuStreamSynchronize(one.handle));
    CHECK(a.read() == std::vector<float>(16, 21.0f));
    CHECK_OK(driver.cuGraphExecDestroy(executable));
    CHECK_OK(driver.cuGraphDestroy(graph));

    CHECK_OK(driver.cuStreamBeginCapture_v2(one.handle, CU_STREAM_CAPTURE_MODE_RELAXED));
    CHECK_OK(driver.cuEventRecord(fork.handle, one.handle));
    CHECK_OK(driver.cuStreamWaitEvent(two.handle, fork.handle, 0));
    CHECK_OK(fill.launch(1, 32, fillOf(b, 2.0f, 16), 0, two.handle));
    CHECK_STATUS(CUDA_ERROR_STREAM_CAPTURE_UNJOINED, driver.cuStreamEndCapture(one.handle, &graph));
}

EMULATOR_TEST(a_missing_edge_of_a_graph_shows)
{
    // two fills of one buffer in two branches: which is last depends on the order, and orders differ
    std::vector<float> last;
    for (const char* order : {"", "RNNGPU_EMULATOR_ORDER=1", "RNNGPU_EMULATOR_ORDER=2", "RNNGPU_EMULATOR_ORDER=3", "RNNGPU_EMULATOR_ORDER=4"})
    {
        Session session(order);
        Kernel fill("intrinsics", "test_fill");
        Buffer<float> a(1);
        Stream one, two;
        Event fork, join;
        CUgraph graph = nullptr;
        CUgraphExec executable = nullptr;
        driver.cuStreamBeginCapture_v2(one.handle, CU_STREAM_CAPTURE_MODE_RELAXED);
        driver.cuEventRecord(fork.handle, one.handle);
        driver.cuStreamWaitEvent(two.handle, fork.handle, 0);
        fill.launch(1, 32, fillOf(a, 1.0f, 1), 0, one.handle);
        fill.launch(1, 32, fillOf(a, 2.0f, 1), 0, two.handle);
        driver.cuEventRecord(join.handle, two.handle);
        driver.cuStreamWaitEvent(one.handle, join.handle, 0);
        CHECK_OK(driver.cuStreamEndCapture(one.handle, &graph));
        CHECK_OK(driver.cuGraphInstantiateWithFlags(&executable, graph, 0));
        CHECK_OK(driver.cuGraphLaunch(executable, one.handle));
        last.push_back(a.read()[0]);
    }
    bool ones = false, twos = false;
    for (float v : last) { ones |= v == 1.0f; twos |= v == 2.0f; }
    CHECK(ones && twos);
}

EMULATOR_TEST(calls_not_allowed_during_capture)
{
    Session session;
    Stream stream;
    CUdeviceptr p = 0;
    CUgraph graph = nullptr;
    CHECK_OK(driver.cuStreamBeginCapture_v2(stream.handle, CU_STREAM_CAPTURE_MODE_GLOBAL));
    CHECK_STATUS(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, driver.cuMemAlloc_v2(&p, 16));
    CHECK_MESSAGE("cuMemAlloc while a stream is captured");
    CHECK_STATUS(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, driver.cuStreamEndCapture(stream.handle, &graph));
    CHECK(graph == nullptr && driver.live("graphs") == 0);
    CHECK_STATUS(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, driver.cuStreamBeginCapture_v2(nullptr, CU_STREAM_CAPTURE_MODE_GLOBAL));
    CHECK_OK(driver.cuMemAlloc_v2(&p, 16));
}

EMULATOR_TEST(deferred_streams_show_missing_waits)
{
    Session session("RNNGPU_EMULATOR_DEFER=1");
    Kernel kernel("intrinsics", "test_fill");
    Buffer<float> y(4);
    void* pinned = nullptr;
    CHECK_OK(driver.cuMemAllocHost_v2(&pinned, 16));
    float* host = static_cast<float*>(pinned);
    Stream one, two;
    Event done;
    host[0] = -1.0f;
    CHECK_OK(kernel.launch(1, 32, fillOf(y, 6.0f, 4), 0, one.handle));
    CHECK_OK(driver.cuEventRecord(done.handle, one.handle));
    CHECK_STATUS(CUDA_ERROR_NOT_READY, driver.cuEventQuery(done.handle));
    CHECK_OK(driver.cuStreamWaitEvent(two.handle, done.handle, 0));
    CHECK_OK(driver.cuMemcpyDtoHAsync_v2(host, y.address(), 16, two.handle));
    CHECK(host[0] == -1.0f);  // nobody has waited
    CHECK_OK(driver.cuStreamSynchronize(two.handle));
    CHECK(host[0] == 6.0f && host[3] == 6.0f);
    CHECK_OK(driver.cuEventQuery(done.handle));

    CHECK_OK(kernel.launch(1, 32, fillOf(y, 7.0f, 4), 0, one.handle));
    CHECK_OK(driver.cuMemcpyDtoHAsync_v2(host, y.address(), 16, two.handle));  // the wait for the event is missing
    CHECK_OK(driver.cuStreamSynchronize(two.handle));
    CHECK(host[0] == 6.0f);
    CHECK_OK(driver.cuMemFreeHost(pinned));
}

EMULATOR_TEST(races_between_streams_show)
{
    // what the second stream does with the first one's work, with and without waiting for it
    auto run = [](bool waits, bool reads, bool kernel) {
        Session session;
        Kernel fill("intrinsics", "test_fill"), add("intrinsics", "test_add");
        Buffer<float> a(16), b(16);
        Stream one, two;
        Event done;
        CHECK_OK(fill.launch(1, 32, fillOf(b, 2.0f, 16), 0, two.handle));
        CHECK_OK(driver.cuStreamSynchronize(two.handle));
        if (reads) { CHECK_OK(fill.launch(1, 32, fillOf(a, 1.0f, 16), 0, one.handle)); }
        else { CHECK_OK(add.launch(1, 32, rnn::VectorParams{a.address(), b.address(), 16, 10.0f, 0}, 0, one.handle)); }
        CHECK_OK(driver.cuEventRecord(done.handle, one.handle));
        if (waits) { CHECK_OK(driver.cuStreamWaitEvent(two.handle, done.handle, 0)); }
        if (!kernel) { CHECK_OK(reads ? driver.cuMemcpyDtoDAsync_v2(b.address(), a.address(), 64, two.handle) : driver.cuMemsetD32Async(a.address(), 0, 16, two.handle)); }
        else if (reads) { CHECK_OK(add.launch(1, 32, rnn::VectorParams{a.address(), b.address(), 16, 10.0f, 0}, 0, two.handle)); }
        else { CHECK_OK(fill.launch(1, 32, fillOf(a, 3.0f, 16), 0, two.handle)); }
        CHECK_STATUS(waits ? CUDA_SUCCESS : CUDA_ERROR_LAUNCH_FAILED, driver.cuStreamSynchronize(two.handle));
        if (!waits) { CHECK_MESSAGE("on another stream"); CHECK_MESSAGE("a race between streams"); }
    };
    for (int i = 0; i < 8; i++) { run((i & 1) != 0, (i & 2) != 0, (i & 4) != 0); }

    // the host's wait for one stream orders all that it gives to others afterwards
    Session session;
    Kernel fill("intrinsics", "test_fill");
    Buffer<float> a(16);
    Stream one, two;
    for (int i = 0; i < 3; i++)
    {
        CHECK_OK(fill.launch(1, 32, fillOf(a, 1.0f, 16), 0, i % 2 == 0 ? one.handle : two.handle));
        CHECK_OK(driver.cuStreamSynchronize(i % 2 == 0 ? one.handle : two.handle));
    }
}

TEST(events_measure_and_order)
{
    Session session;
    Stream stream;
    Event start, end;
    float milliseconds = -1;
    CHECK_OK(driver.cuEventRecord(start.handle, stream.handle));
    CHECK_OK(driver.cuEventRecord(end.handle, stream.handle));
    CHECK_OK(driver.cuEventSynchronize(end.handle));
    CHECK_OK(driver.cuEventElapsedTime(&milliseconds, start.handle, end.handle));
    CHECK(milliseconds >= 0 && milliseconds < 10000);
}

EMULATOR_TEST(told_failures_and_counters)
{
    Session session;
    u64 before = driver.calls("cuMemAlloc");
    driver.fail("cuMemAlloc", 2, CUDA_ERROR_OUT_OF_MEMORY);
    CUdeviceptr a = 0, b = 0;
    CHECK_OK(driver.cuMemAlloc_v2(&a, 16));
    CHECK_STATUS(CUDA_ERROR_OUT_OF_MEMORY, driver.cuMemAlloc_v2(&b, 16));
    CHECK_MESSAGE("was told to fail");
    CHECK(b == 0 && driver.live("allocations") == 1);
    CHECK_OK(driver.cuMemAlloc_v2(&b, 16));
    CHECK(driver.calls("cuMemAlloc") == before + 3 && driver.calls("cuMemAlloc_v2") == before + 3);
    CHECK(driver.calls("") >= before + 3);
    CHECK_OK(driver.cuMemFree_v2(a));
    CHECK_OK(driver.cuMemFree_v2(b));
    CHECK(driver.live("allocations") == 0);

    Session again("RNNGPU_EMULATOR_FAIL=cuStreamCreate:1:999,cuMemAlloc_v2:1:2");
    CUstream s = nullptr;
    CHECK_STATUS(CUDA_ERROR_UNKNOWN, driver.cuStreamCreate(&s, 0));
    CHECK_STATUS(CUDA_ERROR_OUT_OF_MEMORY, driver.cuMemAlloc_v2(&a, 16));
    CHECK_OK(driver.cuStreamCreate(&s, 0));
    CHECK(driver.live("streams") == 1);
    CHECK_OK(driver.cuStreamDestroy_v2(s));
    CHECK_STATUS(CUDA_ERROR_INVALID_HANDLE, driver.cuStreamDestroy_v2(s));
}

EMULATOR_TEST(a_kernel_error_shows_at_the_next_call_and_stays)
{
    Session session;
    Kernel kernel("faults", "fault_null");
    Buffer<float> y(4);
    CHECK_OK(kernel.launch(1, 32, rnn::TestParams{}));
    std::vector<float> host(4);
    CHECK_STATUS(CUDA_ERROR_ILLEGAL_ADDRESS, driver.cuMemcpyDtoH_v2(host.data(), y.address(), 16));
    CHECK_STATUS(CUDA_ERROR_ILLEGAL_ADDRESS, driver.cuMemFree_v2(y.address()));
    CHECK_STATUS(CUDA_ERROR_ILLEGAL_ADDRESS, driver.cuCtxSynchronize());
    CHECK(driver.live("allocations") == 1);
    CHECK_OK(driver.cuDevicePrimaryCtxRelease_v2(0));
    CHECK(driver.live("") == 0);
    CUcontext c = nullptr;
    CHECK_OK(driver.cuDevicePrimaryCtxRetain(&c, 0));
    CHECK_OK(driver.cuCtxSetCurrent(c));
    CHECK_OK(driver.cuCtxSynchronize());
}

EMULATOR_TEST(names_and_addresses)
{
    Session session;
    const char* name = nullptr;
    CHECK_OK(driver.cuGetErrorName(CUDA_ERROR_OUT_OF_MEMORY, &name));
    CHECK(std::string(name) == "CUDA_ERROR_OUT_OF_MEMORY");
    CHECK_STATUS(CUDA_ERROR_INVALID_VALUE, driver.cuGetErrorName(12345, &name));
    void* address = nullptr;
    int found = -1;
    CHECK_OK(driver.cuGetProcAddress_v2("cuMemAlloc", &address, 12000, 0, &found));
    CHECK(address == reinterpret_cast<void*>(driver.cuMemAlloc_v2) && found == CU_GET_PROC_ADDRESS_SUCCESS);
    CHECK_OK(driver.cuGetProcAddress_v2("cuInit", &address, 12000, 0, &found));
    CHECK(address == reinterpret_cast<void*>(driver.cuInit));
    CHECK_STATUS(CUDA_ERROR_NOT_FOUND, driver.cuGetProcAddress_v2("cuNoSuchThing", &address, 12000, 0, &found));
}

}  // namespace tests
