using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>
/// Adam with weight decay apart from the gradient (Loshchilov and Hutter 2019), as PyTorch's: <c>w -= lr weightDecay w;</c> then
/// <see cref="Adam"/> without decay. State in checkpoints: <c>m.*</c>, <c>v.*</c>.
/// </summary>
public sealed class AdamW : Optimizer
{
    /// <summary>For all parameters of a module.</summary>
    public AdamW(
        Module module, float learningRate = 1e-3f, float beta1 = 0.9f, float beta2 = 0.999f, float epsilon = 1e-8f, float weightDecay = 1e-2f)
        : this(ParameterGroup.All(module), learningRate, beta1, beta2, epsilon, weightDecay)
    {
    }

    /// <summary>For groups of parameters.</summary>
    /// <param name="groups">Every parameter once.</param>
    /// <param name="learningRate">Initial learning rate.</param>
    /// <param name="beta1">Decay of the mean; at least 0, below 1.</param>
    /// <param name="beta2">Decay of the mean square; at least 0, below 1.</param>
    /// <param name="epsilon">Added to the root.</param>
    /// <param name="weightDecay">Of groups without one of their own.</param>
    /// <exception cref="ArgumentException">Numbers out of range; a parameter twice; no parameter.</exception>
    public AdamW(
        IReadOnlyList<ParameterGroup> groups, float learningRate = 1e-3f, float beta1 = 0.9f, float beta2 = 0.999f, float epsilon = 1e-8f,
        float weightDecay = 1e-2f)
        : base(OptimizerKind.AdamW, groups, learningRate, weightDecay, "m", "v")
    {
        Beta1 = OptimizerArguments.BelowOne(beta1, "beta1");
        Beta2 = OptimizerArguments.BelowOne(beta2, "beta2");
        Epsilon = OptimizerArguments.Positive(epsilon, "epsilon");
    }

    /// <summary>Decay of the mean.</summary>
    public float Beta1 { get; }

    /// <summary>Decay of the mean square.</summary>
    public float Beta2 { get; }

    /// <summary>Added to the root.</summary>
    public float Epsilon { get; }

    private protected override OptimizerStep Rule(OptimizerStep step) => step with { Beta1 = Beta1, Beta2 = Beta2, Epsilon = Epsilon };
}
