using System.Diagnostics;
using RnnGpu.Tests.Contract;
using Xunit;

namespace RnnGpu.Tests.Cuda;

/// <summary>The emulator's own tests that plant no fault: intrinsics against plain C++, the driver API, committed modules.</summary>
public sealed class EmulatorTests
{
    public static TheoryData<string> Names() =>
    [
        "nothing_works_before_init_or_without_context", "settings_make_another_device", "memory_is_poisoned_and_ranges_are_checked", "pinned_memory_has_guards",
        "modules_are_checked", "function_attributes", "launch_with_attributes", "capture_records_and_replays", "capture_across_streams",
        "a_missing_edge_of_a_graph_shows", "races_between_streams_show", "calls_not_allowed_during_capture", "deferred_streams_show_missing_waits", "events_measure_and_order",
        "told_failures_and_counters", "a_kernel_error_shows_at_the_next_call_and_stays", "names_and_addresses", "missing_barrier_shows_in_results_too",
        "indices", "shuffles_votes_and_warp_sums", "shared_memory_static_and_dynamic", "warp_barriers", "asynchronous_copies", "ldmatrix", "mma_bf16_and_f16",
        "mma_tf32", "atomics", "last_block_sums_up", "grid_barrier", "blocks_wait_for_blocks", "vector_loads_and_stores", "results_do_not_depend_on_the_order",
        "conversions_round_to_nearest_even", "math_functions", "philox_published_vectors", "committed_modules_load_and_their_kernels_are_current",
    ];

    [Theory]
    [MemberData(nameof(Names))]
    public void The_emulator_passes(string test) => EmulatorRunner.Messages(test);
}

/// <summary>The program <c>emulator-tests</c>, built by <c>tests/cuda-emulator/build.sh</c>.</summary>
internal static class EmulatorRunner
{
    private const string Prefix = "message: ";

    public static string[] List() => Run("--list");

    /// <summary>Runs one test, which must pass; gives what the emulator said of the faults that the test looks at.</summary>
    public static string[] Messages(string test) =>
        [.. Run("--messages", "--only", test).Where(line => line.StartsWith(Prefix, StringComparison.Ordinal)).Select(line => line[Prefix.Length..])];

    private static string[] Run(params string[] arguments)
    {
        using var runner = Process.Start(new ProcessStartInfo(EmulatorBuild.Runner, [Repository.Root, .. arguments]) { RedirectStandardOutput = true, UseShellExecute = false })!;
        string output = runner.StandardOutput.ReadToEnd();
        runner.WaitForExit();
        Assert.True(runner.ExitCode == 0, $"emulator-tests {string.Join(' ', arguments)} ended with {runner.ExitCode}:\n{output}");
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
