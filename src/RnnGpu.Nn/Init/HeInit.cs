using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>He, also Kaiming (He et al. 2015), for layers with ReLU: variance <c>2 / inputs</c>.</summary>
public sealed class HeInit(bool normal = true) : Initializer
{
    /// <inheritdoc/>
    protected override void Fill(Span<float> values, Shape shape, PhiloxStream random)
    {
        double deviation = Math.Sqrt(2.0 / Fans(shape).FanIn);
        if (normal) { FillNormal(values, deviation, random); }
        else { FillUniform(values, Math.Sqrt(3.0) * deviation, random); }
    }
}
