using RnnGpu.Tests.Contract;
using Xunit;

namespace RnnGpu.Tests.Cuda.Kernels;

/// <summary>The committed PTX is what its sources give: every file is compiled again and compared byte by byte.</summary>
[RequiresClang]
public sealed class PtxBuildTests
{
    [ContractFact]
    public void Committed_ptx_is_what_its_sources_give()
    {
        (int code, string output) = KernelFiles.Build("--check");
        Assert.True(code == 0, $"kernels/build.sh --check ended with {code}:\n{output}");
        Assert.Contains("kernels/ptx is up to date", output, StringComparison.Ordinal);
    }
}

/// <summary>The committed table is what ptxas of its version makes of the PTX, without spills whatever the version.</summary>
[RequiresAssembler]
public sealed class AssemblyTests
{
    [ContractFact]
    public void Kernels_assemble_without_spills_and_as_the_table_says()
    {
        (int code, string output) = KernelFiles.Build("--check");
        Assert.True(code == 0, $"kernels/build.sh --check ended with {code}:\n{output}");
        Assert.DoesNotContain("skipped: ptxas", output, StringComparison.Ordinal);
    }
}
