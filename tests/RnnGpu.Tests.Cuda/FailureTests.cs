using System.Runtime.InteropServices;
using RnnGpu.Core;
using RnnGpu.Cuda;
using RnnGpu.Cuda.Driver;
using RnnGpu.Cuda.Modules;
using RnnGpu.Cuda.Streams;
using Xunit;

namespace RnnGpu.Tests.Cuda;

/// <summary>Every entry point of the driver fails in turn: one clear error each time, and nothing stays behind.</summary>
public sealed unsafe class FailureTests
{
    // What a failed call was to release stays with the driver; nothing else may.
    private static readonly DriverEntry[] Releases =
    [
        DriverEntry.cuModuleUnload, DriverEntry.cuMemFree_v2, DriverEntry.cuMemFreeHost, DriverEntry.cuStreamDestroy_v2,
        DriverEntry.cuEventDestroy_v2, DriverEntry.cuGraphDestroy, DriverEntry.cuGraphExecDestroy,
    ];

    private static readonly string[] Kinds = ["contexts", "modules", "streams", "events", "graphs", "executables", "pinned", "allocations"];

    // Their answers only make messages richer.
    private static readonly DriverEntry[] Optional = [DriverEntry.cuGetErrorName, DriverEntry.cuMemGetInfo_v2];

    // Called once a process, when the driver is loaded.
    private static readonly DriverEntry[] Loading = [DriverEntry.cuInit, DriverEntry.cuDriverGetVersion];

    public static TheoryData<DriverEntry> Entries() => [.. Enum.GetValues<DriverEntry>().Except(Loading).Except(Optional)];

    [Theory]
    [MemberData(nameof(Entries))]
    public void One_error_and_nothing_stays_behind(DriverEntry entry)
    {
        using var emulator = new PrivateEmulator();
        CudaDriver driver = emulator.Driver;
        nint shared = driver.RetainPrimaryContext(0);
        UseEverything(driver, shared);
        Assert.Equal(1, emulator.Live());
        long before = driver.CallsOf(entry);
        UseEverything(driver, shared);
        long calls = driver.CallsOf(entry) - before;
        Assert.True(calls > 0, $"the scenario never calls {entry}");

        // The first ones, the last ones, and some between.
        for (long nth = 1; nth <= calls; nth += nth < 6 || nth > calls - 4 ? 1 : Math.Max(1, (calls - 10) / 6))
        {
            string context = $"call {nth} of {calls} of {entry}";
            emulator.Fail(entry, (int)nth, CudaResult.Unknown);
            Exception? error = Record.Exception(() => UseEverything(driver, shared));
            Assert.True(error is CudaException { Status: CudaResult.Unknown } failure && failure.Call == entry.ToString(), $"{context}: {error}");
            Assert.StartsWith($"{entry} failed with CUDA_ERROR_UNKNOWN (999)", error.Message, StringComparison.Ordinal);
            Assert.Contains(entry == DriverEntry.cuMemAllocHost_v2 ? "; free host memory" : "; run `rnngpu doctor`", error.Message, StringComparison.Ordinal);

            long allowed = Releases.Contains(entry) ? 2 : 1;
            if (entry == DriverEntry.cuDevicePrimaryCtxRelease_v2)
            {
                Assert.Equal(CudaResult.Success, driver.ReleasePrimaryContext(0));
            }

            Assert.True(emulator.Live() <= allowed, $"{context}: {emulator.Live()} objects live, not {allowed}: {string.Join(", ", Kinds.Select(kind => $"{emulator.Live(kind)} {kind}"))}");
            Assert.Equal(CudaResult.Success, driver.ReleasePrimaryContext(0));
            Assert.True(emulator.Live() == 0, $"{context}: the primary context was not released");
            shared = driver.RetainPrimaryContext(0);
        }

        UseEverything(driver, shared);
        Assert.Equal(1, emulator.Live());
    }

    [Fact]
    public void A_driver_that_can_not_name_a_status_or_its_memory_is_no_problem()
    {
        using var emulator = new PrivateEmulator();
        CudaDriver driver = emulator.Substitute((entry, address) => Optional.Contains(entry) ? (nint)(delegate* unmanaged<int>)&AlwaysUnknown : address);
        using var backend = CudaBackend.Create(driver, 0);
        var refusal = Assert.Throws<OutOfDeviceMemoryException>(() => backend.Allocate(1L << 50));
        Assert.StartsWith("emulator has no 1,125,899,906,842,624 bytes left", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("cuMemAlloc_v2 failed with CUDA_ERROR OutOfMemory (2)", refusal.InnerException!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_driver_that_does_not_start_is_passed_over_with_its_reason()
    {
        string file = Path.Combine(Path.GetTempPath(), $"rnngpu-broken-{Guid.NewGuid():N}.so");
        File.Copy(EmulatorBuild.Path, file);
        try
        {
            foreach (DriverEntry entry in Loading)
            {
                ProbeReport report = EmulatorBuild.WithSettings(() => DriverProbe.Find([file]), ("RNNGPU_EMULATOR_FAIL", "cuInit:1:999,cuDriverGetVersion:1:999"));
                Assert.Null(report.Driver);
                ProbeAttempt attempt = Assert.Single(report.Attempts);
                Assert.True(attempt.Loaded);
                Assert.Contains(entry.ToString(), attempt.Outcome, StringComparison.Ordinal);
                Assert.Contains("CUDA_ERROR_UNKNOWN (999)", attempt.Outcome, StringComparison.Ordinal);
            }

            Assert.NotNull(DriverProbe.Find([file]).Driver);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void A_kernel_that_failed_is_reported_once_with_what_the_emulator_saw()
    {
        using var emulator = new PrivateEmulator();
        CudaException failure = Assert.Throws<CudaException>(() =>
        {
            using var backend = CudaBackend.Create(emulator.Driver, 0);
            using Vector x = new(backend, new float[100]), y = new(backend, new float[99]);
            var kernel = new Kernel<AddScaledParams>("elementwise", "add_scaled_f32");
            backend.Queue.Launch(kernel, new Dim3(1), new Dim3(256), 0, new AddScaledParams { X = x.Address, Y = y.Address, Count = 100, Alpha = 1 });
            backend.Synchronize();
        });
        Assert.Equal(nameof(DriverEntry.cuStreamSynchronize), failure.Call);
        Assert.Contains("add_scaled_f32", failure.Message, StringComparison.Ordinal);
        Assert.Contains("thread", failure.Message, StringComparison.Ordinal);
        Assert.Contains("restart", failure.Message, StringComparison.Ordinal);
        Assert.Equal(0, emulator.Live());
    }

    [Fact]
    public void A_kernel_failure_that_nobody_waited_for_comes_out_at_the_latest_with_the_disposal()
    {
        using var emulator = new PrivateEmulator();
        var backend = CudaBackend.Create(emulator.Driver, 0);
        var x = new Vector(backend, new float[100]);
        var kernel = new Kernel<AddScaledParams>("elementwise", "add_scaled_f32");
        backend.Queue.Launch(kernel, new Dim3(1), new Dim3(256), 0, new AddScaledParams { X = x.Address, Y = x.Address, Count = 101, Alpha = 1 });
        Assert.True(CudaStatus.IsSticky(Assert.Throws<CudaException>(backend.Dispose).Status));
        backend.Dispose();
        x.Dispose();
        Assert.Equal(0, emulator.Live());
    }

    [Fact]
    public void A_driver_older_than_the_kernels_is_told_by_its_version()
    {
        using var emulator = new PrivateEmulator(("RNNGPU_EMULATOR_DRIVER", "10020"));
        using var backend = CudaBackend.Create(emulator.Driver, 0);
        using Vector x = new(backend, [1f]), y = new(backend, [1f]);
        var failure = Assert.Throws<CudaException>(() => backend.AddScaled(1, x.View, 1, y.View));
        Assert.Equal(CudaResult.UnsupportedPtxVersion, failure.Status);
        Assert.Contains("the driver of CUDA 10.2 is older than PTX ", failure.Message, StringComparison.Ordinal);
        Assert.Contains("update it to one of CUDA 11.", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Devices_that_are_not_there_or_too_old_are_refused_before_anything_is_made()
    {
        using var emulator = new PrivateEmulator();
        Assert.Contains("there is no device cuda:1; this machine has cuda:0", Assert.Throws<CudaException>(() => CudaBackend.Create(emulator.Driver, 1)).Message, StringComparison.Ordinal);
        CudaDriver old = emulator.Substitute((entry, address) => entry == DriverEntry.cuDeviceGetAttribute ? (nint)(delegate* unmanaged<int*, int, int, int>)&AlwaysSeven : address);
        Assert.Contains("compute capability 7.7; the kernels need 8.0", Assert.Throws<CudaException>(() => CudaBackend.Create(old, 0)).Message, StringComparison.Ordinal);
        Assert.Equal(0, emulator.Live());
        Assert.Throws<ArgumentException>(() => CudaBackend.Create("gpu"));
        Assert.Throws<ArgumentException>(() => CudaBackend.Create("cuda:x"));
        Assert.Throws<ArgumentException>(() => CudaBackend.Create("cuda:-1"));
    }

    [UnmanagedCallersOnly]
    private static int AlwaysUnknown() => (int)CudaResult.Unknown;

    [UnmanagedCallersOnly]
    private static int AlwaysSeven(int* value, int attribute, int device)
    {
        *value = 7;
        return 0;
    }

    private readonly record struct LoopKey(ulong Y);

    /// <summary>Whatever the backend does with a driver, small.</summary>
    private static void UseEverything(CudaDriver driver, nint shared)
    {
        using (var backend = CudaBackend.Create(driver, 0))
        {
            using Vector x = new(backend, [1f, 2f]), y = new(backend, [3f, 4f]);
            backend.Fill(1, x.View);
            backend.Copy(x.View, y.View);
            var graphs = new GraphCache<LoopKey>();
            for (int use = 0; use < 3; use++) { Loop(backend, graphs, x, y); }
            var kernel = new Kernel<AddScaledParams>("elementwise", "add_scaled_f32");
            var parameters = new AddScaledParams { X = x.Address, Y = y.Address, Count = 2, Alpha = 1, Beta = 1 };
            backend.Queue.LaunchCooperative(kernel, new Dim3(1), new Dim3(32), 64 * 1024, parameters);
            Assert.True(kernel.MaxResidentBlocks(backend.Queue.Context, new Dim3(32), 0) > 0);
            Assert.Equal([8f, 8f], y.Values());
            Assert.True(backend.Queue.Time(() => backend.Fill(1, x.View)) >= 0);
            using IDeviceBuffer large = backend.Allocate(9 << 20);
            var values = new float[(9 << 20) / 4];
            backend.Upload<float>(values, new TensorView(large, 0, new Shape(values.Length)));
            backend.Download<float>(new TensorView(large, 0, new Shape(values.Length)), values);
            backend.Synchronize();
        }

        using (var backend = CudaBackend.Borrow(driver, shared, 0))
        {
            using var x = new Vector(backend, [1f]);
            backend.AddScaled(1, x.View, 1, x.View);
            Assert.Equal([2f], x.Values());
        }
    }

    private static void Loop(CudaBackend backend, GraphCache<LoopKey> graphs, Vector x, Vector y)
    {
        var key = new LoopKey(y.Address);
        if (graphs.Replay(backend.Queue, key)) { return; }
        using GraphRecording<LoopKey> recording = graphs.Record(backend.Queue, key);
        using (backend.Queue.OnSide(0)) { backend.AddScaled(1, x.View, 1, y.View); }
        backend.Queue.Join(0);
        backend.AddScaled(1, x.View, 1, y.View);
        recording.Finish();
    }
}
