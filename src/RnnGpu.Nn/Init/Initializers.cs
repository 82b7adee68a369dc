using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>Every value the same.</summary>
public sealed class ConstantInit(float value) : Initializer
{
    /// <inheritdoc/>
    protected override void Fill(Span<float> values, Shape shape, PhiloxStream random) => values.Fill(value);
}

/// <summary>Uniform within ±bound. PyTorch's default for recurrent layers is 1/sqrt(H), for dense ones 1/sqrt(I).</summary>
public sealed class UniformInit(float bound) : Initializer
{
    /// <inheritdoc/>
    protected override void Fill(Span<float> values, Shape shape, PhiloxStream random) => FillUniform(values, bound, random);
}

/// <summary>Normal with mean 0.</summary>
public sealed class NormalInit(float deviation) : Initializer
{
    /// <inheritdoc/>
    protected override void Fill(Span<float> values, Shape shape, PhiloxStream random) => FillNormal(values, deviation, random);
}

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
