// Every planted fault is caught, with a message that names kernel, block and thread, and leaves the context broken as a real one would be.
#include "driver.h"
#include "test_params.h"

namespace tests {

using rnn::TestParams;

namespace {

struct Fault {
    const char* kernel;
    CUresult status;
    const char* block;
    const char* thread;    // nullptr: which one depends on what others do
    const char* says;
    u32 blocks = 1, threads = 32, dynamicShared = 0;
    bool cooperative = false;
    const char* environment = "";
};

void catches(const Fault& f)
{
    Session session(f.environment);
    {
        Kernel kernel("faults", f.kernel);
        Buffer<float> in(std::vector<float>(1024, 1.0f)), out(100);
        Buffer<u32> extra(std::vector<u32>(64, 0));
        TestParams p{in.address(), out.address(), extra.address(), 100, 0, 0};
        CHECK_OK(f.cooperative ? kernel.launchCooperative(f.blocks, f.threads, p, f.dynamicShared) : kernel.launch(f.blocks, f.threads, p, f.dynamicShared));
        CHECK_STATUS(f.status, driver.cuCtxSynchronize());
        CHECK_MESSAGE(std::string("kernel ") + f.kernel);
        CHECK_MESSAGE(f.block);
        if (f.thread != nullptr) { CHECK_MESSAGE(f.thread); }
        CHECK_MESSAGE(f.says);
        CUdeviceptr more = 0;
        CHECK_STATUS(f.status, driver.cuMemAlloc_v2(&more, 4));  // the context stays broken
    }
    CHECK_OK(driver.cuDevicePrimaryCtxRelease_v2(0));
    CHECK(driver.live("") == 0);
    CUcontext again = nullptr;
    CHECK_OK(driver.cuDevicePrimaryCtxRetain(&again, 0));  // a new one works
}

}  // namespace

EMULATOR_TEST(catches_overrun_by_one)
{
    catches({.kernel = "fault_overrun_by_one", .status = CUDA_ERROR_ILLEGAL_ADDRESS, .block = "block (1,0,0)", .thread = "thread (36,0,0)",
             .says = "0 bytes past the end of allocation #2 (400 bytes", .blocks = 2, .threads = 64});
}

EMULATOR_TEST(catches_read_before)
{
    catches({.kernel = "fault_read_before", .status = CUDA_ERROR_ILLEGAL_ADDRESS, .block = "block (0,0,0)", .thread = "thread (0,0,0)",
             .says = "4 bytes before allocation #1"});
}

EMULATOR_TEST(catches_misaligned)
{
    catches({.kernel = "fault_misaligned", .status = CUDA_ERROR_MISALIGNED_ADDRESS, .block = "block (0,0,0)", .thread = "thread (1,0,0)", .says = "not aligned"});
}

EMULATOR_TEST(catches_null)
{
    catches({.kernel = "fault_null", .status = CUDA_ERROR_ILLEGAL_ADDRESS, .block = "block (0,0,0)", .thread = "thread (0,0,0)", .says = "null pointer"});
}

EMULATOR_TEST(catches_raw_pointer)
{
    catches({.kernel = "fault_raw_pointer", .status = CUDA_ERROR_ILLEGAL_ADDRESS, .block = "block (0,0,0)", .thread = "thread (0,0,0)", .says = "past the checks"});
}

EMULATOR_TEST(catches_stack_overflow)
{
    catches({.kernel = "fault_stack", .status = CUDA_ERROR_LAUNCH_FAILED, .block = "block (0,0,0)", .thread = "thread (0,0,0)", .says = "overflowed its stack"});
}

EMULATOR_TEST(catches_overrun_of_a_shared_array)
{
    catches({.kernel = "fault_shared_static", .status = CUDA_ERROR_ILLEGAL_ADDRESS, .block = "block (0,0,0)", .thread = "thread (63,0,0)",
             .says = "byte 256 of the shared array tile (256 bytes)", .threads = 64});
}

EMULATOR_TEST(catches_overrun_of_dynamic_shared_memory)
{
    catches({.kernel = "fault_shared_dynamic", .status = CUDA_ERROR_ILLEGAL_ADDRESS, .block = "block (0,0,0)", .thread = "thread (63,0,0)",
             .says = "byte 256 of the dynamic shared memory (256 bytes)", .threads = 64, .dynamicShared = 256});
}

EMULATOR_TEST(catches_what_only_guards_see)
{
    for (int offset : {0, 63, -1, -64})
    {
        Session session;
        Kernel kernel("faults", "fault_guard");
        Buffer<float> out(100);
        CHECK_OK(kernel.launch(1, 32, TestParams{0, out.address(), 0, 0, offset, 0}));
        CHECK_STATUS(CUDA_ERROR_ILLEGAL_ADDRESS, driver.cuCtxSynchronize());
        CHECK_MESSAGE(offset < 0 ? "the guard before allocation #1" : "the guard behind allocation #1");
        CHECK_MESSAGE("after kernel fault_guard");
    }
    Session session;
    Kernel kernel("faults", "fault_guard");
    Buffer<float> out(100);
    CHECK_OK(kernel.launch(1, 32, TestParams{0, out.address(), 0, 0, 200, 0}));
    CHECK_OK(driver.cuCtxSynchronize());  // farther than a launch looks; the free does
    CHECK_STATUS(CUDA_ERROR_ILLEGAL_ADDRESS, driver.cuMemFree_v2(out.address()));
    CHECK_MESSAGE("200 bytes past its end");
}

EMULATOR_TEST(catches_a_broken_shared_guard)
{
    catches({.kernel = "fault_shared_guard", .status = CUDA_ERROR_ILLEGAL_ADDRESS, .block = "block (0,0,0)", .thread = "thread (0,0,0)",
             .says = "a guard of shared memory was overwritten: byte 131 of the shared array tile"});
}

EMULATOR_TEST(catches_undeclared_static_shared)
{
    catches({.kernel = "fault_shared_undeclared", .status = CUDA_ERROR_LAUNCH_FAILED, .block = "block (0,0,0)", .thread = "thread (0,0,0)",
             .says = "RNN_KERNEL declares 128", .threads = 64});
}

EMULATOR_TEST(catches_missing_barrier)
{
    for (const char* order : {"", "RNNGPU_EMULATOR_ORDER=1", "RNNGPU_EMULATOR_ORDER=2"})
    {
        catches({.kernel = "fault_missing_barrier", .status = CUDA_ERROR_LAUNCH_FAILED, .block = "block (0,0,0)", .thread = nullptr,
                 .says = "no barrier between: a race", .threads = 64, .environment = order});
    }
}

EMULATOR_TEST(missing_barrier_shows_in_results_too)
{
    // with the race check off, orders of threads give different results, so a comparison of runs finds the fault as well
    std::vector<std::vector<u32>> results;
    for (const char* order : {"RNNGPU_EMULATOR_RACES=0", "RNNGPU_EMULATOR_RACES=0 RNNGPU_EMULATOR_ORDER=1", "RNNGPU_EMULATOR_RACES=0 RNNGPU_EMULATOR_ORDER=2"})
    {
        for (int barrier = 0; barrier < 2; barrier++)
        {
            Session session(order);
            Kernel kernel("faults", "fault_missing_barrier");
            Buffer<u32> out(64);
            CHECK_OK(kernel.launch(1, 64, TestParams{0, out.address(), 0, 0, barrier, 0}));
            results.push_back(out.read());
        }
    }
    CHECK(results[0] != results[2] && results[0] != results[4] && results[2] != results[4]);
    CHECK(results[1] == results[3] && results[1] == results[5]);
}

EMULATOR_TEST(catches_write_after_read)
{
    catches({.kernel = "fault_write_after_read", .status = CUDA_ERROR_LAUNCH_FAILED, .block = "block (0,0,0)", .thread = nullptr,
             .says = "no barrier between", .threads = 64});
}

EMULATOR_TEST(catches_missing_warp_barrier)
{
    catches({.kernel = "fault_missing_warp_barrier", .status = CUDA_ERROR_LAUNCH_FAILED, .block = "block (0,0,0)", .thread = nullptr, .says = "no barrier between"});
}

EMULATOR_TEST(catches_unwaited_copy)
{
    catches({.kernel = "fault_unwaited_copy", .status = CUDA_ERROR_LAUNCH_FAILED, .block = "block (0,0,0)", .thread = "thread (0,0,0)", .says = "a waitAsync is missing"});
}

EMULATOR_TEST(catches_wait_for_the_wrong_group)
{
    catches({.kernel = "fault_wrong_group", .status = CUDA_ERROR_LAUNCH_FAILED, .block = "block (0,0,0)", .thread = "thread (0,0,0)", .says = "a waitAsync is missing"});
}

EMULATOR_TEST(catches_copy_without_barrier)
{
    catches({.kernel = "fault_copy_without_barrier", .status = CUDA_ERROR_LAUNCH_FAILED, .block = "block (0,0,0)", .thread = nullptr, .says = "no barrier between"});
}

EMULATOR_TEST(catches_abandoned_copy)
{
    catches({.kernel = "fault_abandoned_copy", .status = CUDA_ERROR_LAUNCH_FAILED, .block = "block (0,0,0)", .thread = "thread (0,0,0)", .says = "never waited for"});
}

EMULATOR_TEST(catches_use_after_free)
{
    Session session;
    Kernel kernel("faults", "fault_use_after_free");
    Buffer<float> out(64);
    u64 freed = 0;
    {
        Buffer<float> in(std::vector<float>(64, 1.0f));
        freed = in.address();
    }
    CHECK_OK(kernel.launch(1, 64, TestParams{freed, out.address(), 0, 64, 0, 0}));
    CHECK_STATUS(CUDA_ERROR_ILLEGAL_ADDRESS, driver.cuCtxSynchronize());
    CHECK_MESSAGE("kernel fault_use_after_free, block (0,0,0), thread (0,0,0)");
    CHECK_MESSAGE("which was freed");
}

EMULATOR_TEST(catches_too_much_shared_memory)
{
    Session session;
    Kernel kernel("faults", "fault_shared_too_much");
    TestParams p{};
    CHECK_OK(kernel.launch(1, 64, p, 48 * 1024));
    CHECK_STATUS(CUDA_ERROR_INVALID_VALUE, kernel.launch(1, 64, p, 48 * 1024 + 16));
    CHECK_MESSAGE("kernel fault_shared_too_much, grid (1,1,1), block (64,1,1)");
    CHECK_MESSAGE("cuFuncSetAttribute");
    CHECK_STATUS(CUDA_ERROR_INVALID_VALUE, driver.cuFuncSetAttribute(kernel.function(), CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 227 * 1024 + 1));
    CHECK_MESSAGE("fault_shared_too_much");
    CHECK_OK(driver.cuFuncSetAttribute(kernel.function(), CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 227 * 1024));
    CHECK_OK(kernel.launch(1, 64, p, 227 * 1024));
    CHECK_OK(driver.cuCtxSynchronize());
}

EMULATOR_TEST(catches_early_exit_before_a_barrier)
{
    catches({.kernel = "fault_early_exit", .status = CUDA_ERROR_LAUNCH_FAILED, .block = "block (0,0,0)", .thread = "thread (40,0,0)",
             .says = "leaves the kernel while thread (0,0,0) waits at syncBlock (", .threads = 64});
}

EMULATOR_TEST(catches_early_exit_before_a_barrier_in_another_order)
{
    catches({.kernel = "fault_early_exit", .status = CUDA_ERROR_LAUNCH_FAILED, .block = "block (0,0,0)", .thread = nullptr, .says = "syncBlock (",
             .threads = 64, .environment = "RNNGPU_EMULATOR_ORDER=3"});
}

EMULATOR_TEST(catches_two_barriers)
{
    catches({.kernel = "fault_two_barriers", .status = CUDA_ERROR_LAUNCH_FAILED, .block = "block (0,0,0)", .thread = "thread (40,0,0)",
             .says = "one block, two barriers", .threads = 64});
}

EMULATOR_TEST(catches_shuffle_that_half_a_warp_misses)
{
    catches({.kernel = "fault_warp_divergence", .status = CUDA_ERROR_LAUNCH_TIMEOUT, .block = "block (0,0,0)", .thread = "thread (0,0,0)",
             .says = "no thread can go on: thread (0,0,0) waits at shuffleXor ("});
}

EMULATOR_TEST(catches_lanes_in_two_operations)
{
    catches({.kernel = "fault_mixed_operations", .status = CUDA_ERROR_LAUNCH_FAILED, .block = "block (0,0,0)", .thread = "thread (1,0,0)",
             .says = "calls ballot ("});
}

EMULATOR_TEST(catches_lane_outside_the_mask)
{
    catches({.kernel = "fault_lane_outside_mask", .status = CUDA_ERROR_LAUNCH_FAILED, .block = "block (0,0,0)", .thread = nullptr,
             .says = "which is not among them"});
}

EMULATOR_TEST(catches_lanes_the_block_lacks)
{
    catches({.kernel = "fault_lane_outside_mask", .status = CUDA_ERROR_LAUNCH_FAILED, .block = "block (0,0,0)", .thread = "thread (0,0,0)",
             .says = "names lanes the block doesn't have", .threads = 8});
}

EMULATOR_TEST(catches_missing_grid_barrier)
{
    catches({.kernel = "fault_missing_grid_barrier", .status = CUDA_ERROR_LAUNCH_FAILED, .block = "block (", .thread = "thread (0,0,0)",
             .says = "with nothing to order the two: a race", .blocks = 4, .cooperative = true});
}

EMULATOR_TEST(catches_two_blocks_that_write_one_word)
{
    catches({.kernel = "fault_block_race", .status = CUDA_ERROR_LAUNCH_FAILED, .block = "block (1,0,0)", .thread = "thread (0,0,0)",
             .says = "which block (0,0,0) wrote", .blocks = 2});
}

EMULATOR_TEST(catches_grid_divergence)
{
    catches({.kernel = "fault_grid_divergence", .status = CUDA_ERROR_LAUNCH_TIMEOUT, .block = "block (0,0,0)", .thread = "thread (0,0,0)",
             .says = "waits for a change at", .blocks = 4, .cooperative = true});
}

EMULATOR_TEST(catches_endless_wait)
{
    catches({.kernel = "fault_endless_wait", .status = CUDA_ERROR_LAUNCH_TIMEOUT, .block = "block (0,0,0)", .thread = "thread (0,0,0)",
             .says = "no thread can go on", .cooperative = true});
}

EMULATOR_TEST(catches_wait_in_a_launch_that_is_not_cooperative)
{
    catches({.kernel = "fault_endless_wait", .status = CUDA_ERROR_LAUNCH_FAILED, .block = "block (0,0,0)", .thread = "thread (0,0,0)",
             .says = "not cooperative", .blocks = 2});
}

EMULATOR_TEST(catches_read_only_path_of_written_memory)
{
    catches({.kernel = "fault_read_only", .status = CUDA_ERROR_LAUNCH_FAILED, .block = "block (0,0,0)", .thread = "thread (0,0,0)",
             .says = "by the read-only path", .blocks = 2});
}

EMULATOR_TEST(catches_grids_out_of_range)
{
    Session session;
    Kernel kernel("faults", "fault_null");
    TestParams p{};
    void* list[] = {&p};
    auto launch = [&](unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz) {
        return driver.cuLaunchKernel(kernel.function(), gx, gy, gz, bx, by, bz, 0, nullptr, list, nullptr);
    };
    CHECK_STATUS(CUDA_ERROR_INVALID_VALUE, launch(0, 1, 1, 32, 1, 1));
    CHECK_STATUS(CUDA_ERROR_INVALID_VALUE, launch(1, 65536, 1, 32, 1, 1));
    CHECK_MESSAGE("launch of kernel fault_null, grid (1,65536,1)");
    CHECK_STATUS(CUDA_ERROR_INVALID_VALUE, launch(1, 1, 65536, 32, 1, 1));
    CHECK_STATUS(CUDA_ERROR_INVALID_VALUE, launch(0x80000000u, 1, 1, 32, 1, 1));
    CHECK_STATUS(CUDA_ERROR_INVALID_VALUE, launch(1, 1, 1, 1025, 1, 1));
    CHECK_STATUS(CUDA_ERROR_INVALID_VALUE, launch(1, 1, 1, 1, 1, 65));
    CHECK_STATUS(CUDA_ERROR_INVALID_VALUE, launch(1, 1, 1, 64, 32, 1));
    CHECK_STATUS(CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES, launch(1, 1, 1, 64, 1, 1));
    CHECK_MESSAGE("launch bounds: 64, at most 32");
    CHECK_OK(driver.cuCtxSynchronize());  // a refused launch breaks nothing
}

EMULATOR_TEST(refuses_cooperative_grids_that_do_not_fit)
{
    Session session("RNNGPU_EMULATOR_SMS=2");
    Kernel kernel("faults", "fault_endless_wait");
    int blocks = 0;
    CHECK_OK(driver.cuOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, kernel.function(), 32, 0));
    CHECK(blocks > 0);
    TestParams p{};
    CHECK_STATUS(CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE, kernel.launchCooperative(2 * (u32)blocks + 1, 32, p));
    CHECK_MESSAGE("at most " + std::to_string(2 * blocks));
    CHECK_STATUS(CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE, kernel.launchCooperative(16, 32, p, 32 * 1024));
    CHECK_OK(driver.cuOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, kernel.function(), 32, 32 * 1024));
    CHECK(blocks == 6);
}

}  // namespace tests
