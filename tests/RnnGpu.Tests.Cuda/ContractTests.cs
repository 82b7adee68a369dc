using RnnGpu.Core;
using RnnGpu.Cuda;
using RnnGpu.Cuda.Driver;
using RnnGpu.Tests.Contract;

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

/// <summary>The backend contract on the emulator.</summary>
public sealed class EmulatorContract : BackendContract
{
    protected override IBackend CreateBackend() => CudaBackend.Create(EmulatorBuild.Driver, 0);
}

/// <summary>Products in a mode on the emulator: every third case, since what differs from fp32 are the factors and the multiplier.</summary>
public abstract class EmulatorProducts(ComputeMode mode) : ProductContract
{
    protected override ComputeMode Mode => mode;

    protected override int CaseStride => 3;

    protected override IBackend CreateBackend() => CudaBackend.Create(EmulatorBuild.Driver, 0, mode);
}

/// <summary>Products in tf32 on the emulator.</summary>
public sealed class EmulatorTf32Products() : EmulatorProducts(ComputeMode.Tf32);

/// <summary>Products in bf16 on the emulator.</summary>
public sealed class EmulatorBf16Products() : EmulatorProducts(ComputeMode.Bf16);

/// <summary>Products in fp16 on the emulator.</summary>
public sealed class EmulatorFp16Products() : EmulatorProducts(ComputeMode.Fp16);

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
