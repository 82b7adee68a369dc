using RnnGpu.Core;
using RnnGpu.Cuda;
using RnnGpu.Cuda.Driver;
using RnnGpu.Tests.Contract;
using Xunit;

namespace RnnGpu.Tests.Cuda;

/// <summary>
/// On a class that needs a GPU: where there is none, its tests are skipped by name; with <c>RNNGPU_REQUIRE_CUDA=1</c> they run, and fail.
/// </summary>
public sealed class RequiresCudaAttribute : AvailabilityAttribute
{
    private static readonly Lazy<string?> Reason = new(static () =>
    {
        if (Environment.GetEnvironmentVariable("RNNGPU_REQUIRE_CUDA") == "1") { return null; }
        ProbeReport report = DriverProbe.FindDriver();
        return report.Devices.Any(device => device.Refusal is null)
            ? null
            : $"no GPU: {string.Join("; ", report.Attempts.Select(attempt => $"{attempt.Library}: {attempt.Outcome}"))}";
    });

    public override string? SkipReason => Reason.Value;
}

/// <summary>An emulator for a class of tests, so that classes run side by side: calls to one emulator take turns.</summary>
public sealed class ClassEmulator : IDisposable
{
    private readonly PrivateEmulator _emulator = new();

    /// <summary>A backend of its device.</summary>
    public IBackend Backend(ComputeMode mode, CudaOptions? options = null) => CudaBackend.Create(_emulator.Driver, 0, mode, options);

    /// <inheritdoc/>
    public void Dispose() => _emulator.Dispose();
}

/// <summary>The whole backend contract on the emulator, products in fp32.</summary>
public sealed class EmulatorContract(ClassEmulator emulator) : BackendContract, IClassFixture<ClassEmulator>
{
    protected override IBackend CreateBackend() => emulator.Backend(ComputeMode.Fp32);
}

/// <summary>Products and recurrences in tf32 on the emulator, every case.</summary>
public sealed class EmulatorTf32Products(ClassEmulator emulator) : ProductContract, IClassFixture<ClassEmulator>
{
    protected override ComputeMode Mode => ComputeMode.Tf32;

    protected override IBackend CreateBackend() => emulator.Backend(Mode);
}

/// <summary>Products and recurrences in bf16 on the emulator, every case.</summary>
public sealed class EmulatorBf16Products(ClassEmulator emulator) : ProductContract, IClassFixture<ClassEmulator>
{
    protected override ComputeMode Mode => ComputeMode.Bf16;

    protected override IBackend CreateBackend() => emulator.Backend(Mode);
}

/// <summary>Products and recurrences in fp16 on the emulator, every case.</summary>
public sealed class EmulatorFp16Products(ClassEmulator emulator) : ProductContract, IClassFixture<ClassEmulator>
{
    protected override ComputeMode Mode => ComputeMode.Fp16;

    protected override IBackend CreateBackend() => emulator.Backend(Mode);
}

/// <summary>Products by the emulator's cuBLASLt, whose sums need not be chains.</summary>
public abstract class EmulatorLibraryProducts(ClassEmulator emulator, ComputeMode mode) : GemmContract, IClassFixture<ClassEmulator>
{
    protected override ComputeMode Mode => mode;

    protected override bool SumsAreChains => false;

    protected override IBackend CreateBackend() => emulator.Backend(mode, new CudaOptions { CublasLt = CublasLtUse.Always, LibraryWork = 1 });
}

/// <summary>Products by the library in fp32, whose factors it takes as they lie.</summary>
public sealed class EmulatorLibraryFp32Products(ClassEmulator emulator) : EmulatorLibraryProducts(emulator, ComputeMode.Fp32);

/// <summary>Products by the library in bf16, whose factors are packed for it.</summary>
public sealed class EmulatorLibraryBf16Products(ClassEmulator emulator) : EmulatorLibraryProducts(emulator, ComputeMode.Bf16);

/// <summary>The backend contract on a GPU.</summary>
[RequiresCuda]
public sealed class GpuContract : BackendContract
{
    protected override IBackend CreateBackend() => CudaBackend.Create("cuda");
}

/// <summary>Products in a mode on a GPU.</summary>
public abstract class GpuProducts(ComputeMode mode) : ProductContract
{
    protected override ComputeMode Mode => mode;

    protected override IBackend CreateBackend() => CudaBackend.Create("cuda", mode);
}

/// <summary>Products in tf32 on a GPU.</summary>
[RequiresCuda]
public sealed class GpuTf32Products() : GpuProducts(ComputeMode.Tf32);

/// <summary>Products in bf16 on a GPU.</summary>
[RequiresCuda]
public sealed class GpuBf16Products() : GpuProducts(ComputeMode.Bf16);

/// <summary>Products in fp16 on a GPU.</summary>
[RequiresCuda]
public sealed class GpuFp16Products() : GpuProducts(ComputeMode.Fp16);
