using RnnGpu.Core;
using RnnGpu.Cpu;
using RnnGpu.Tests.Contract;

namespace RnnGpu.Tests.Nn;

/// <summary>The SIMD path that a class needs; where the machine lacks it, the class's tests are skipped by name.</summary>
public sealed class NeedsSimdAttribute(SimdPath path) : AvailabilityAttribute
{
    public SimdPath Path { get; } = path;

    public override string? SkipReason => SimdPaths.IsSupported(Path) ? null : $"this machine has no {Path} instructions";
}

/// <summary>Cells on AVX-512, with two threads.</summary>
[NeedsSimd(SimdPath.Avx512)]
public sealed class Avx512CellGradients : CellGradients
{
    protected override IBackend CreateBackend() => CpuBackend.Create(threads: 2, SimdPath.Avx512);
}

/// <summary>Cells on AVX2.</summary>
[NeedsSimd(SimdPath.Avx2)]
public sealed class Avx2CellGradients : CellGradients
{
    protected override IBackend CreateBackend() => CpuBackend.Create(threads: 1, SimdPath.Avx2);
}

/// <summary>Cells on 128-bit vectors.</summary>
[NeedsSimd(SimdPath.V128)]
public sealed class Vector128CellGradients : CellGradients
{
    protected override IBackend CreateBackend() => CpuBackend.Create(threads: 1, SimdPath.V128);
}

/// <summary>Cells without vectors.</summary>
[NeedsSimd(SimdPath.Scalar)]
public sealed class ScalarCellGradients : CellGradients
{
    protected override IBackend CreateBackend() => CpuBackend.Create(threads: 1, SimdPath.Scalar);
}
