using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace RnnGpu.Cpu;

/// <summary>The vector instruction sets that the CPU backend has kernels for.</summary>
public enum SimdPath
{
    /// <summary>No vector instructions.</summary>
    Scalar,

    /// <summary>128-bit: SSE or NEON.</summary>
    V128,

    /// <summary>AVX2 with FMA, 256-bit.</summary>
    Avx2,

    /// <summary>AVX-512, 512-bit.</summary>
    Avx512,
}

/// <summary>Which paths this machine has, and which one to take.</summary>
public static class SimdPaths
{
    /// <summary>Environment variable that forces a path: <c>avx512</c>, <c>avx2</c>, <c>v128</c> or <c>scalar</c>.</summary>
    public const string Variable = "RNNGPU_SIMD";

    /// <summary>Whether this machine runs a path.</summary>
    public static bool IsSupported(SimdPath path) => path switch
    {
        SimdPath.Scalar => true,
        SimdPath.V128 => Vector128.IsHardwareAccelerated,
        SimdPath.Avx2 => Avx2.IsSupported && Fma.IsSupported,
        SimdPath.Avx512 => Vector512.IsHardwareAccelerated,
        _ => false,
    };

    /// <summary>The widest path of this machine, or the one that <see cref="Variable"/> forces.</summary>
    /// <exception cref="ArgumentException">The variable names no path, or one that this machine lacks.</exception>
    public static SimdPath Choose()
    {
        string? forced = Environment.GetEnvironmentVariable(Variable);
        if (string.IsNullOrEmpty(forced))
        {
            SimdPath best = SimdPath.Avx512;
            while (!IsSupported(best)) { best--; }
            return best;
        }

        if (!Enum.TryParse(forced, ignoreCase: true, out SimdPath path) || !Enum.IsDefined(path))
        {
            throw new ArgumentException($"{Variable}={forced} names no SIMD path; use avx512, avx2, v128 or scalar");
        }

        return IsSupported(path)
            ? path
            : throw new ArgumentException($"{Variable}={forced}: this machine has no such instructions; unset it or use a narrower path");
    }
}
