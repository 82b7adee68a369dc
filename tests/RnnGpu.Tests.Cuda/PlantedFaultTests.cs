using System.Text.RegularExpressions;
using Xunit;

namespace RnnGpu.Tests.Cuda;

/// <summary>
/// Faults planted in kernels, in <c>tests/cuda-emulator/faults</c>: the emulator catches each, with a message that names the kernel, the block and the thread
/// and says what is wrong. A case is one test of the emulator's runner, run by itself; that also looks at the status and at what a broken context does.
/// </summary>
public sealed class PlantedFaultTests
{
    private const string Address = "0x[0-9a-f]+", Site = @"\(tests/cuda-emulator/faults/synchronisation\.cu:\d+\)", Anyone = @"thread \(\d+,0,0\)";
    private const string Race = @" with no barrier between: a race$";

    /// <summary>The runner's test, the kernel, block and thread that its messages begin with, and what they go on with.</summary>
    public static TheoryData<string, string, string, string, string> Faults() => new()
    {
        { "catches_overrun_by_one", "fault_overrun_by_one", "1,0,0", "36,0,0", $"writes 4 bytes of global memory at {Address}: it lies 0 bytes past the end of allocation #2 \\(400 bytes" },
        { "catches_read_before", "fault_read_before", "0,0,0", "0,0,0", $"reads 4 bytes of global memory at {Address}: it lies 4 bytes before allocation #1 \\(4096 bytes" },
        { "catches_misaligned", "fault_misaligned", "0,0,0", "1,0,0", $"reads 16 bytes of global memory at {Address}, not aligned to that$" },
        { "catches_null", "fault_null", "0,0,0", "0,0,0", "writes 4 bytes through a null pointer$" },
        { "catches_raw_pointer", "fault_raw_pointer", "0,0,0", "0,0,0", $"touches device memory at {Address} \\(bytes 0 on of allocation #2 .*past the checks: use a Global pointer$" },
        { "catches_stack_overflow", "fault_stack", "0,0,0", "0,0,0", @"overflowed its stack of \d+ bytes$" },
        { "catches_overrun_of_a_shared_array", "fault_shared_static", "0,0,0", "63,0,0", @"writes 4 bytes of shared memory outside of it: byte 256 of the shared array tile \(256 bytes\)$" },
        { "catches_overrun_of_dynamic_shared_memory", "fault_shared_dynamic", "0,0,0", "63,0,0", @"writes 4 bytes of shared memory outside of it: byte 256 of the dynamic shared memory \(256 bytes\)$" },
        { "catches_a_broken_shared_guard", "fault_shared_guard", "0,0,0", "0,0,0", @"or another of the block: a guard of shared memory was overwritten: byte 131 of the shared array tile \(128 bytes\)$" },
        { "catches_undeclared_static_shared", "fault_shared_undeclared", "0,0,0", "0,0,0", "opens the shared array tile of 256 bytes, 256 in all, but RNN_KERNEL declares 128$" },
        { "catches_missing_barrier", "fault_missing_barrier", "0,0,0", @"\d+,0,0", $@"writes byte \d+ of the shared array tile \(1024 bytes\), which {Anyone} read{Race}" },
        { "catches_write_after_read", "fault_write_after_read", "0,0,0", @"\d+,0,0", $@"writes byte \d+ of the shared array tile \(256 bytes\), which {Anyone} read{Race}" },
        { "catches_missing_warp_barrier", "fault_missing_warp_barrier", "0,0,0", @"\d+,0,0", $@"writes byte \d+ of the shared array tile \(128 bytes\), which {Anyone} read{Race}" },
        { "catches_unwaited_copy", "fault_unwaited_copy", "0,0,0", "0,0,0", $@"reads byte 0 of the shared array tile \(512 bytes\), which an asynchronous copy of thread \(0,0,0\) {Site} is still filling: a waitAsync is missing$" },
        { "catches_wait_for_the_wrong_group", "fault_wrong_group", "0,0,0", "0,0,0", $@"reads byte 512 of the shared array tile \(1024 bytes\), which an asynchronous copy of thread \(0,0,0\) {Site} is still filling: a waitAsync is missing$" },
        { "catches_copy_without_barrier", "fault_copy_without_barrier", "0,0,0", @"\d+,0,0", $@"reads byte \d+ of the shared array tile \(512 bytes\), which {Anyone} wrote{Race}" },
        { "catches_abandoned_copy", "fault_abandoned_copy", "0,0,0", "0,0,0", $"leaves the kernel with an asynchronous copy {Site} that it never waited for$" },
        { "catches_use_after_free", "fault_use_after_free", "0,0,0", "0,0,0", $@"reads 4 bytes of global memory at {Address}: it lies in allocation #2 \(256 bytes at {Address}\), which was freed, at byte 0$" },
        { "catches_early_exit_before_a_barrier", "fault_early_exit", "0,0,0", "40,0,0", $@"leaves the kernel while thread \(0,0,0\) waits at syncBlock {Site}$" },
        { "catches_early_exit_before_a_barrier_in_another_order", "fault_early_exit", "0,0,0", @"\d+,0,0", $@"\w+ .* syncBlock {Site}" },
        { "catches_two_barriers", "fault_two_barriers", "0,0,0", "40,0,0", $@"reaches syncBlock {Site} while thread \(0,0,0\) waits at syncBlock {Site}: one block, two barriers$" },
        { "catches_shuffle_that_half_a_warp_misses", "fault_warp_divergence", "0,0,0", "0,0,0", $@"no thread can go on: thread \(0,0,0\) waits at shuffleXor {Site} for lanes 0xffffffff;" },
        { "catches_lanes_in_two_operations", "fault_mixed_operations", "0,0,0", "1,0,0", $@"calls ballot {Site} for lanes 0xffffffff while thread \(0,0,0\) waits at shuffleXor {Site}" },
        { "catches_lane_outside_the_mask", "fault_lane_outside_mask", "0,0,0", @"\d+,0,0", @"a shuffle over lanes 0x0000ffff takes lane \d+'s value from lane \d+, which is not among them$" },
        { "catches_lanes_the_block_lacks", "fault_lane_outside_mask", "0,0,0", "0,0,0", $"calls shuffleXor {Site} with a mask, 0x0000ffff, that names lanes the block doesn't have: its warp has 0x000000ff$" },
        { "catches_missing_grid_barrier", "fault_missing_grid_barrier", @"\d,0,0", "0,0,0", $@"(reads|writes) global memory at {Address} .*, which block \(\d,0,0\) (read|wrote) in this launch with nothing to order the two: a race$" },
        { "catches_two_blocks_that_write_one_word", "fault_block_race", "1,0,0", "0,0,0", $@"writes global memory at {Address} .*, which block \(0,0,0\) wrote in this launch with nothing to order the two: a race$" },
        { "catches_grid_divergence", "fault_grid_divergence", "0,0,0", "0,0,0", $@"no thread can go on: thread \(0,0,0\) of block \(0,0,0\) waits for a change at {Address}" },
        { "catches_endless_wait", "fault_endless_wait", "0,0,0", "0,0,0", $@"no thread can go on: thread \(0,0,0\) of block \(0,0,0\) waits for a change at {Address}" },
        { "catches_wait_in_a_launch_that_is_not_cooperative", "fault_endless_wait", "0,0,0", "0,0,0", @"waits for other blocks .* in a launch that is not cooperative, so they may never run$" },
        { "catches_read_only_path_of_written_memory", "fault_read_only", "0,0,0", "0,0,0", $"reads global memory at {Address} .* by the read-only path, but this launch writes it$" },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public void A_fault_is_caught_with_kernel_block_and_thread(string test, string kernel, string block, string thread, string says)
    {
        string[] messages = EmulatorRunner.Messages(test);
        Assert.NotEmpty(messages);
        string pattern = $@"^kernel {kernel}, block \({block}\), thread \({thread}\):? {says}";
        Assert.All(messages, message => Assert.Matches(new Regex(pattern, RegexOptions.None, TimeSpan.FromSeconds(5)), message));
    }

    /// <summary>What no check of an access can see shows between launches, and launches that a device would refuse are refused: with the kernel's name.</summary>
    [Theory]
    [InlineData("catches_what_only_guards_see", "after kernel fault_guard: the guard behind allocation #1", "after kernel fault_guard: the guard before allocation #1", "200 bytes past its end")]
    [InlineData("catches_too_much_shared_memory", "launch of kernel fault_shared_too_much, grid (1,1,1), block (64,1,1)", "49168, at most 49152", "a block has at most 232448")]
    [InlineData("catches_grids_out_of_range", "launch of kernel fault_null, grid (1,65536,1)", "blocks along y: 65536, at most 65535", "launch bounds: 64, at most 32")]
    [InlineData("refuses_cooperative_grids_that_do_not_fit", "launch of kernel fault_endless_wait, grid (17,1,1)", "blocks that must be on the device together: 17", "at most 16")]
    public void A_launch_is_refused_or_a_guard_is_broken(string test, params string[] says)
    {
        string[] messages = EmulatorRunner.Messages(test);
        Assert.All(says, part => Assert.Contains(messages, message => message.Contains(part, StringComparison.Ordinal)));
    }

    /// <summary>Every test of the runner is a case of this class or of <see cref="EmulatorTests"/>.</summary>
    [Fact]
    public void No_test_of_the_runner_is_left_out()
    {
        string[] known =
        [
            .. Faults().Select(fault => (string)fault[0]), .. ((IEnumerable<object[]>)EmulatorTests.Names()).Select(name => (string)name[0]),
            "catches_what_only_guards_see", "catches_too_much_shared_memory", "catches_grids_out_of_range", "refuses_cooperative_grids_that_do_not_fit",
        ];
        Assert.Equal(known.Order(StringComparer.Ordinal), EmulatorRunner.List().Order(StringComparer.Ordinal));
    }
}
