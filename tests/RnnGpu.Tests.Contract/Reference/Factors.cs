using RnnGpu.Core;

namespace RnnGpu.Tests.Contract;

/// <summary>Factors of products as a mode rounds them: to nearest, ties to even. A product of two is exact in float64.</summary>
public static class Factors
{
    public static float Round(ComputeMode mode, float x) => mode switch
    {
        ComputeMode.Fp32 => x,
        ComputeMode.Tf32 => Cut(x, bits: 13),
        ComputeMode.Bf16 => Cut(x, bits: 16),
        ComputeMode.Fp16 => (float)(Half)x,
        _ => throw new InvalidOperationException($"the reference has no mode {mode}"),
    };

    public static float[] Round(ComputeMode mode, ReadOnlySpan<float> values)
    {
        var rounded = new float[values.Length];
        for (int i = 0; i < rounded.Length; i++) { rounded[i] = Round(mode, values[i]); }
        return rounded;
    }

    /// <summary>Half a unit of the last of the fraction's bits that stay.</summary>
    private static float Cut(float x, int bits)
    {
        if (!float.IsFinite(x)) { return x; }
        uint b = BitConverter.SingleToUInt32Bits(x), half = (1u << (bits - 1)) - 1;
        return BitConverter.UInt32BitsToSingle((b + half + ((b >> bits) & 1)) & ~((1u << bits) - 1));
    }
}
