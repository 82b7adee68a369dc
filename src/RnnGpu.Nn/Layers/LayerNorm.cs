using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>
/// Layer normalisation over the last axis (Ba et al. 2016): <c>y = weight (x - mean) / sqrt(variance + epsilon) + bias</c>.
/// Parameters as PyTorch's <c>nn.LayerNorm</c>: <c>weight [C]</c> ones, <c>bias [C]</c> zeros at first.
/// </summary>
public sealed class LayerNorm : Module
{
    /// <summary>A layer normalisation.</summary>
    /// <param name="device">Where its parameters live.</param>
    /// <param name="size">C.</param>
    /// <param name="epsilon">Added to the variance.</param>
    public LayerNorm(Device device, int size, float epsilon = 1e-5f)
        : base(device)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size);
        Epsilon = epsilon;
        Weight = AddParameter("weight", new Shape(size));
        new ConstantInit(1f).Apply(Weight);
        Bias = AddParameter("bias", new Shape(size));
    }

    /// <summary>Added to the variance.</summary>
    public float Epsilon { get; }

    /// <summary><c>[C]</c>.</summary>
    public Parameter Weight { get; }

    /// <summary><c>[C]</c>.</summary>
    public Parameter Bias { get; }

    /// <inheritdoc/>
    public override bool IsPointwise => true;

    /// <inheritdoc/>
    public override Tensor Forward(Tensor input) => input.LayerNorm(Weight, Bias, Epsilon);
}
