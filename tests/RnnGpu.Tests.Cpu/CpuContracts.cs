using RnnGpu.Core;
using RnnGpu.Cpu;
using RnnGpu.Tests.Contract;

namespace RnnGpu.Tests.Cpu;

/// <summary>The SIMD path that a class needs; where the machine lacks it, the class's tests are skipped by name.</summary>
public sealed class RequiresSimdAttribute(SimdPath path) : AvailabilityAttribute
{
    public SimdPath Path { get; } = path;

    public override string? SkipReason => SimdPaths.IsSupported(Path) ? null : $"this machine has no {Path} instructions";
}

/// <summary>The backend contract on AVX-512, with two threads.</summary>
[RequiresSimd(SimdPath.Avx512)]
public sealed class Avx512Contract : BackendContract
{
    protected override IBackend CreateBackend() => CpuBackend.Create(threads: 2, SimdPath.Avx512);
}

/// <summary>The backend contract on AVX2, with one thread.</summary>
[RequiresSimd(SimdPath.Avx2)]
public sealed class Avx2Contract : BackendContract
{
    protected override IBackend CreateBackend() => CpuBackend.Create(threads: 1, SimdPath.Avx2);
}

/// <summary>The backend contract on 128-bit vectors, with one thread; <see cref="SameBitsTests"/> has the other numbers of threads.</summary>
[RequiresSimd(SimdPath.V128)]
public sealed class Vector128Contract : BackendContract
{
    protected override IBackend CreateBackend() => CpuBackend.Create(threads: 1, SimdPath.V128);
}

/// <summary>The backend contract without vectors, with one thread.</summary>
[RequiresSimd(SimdPath.Scalar)]
public sealed class ScalarContract : BackendContract
{
    protected override IBackend CreateBackend() => CpuBackend.Create(threads: 1, SimdPath.Scalar);
}
