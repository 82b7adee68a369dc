using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>
/// RMSprop (Tieleman and Hinton 2012), as PyTorch's: <c>g += weightDecay w; v = rho v + (1-rho) g²; w -= lr g / (sqrt v + eps)</c>.
/// State in checkpoints: <c>v.*</c>.
/// </summary>
public sealed class RmsProp : Optimizer
{
    /// <summary>For all parameters of a module.</summary>
    public RmsProp(Module module, float learningRate = 1e-2f, float rho = 0.99f, float epsilon = 1e-8f, float weightDecay = 0f)
        : this(ParameterGroup.All(module), learningRate, rho, epsilon, weightDecay)
    {
    }

    /// <summary>For groups of parameters.</summary>
    /// <param name="groups">Every parameter once.</param>
    /// <param name="learningRate">Initial learning rate.</param>
    /// <param name="rho">Decay of the mean square; at least 0, below 1.</param>
    /// <param name="epsilon">Added to the root.</param>
    /// <param name="weightDecay">Of groups without one of their own.</param>
    /// <exception cref="ArgumentException">Numbers out of range; a parameter twice; no parameter.</exception>
    public RmsProp(
        IReadOnlyList<ParameterGroup> groups, float learningRate = 1e-2f, float rho = 0.99f, float epsilon = 1e-8f, float weightDecay = 0f)
        : base(OptimizerKind.RmsProp, groups, learningRate, weightDecay, firstName: null, "v")
    {
        Rho = OptimizerArguments.BelowOne(rho, "rho");
        Epsilon = OptimizerArguments.Positive(epsilon, "epsilon");
    }

    /// <summary>Decay of the mean square.</summary>
    public float Rho { get; }

    /// <summary>Added to the root.</summary>
    public float Epsilon { get; }

    private protected override OptimizerStep Rule(OptimizerStep step) => step with { Beta2 = Rho, Epsilon = Epsilon };
}
