using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>Uniform within ±bound. PyTorch's default for recurrent layers is 1/sqrt(H), for dense ones 1/sqrt(I).</summary>
public sealed class UniformInit(float bound) : Initializer
{
    /// <inheritdoc/>
    protected override void Fill(Span<float> values, Shape shape, PhiloxStream random) => FillUniform(values, bound, random);
}
