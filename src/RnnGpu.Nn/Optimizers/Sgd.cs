using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>
/// Stochastic gradient descent, as PyTorch's <c>SGD</c>: <c>g += weightDecay w; v = momentum v + g; w -= lr v</c>, with Nesterov
/// momentum <c>w -= lr (g + momentum v)</c>. State in checkpoints: <c>momentum.*</c>, with momentum only.
/// </summary>
public sealed class Sgd : Optimizer
{
    /// <summary>For all parameters of a module.</summary>
    public Sgd(Module module, float learningRate = 1e-2f, float momentum = 0f, bool nesterov = false, float weightDecay = 0f)
        : this(ParameterGroup.All(module), learningRate, momentum, nesterov, weightDecay)
    {
    }

    /// <summary>For groups of parameters.</summary>
    /// <param name="groups">Every parameter once.</param>
    /// <param name="learningRate">Initial learning rate.</param>
    /// <param name="momentum">At least 0, below 1.</param>
    /// <param name="nesterov">Needs momentum.</param>
    /// <param name="weightDecay">Of groups without one of their own.</param>
    /// <exception cref="ArgumentException">Numbers out of range; a parameter twice; no parameter.</exception>
    public Sgd(
        IReadOnlyList<ParameterGroup> groups, float learningRate = 1e-2f, float momentum = 0f, bool nesterov = false, float weightDecay = 0f)
        : base(OptimizerKind.Sgd, groups, learningRate, weightDecay, momentum > 0f ? "momentum" : null, secondName: null)
    {
        Momentum = OptimizerArguments.BelowOne(momentum, "momentum");
        Nesterov = nesterov;
        if (nesterov && momentum == 0f) { throw new ArgumentException("Nesterov momentum needs a momentum above 0", nameof(nesterov)); }
    }

    /// <summary>Momentum.</summary>
    public float Momentum { get; }

    /// <summary>Whether the update looks ahead by the momentum.</summary>
    public bool Nesterov { get; }

    private protected override OptimizerStep Rule(OptimizerStep step) => step with { Beta1 = Momentum, Nesterov = Nesterov };
}
