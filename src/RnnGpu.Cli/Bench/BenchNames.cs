using RnnGpu.Core;

namespace RnnGpu.Cli.Bench;

/// <summary>Words of command lines and results.</summary>
internal static class BenchNames
{
    /// <summary><c>fp32</c>, <c>tf32</c>, <c>bf16</c>, <c>fp16</c>.</summary>
    public static string Of(ComputeMode mode) => mode switch
    {
        ComputeMode.Fp32 => "fp32",
        ComputeMode.Tf32 => "tf32",
        ComputeMode.Bf16 => "bf16",
        ComputeMode.Fp16 => "fp16",
        _ => throw new ArgumentOutOfRangeException(nameof(mode), mode, "unknown precision"),
    };

    /// <summary>The precision of a name from <see cref="Of(ComputeMode)"/>.</summary>
    public static ComputeMode Mode(string name)
    {
        foreach (ComputeMode mode in Enum.GetValues<ComputeMode>())
        {
            if (Of(mode) == name) { return mode; }
        }

        throw new ArgumentException($"there is no precision '{name}'");
    }

    /// <summary><c>inference</c> (forward) or <c>training</c> (forward and backward).</summary>
    public static string Of(bool training) => BenchGrid.ModeNames[training ? 1 : 0];
}
