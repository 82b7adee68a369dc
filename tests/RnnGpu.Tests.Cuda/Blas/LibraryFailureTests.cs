using RnnGpu.Core;
using RnnGpu.Cuda;
using RnnGpu.Cuda.Blas;
using RnnGpu.Cuda.Driver;
using RnnGpu.Tests.Contract;
using Xunit;

namespace RnnGpu.Tests.Cuda.Blas;

/// <summary>cuBLASLt missing, too old, or failing: a clear error or a fall-back that says why, and nothing stays behind.</summary>
public sealed class LibraryFailureTests
{
    public static TheoryData<CublasLtEntry> Entries() => [.. Enum.GetValues<CublasLtEntry>().Except([CublasLtEntry.cublasLtGetVersion])];

    [Theory]
    [MemberData(nameof(Entries))]
    public void One_error_and_nothing_stays_behind(CublasLtEntry entry)
    {
        using var emulator = new PrivateEmulator();
        CudaDriver driver = emulator.Driver;
        Assert.Null(Multiply(driver, out string words));
        Assert.StartsWith("cuBLASLt 12.4.5", words, StringComparison.Ordinal);
        Assert.Equal(0, emulator.Live());
        CublasLt library = CublasLtProbe.Find(driver).Library!;
        long before = library.CallsOf(entry);
        _ = Multiply(driver, out _);
        long calls = library.CallsOf(entry) - before;
        Assert.True(calls > 0, $"the scenario never calls {entry}");
        for (int nth = 1; nth <= calls; nth++)
        {
            emulator.Fail(entry.ToString(), nth, (int)CublasLtStatus.InternalError);
            Exception? error = Multiply(driver, out words);
            if (entry == CublasLtEntry.cublasLtCreate)
            {
                Assert.Null(error);
                Assert.Contains("cublasLtCreate failed with InternalError (14)", words, StringComparison.Ordinal);
            }
            else
            {
                CublasLtException failure = Assert.IsType<CublasLtException>(error);
                Assert.Equal((entry, CublasLtStatus.InternalError), (failure.Entry, failure.BlasStatus));
                Assert.Contains("set RNNGPU_CUBLASLT=off to compute without the library", failure.Message, StringComparison.Ordinal);
            }

            // What a failed call was to destroy stays with the library until the context goes.
            Assert.Equal(0, emulator.Live());
        }

        Assert.Null(Multiply(driver, out _));
        Assert.Equal(0, emulator.Live());
    }

    [Fact]
    public void A_product_that_the_library_has_no_algorithm_for_goes_to_the_kernels()
    {
        using var emulator = new PrivateEmulator();
        emulator.Fail(nameof(CublasLtEntry.cublasLtMatmulAlgoGetHeuristic), 1, (int)CublasLtStatus.NotSupported);
        Assert.Null(Multiply(emulator.Driver, out string words));
        Assert.StartsWith("cuBLASLt", words, StringComparison.Ordinal);
    }

    [Fact]
    public void A_library_that_is_missing_or_is_none_is_explained_and_done_without()
    {
        using var emulator = new PrivateEmulator();
        foreach ((string library, string why) in new[] { ("/nowhere/libcublasLt.so.12", "no such file"), ("libc.so.6", "it lacks cublasLtGetVersion"), ("libno-such-blas.so", "not found") })
        {
            using var backend = CudaBackend.Create(emulator.Driver, 0, ComputeMode.Bf16, LibraryProductTests.Always with { CublasLtLibrary = library });
            Assert.Null(backend.ProductLibrary);
            Assert.Contains($"no cuBLASLt: {library}: {why}", backend.DescribeProducts, StringComparison.Ordinal);
            string plan = RnnPlan.Create(backend, new RnnSpec { Cell = CellKind.Lstm, InputSize = 4, HiddenSize = 4 }, new RnnPlanOptions { Batch = 2, Steps = 3 }).Explain().ToString();
            Assert.Contains($"products: own kernels on tensor cores, bf16 factors, fp32 sums; no cuBLASLt: {library}", plan, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_library_of_before_cuda_12_is_refused_by_its_version()
    {
        using var emulator = new PrivateEmulator();
        CudaException refusal = EmulatorBuild.WithSettings(
            () => Assert.Throws<CudaException>(() => new CublasLt("old", emulator.Driver.LibraryHandle)), ("RNNGPU_EMULATOR_CUBLASLT", "11601"));
        Assert.Equal("it is version 11 or older (11601); 12.0.0 (CUDA 12) or newer is needed", refusal.Message);
        Assert.Equal("12.4.5", CublasLt.Text(CublasLtProbe.Find(emulator.Driver).Library!.Version));
    }

    [Theory]
    [InlineData(CublasLtUse.Off, ComputeMode.Bf16, "cuBLASLt is switched off")]
    [InlineData(CublasLtUse.Auto, ComputeMode.Fp32, "cuBLASLt is for the lower precisions (RNNGPU_CUBLASLT=always: for this one too)")]
    [InlineData(CublasLtUse.Auto, ComputeMode.Tf32, null)]
    [InlineData(CublasLtUse.Always, ComputeMode.Fp32, null)]
    public void Its_use_is_chosen_and_explained(CublasLtUse use, ComputeMode mode, string? whyNot)
    {
        using var emulator = new PrivateEmulator();
        using var backend = CudaBackend.Create(emulator.Driver, 0, mode, new CudaOptions { CublasLt = use });
        Assert.Equal(whyNot is null, backend.ProductLibrary is not null);
        if (whyNot is null) { Assert.StartsWith("cuBLASLt 12.4.5 from 16,777,216 multiplications on", backend.DescribeProducts, StringComparison.Ordinal); }
        else { Assert.EndsWith(whyNot, backend.DescribeProducts, StringComparison.Ordinal); }
    }

    private static Exception? Multiply(CudaDriver driver, out string words)
    {
        string said = "";
        Exception? error = Record.Exception(() =>
        {
            using var backend = CudaBackend.Create(driver, 0, ComputeMode.Bf16, LibraryProductTests.Always);
            said = backend.DescribeProducts;
            using var tensors = new GuardedTensors(backend);
            var data = new TestData(3);
            MatrixView a = tensors.Source("a", data.Uniform(64), 8, 8).Matrix;
            GuardedTensor c = tensors.Destination("c", 8, 8);
            backend.Gemm(a, a.T, tensors.Source("bias", data.Uniform(8), 8).View, GemmActivation.None, accumulate: false, c.Matrix);
            Assert.All(c.Floats(), static value => Assert.True(float.IsFinite(value)));
        });
        words = said;
        return error;
    }
}
