using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>Normal with mean 0.</summary>
public sealed class NormalInit(float deviation) : Initializer
{
    /// <inheritdoc/>
    protected override void Fill(Span<float> values, Shape shape, PhiloxStream random) => FillNormal(values, deviation, random);
}
