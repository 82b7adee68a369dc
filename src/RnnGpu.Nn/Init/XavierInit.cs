using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>Xavier, also Glorot (Glorot and Bengio 2010): variance <c>gain² 2 / (inputs + outputs)</c>.</summary>
public sealed class XavierInit(bool normal = false, float gain = 1f) : Initializer
{
    /// <inheritdoc/>
    protected override void Fill(Span<float> values, Shape shape, PhiloxStream random)
    {
        (double fanIn, double fanOut) = Fans(shape);
        double deviation = gain * Math.Sqrt(2.0 / (fanIn + fanOut));
        if (normal) { FillNormal(values, deviation, random); }
        else { FillUniform(values, Math.Sqrt(3.0) * deviation, random); }
    }
}
