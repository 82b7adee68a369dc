using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>Every value the same.</summary>
public sealed class ConstantInit(float value) : Initializer
{
    /// <inheritdoc/>
    protected override void Fill(Span<float> values, Shape shape, PhiloxStream random) => values.Fill(value);
}
