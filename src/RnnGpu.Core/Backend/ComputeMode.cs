namespace RnnGpu.Core;

/// <summary>
/// Precision of a backend's matrix products, the recurrent ones included. Everything else is fp32: weights, states, sums, the
/// accumulation inside products. Which modes a backend has, it says when it is made.
/// </summary>
public enum ComputeMode
{
    /// <summary>Factors of 24 bits, fused multiply-add: the reference.</summary>
    Fp32,

    /// <summary>Factors rounded to 11 bits with the range of fp32 (TF32), on tensor cores.</summary>
    Tf32,

    /// <summary>Factors rounded to 8 bits with the range of fp32 (bfloat16), on tensor cores.</summary>
    Bf16,

    /// <summary>Factors rounded to 11 bits with a range of 6e-8 to 65504 (IEEE half), on tensor cores; gradients want loss scaling.</summary>
    Fp16,
}
