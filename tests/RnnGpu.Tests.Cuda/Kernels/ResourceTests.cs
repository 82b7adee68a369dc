using System.Globalization;
using System.Text.RegularExpressions;
using RnnGpu.Core;
using RnnGpu.Cuda;
using RnnGpu.Tests.Contract;
using Xunit;

namespace RnnGpu.Tests.Cuda.Kernels;

/// <summary>
/// The committed table of what ptxas makes of the kernels, held against the PTX, the sources and the code that launches them: none of which needs ptxas.
/// </summary>
public sealed class ResourceTests
{
    // Of a multiprocessor (CUDA programming guide, technical specifications of compute capabilities 8.0 and 9.0).
    private const int Registers = 65536, RegistersOfThread = 255, RegisterUnit = 8, StaticLimit = 48 * 1024;

    private static readonly string[] Architectures = ["sm_80", "sm_90"];
    private static readonly string[] TensorModes = ["_tf32_", "_bf16_", "_fp16_"];

    private readonly ResourceRow[] _table = KernelFiles.Table();
    private readonly CompiledKernel[] _compiled = KernelFiles.Compiled();
    private readonly SourceKernel[] _sources = KernelFiles.Sources();

    [Fact]
    public void Every_kernel_has_a_row_for_every_architecture_and_every_row_a_kernel()
    {
        string[] expected = [.. _compiled.SelectMany(kernel => Architectures.Select(architecture => $"{kernel.Name} {architecture}")).Order(StringComparer.Ordinal)];
        Assert.NotEmpty(expected);
        Assert.Equal(expected, _table.Select(row => $"{row.Name} {row.Architecture}").Order(StringComparer.Ordinal));
        Assert.Equal(_sources.Select(kernel => kernel.Name).Order(StringComparer.Ordinal), _compiled.Select(kernel => kernel.Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void No_kernel_spills_or_uses_local_memory() => Assert.Empty(_table.Where(row => row.Local != 0).Select(row => $"{row.Name} on {row.Architecture}"));

    [Fact]
    public void Registers_and_shared_memory_allow_the_blocks_that_launch_bounds_promise()
    {
        foreach (CompiledKernel kernel in _compiled)
        {
            Assert.InRange(kernel.MaxThreads, 32, 1024);
            Assert.True(kernel.MinBlocks > 0, kernel.Name);
            foreach (ResourceRow row in _table.Where(row => row.Name == kernel.Name))
            {
                int each = (row.Registers + RegisterUnit - 1) / RegisterUnit * RegisterUnit, needed = each * kernel.MaxThreads * kernel.MinBlocks;
                Assert.True(row.Registers <= RegistersOfThread, $"{row.Name} on {row.Architecture}: {row.Registers} registers");
                Assert.True(needed <= Registers, $"{row.Name} on {row.Architecture}: {kernel.MinBlocks} blocks of {kernel.MaxThreads} threads need {needed:N0} registers");
                Assert.True(row.SharedBytes <= StaticLimit, $"{row.Name} on {row.Architecture}: {row.SharedBytes:N0} bytes of static shared memory");
                CheckShared(row, kernel.MinBlocks, 0);
            }
        }
    }

    /// <summary>The assembler aligns what a kernel declares to the dynamic memory behind it, by less than 128 bytes.</summary>
    [Fact]
    public void Declared_static_shared_memory_is_what_the_assembler_counts()
    {
        foreach (SourceKernel kernel in _sources)
        {
            foreach (ResourceRow row in _table.Where(row => row.Name == kernel.Name))
            {
                Assert.True(row.SharedBytes >= kernel.StaticBytes && row.SharedBytes < kernel.StaticBytes + 128,
                    $"{kernel.Name} on {row.Architecture}: RNN_KERNEL in {kernel.File} declares {kernel.StaticBytes} bytes, ptxas counts {row.SharedBytes}");
            }
        }
    }

    [Fact]
    public void Products_in_tensor_modes_are_tensor_core_instructions_in_ptx_and_in_machine_code()
    {
        CompiledKernel[] expected =
        [
            .. _compiled.Where(kernel => TensorModes.Any(mode => kernel.Name.Contains(mode, StringComparison.Ordinal))
                && (kernel.Name.StartsWith("gemm", StringComparison.Ordinal) || kernel.Name.StartsWith("calibrate_mma", StringComparison.Ordinal) || kernel.Name.Contains("_step_", StringComparison.Ordinal) || kernel.Name.Contains("_persistent_", StringComparison.Ordinal))),
        ];
        Assert.NotEmpty(expected);
        Assert.Equal(expected.Select(kernel => kernel.Name), _compiled.Where(kernel => kernel.Multiplies).Select(kernel => kernel.Name));
        foreach (ResourceRow row in _table)
        {
            bool multiplies = expected.Any(kernel => kernel.Name == row.Name);
            Assert.True(row.TensorInstructions > 0 == multiplies, $"{row.Name} on {row.Architecture}: {row.TensorInstructions} tensor-core instructions");
        }
    }

    /// <summary>What launches ask for is within the kernels' bounds and a block's shared memory, and is what the headers say.</summary>
    [Fact]
    public void Launches_of_steps_ask_for_what_the_kernels_take()
    {
        foreach ((string name, int gates) in (ReadOnlySpan<(string, int)>)[
            ("elman_fwd", 1), ("elman_bwd", 1), ("lstm_fwd", 4), ("lstm_bwd", 1), ("gru_fwd", 3), ("gru_bwd", 1),
            ("gru_before_fwd_gates", 2), ("gru_before_fwd_state", 1), ("gru_before_bwd_state", 1), ("gru_before_bwd_gates", 1)])
        {
            foreach (ComputeMode mode in Enum.GetValues<ComputeMode>())
            {
                foreach (bool large in (ReadOnlySpan<bool>)[false, true])
                {
                    StepTile tile = StepTile.Of(mode, large);
                    CheckLaunch($"{name}_step_{ProductLayout.Suffix(mode)}_{tile.Name}", tile.Threads, tile.SharedBytes(mode, gates));
                }
            }
        }
    }

    [Fact]
    public void Launches_of_products_ask_for_what_the_kernels_take()
    {
        foreach (ComputeMode mode in Enum.GetValues<ComputeMode>())
        {
            foreach (string form in (ReadOnlySpan<string>)["gemm_", "gemm_packed_"])
            {
                // three stages of rows of 80 bytes: Launch/Gemm.cs
                CheckLaunch($"{form}{ProductLayout.Suffix(mode)}_128x128", 256, 3 * 80 * (128 + 128));
                CheckLaunch($"{form}{ProductLayout.Suffix(mode)}_32x64", 128, 3 * 80 * (32 + 64));
            }

            Assert.Equal(ProductLayout.PackThreads, Kernel($"pack_{ProductLayout.Suffix(mode)}").MaxThreads);
        }
    }

    [Fact]
    public void Headers_say_what_each_kernel_needs()
    {
        foreach (SourceKernel kernel in _sources)
        {
            ResourceRow[] rows = [.. _table.Where(row => row.Name == kernel.Name).OrderBy(row => row.Architecture, StringComparer.Ordinal)];
            string expected = string.Create(CultureInfo.InvariantCulture, $"// {rows[0].Registers} registers on sm_80, {rows[1].Registers} on sm_90; {rows[0].SharedBytes:N0} bytes of static shared memory.");
            Assert.True(kernel.Resources == expected, $"{kernel.File}: above {kernel.Name} stands '{kernel.Resources}', not '{expected}': run kernels/build.sh with PTXAS set");
            Assert.Equal(rows[0].SharedBytes, rows[1].SharedBytes);
        }
    }

    /// <summary>Equation, axes and cost stand above a kernel, or in the header that the file's first lines name; what was measured, or that nothing was.</summary>
    [Fact]
    public void Headers_say_what_each_kernel_computes_and_costs()
    {
        foreach (SourceKernel kernel in _sources)
        {
            string text = $"{kernel.Comment}\n{Lead(kernel.File)}";
            bool costs = text.Contains("Cost", StringComparison.Ordinal) || text.Contains("bound by", StringComparison.OrdinalIgnoreCase)
                || kernel.Comment.StartsWith("// The same", StringComparison.Ordinal);
            foreach (Match named in Regex.Matches(Lead(kernel.File), @"[\w/]+\.cuh", RegexOptions.None, TimeSpan.FromSeconds(5)))
            {
                string[] found = Directory.GetFiles(Path.Combine(KernelFiles.Folder, "cuda"), Path.GetFileName(named.Value), SearchOption.AllDirectories);
                Assert.True(found.Length == 1, $"{kernel.File} sends the reader to {named.Value}, which is not there");
                costs |= File.ReadAllText(found[0]).Contains("Cost", StringComparison.Ordinal);
            }

            Assert.True(costs, $"{kernel.File}: nothing says what {kernel.Name} costs");
        }
    }

    private static string Lead(string file) => string.Join('\n', File.ReadLines(Path.Combine(Repository.Root, file)).TakeWhile(line => line.StartsWith("//", StringComparison.Ordinal)));

    /// <summary>A multiprocessor's shared memory holds the blocks; each takes 1 KB of it for the system.</summary>
    private static void CheckShared(ResourceRow row, int blocks, int dynamicBytes)
    {
        int room = (row.Architecture == "sm_80" ? 164 : 228) * 1024, each = row.SharedBytes + dynamicBytes + 1024;
        Assert.True(each * blocks <= room, $"{row.Name} on {row.Architecture}: {blocks} blocks of {each:N0} bytes do not fit the {room:N0} bytes of shared memory of a multiprocessor");
    }

    private CompiledKernel Kernel(string name) => Assert.Single(_compiled, kernel => kernel.Name == name);

    private void CheckLaunch(string name, int threads, int dynamicBytes)
    {
        CompiledKernel kernel = Kernel(name);
        Assert.Equal(threads, kernel.MaxThreads);
        foreach (ResourceRow row in _table.Where(row => row.Name == name)) { CheckShared(row, kernel.MinBlocks, dynamicBytes); }

        string header = Assert.Single(_sources, kernel => kernel.Name == name).Comment, figure = dynamicBytes.ToString("N0", CultureInfo.InvariantCulture);
        Assert.True(header.Contains(figure, StringComparison.Ordinal), $"the header of {name} does not say {figure} bytes of dynamic shared memory");
    }
}
