namespace RnnGpu.Nn;

/// <summary>Parameters that an optimiser treats alike.</summary>
public sealed class ParameterGroup
{
    private float _learningRateScale = 1f;
    private float? _weightDecay;

    /// <summary>A group of named parameters.</summary>
    public ParameterGroup(IReadOnlyList<NamedParameter> parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        Parameters = parameters;
    }

    /// <summary>The members under their full names, which name their state in checkpoints.</summary>
    public IReadOnlyList<NamedParameter> Parameters { get; }

    /// <summary>Factor of the optimiser's learning rate for this group.</summary>
    public float LearningRateScale
    {
        get => _learningRateScale;
        set => _learningRateScale = OptimizerArguments.NotNegative(value, "learning-rate scale");
    }

    /// <summary>Weight decay of this group; null for the optimiser's.</summary>
    public float? WeightDecay
    {
        get => _weightDecay;
        set => _weightDecay = value is { } decay ? OptimizerArguments.NotNegative(decay, "weight decay") : null;
    }

    /// <summary>One group with all parameters of a module.</summary>
    public static ParameterGroup[] All(Module module)
    {
        ArgumentNullException.ThrowIfNull(module);
        return [new ParameterGroup(module.NamedParameters())];
    }

    /// <summary>
    /// Two groups: matrices, which decay as the optimiser says, and vectors (biases, the gains of layer normalisation), which
    /// do not decay.
    /// </summary>
    public static ParameterGroup[] DecayMatricesOnly(Module module)
    {
        ArgumentNullException.ThrowIfNull(module);
        var matrices = new List<NamedParameter>();
        var vectors = new List<NamedParameter>();
        foreach (NamedParameter parameter in module.NamedParameters())
        {
            (parameter.Parameter.Shape.Rank >= 2 ? matrices : vectors).Add(parameter);
        }

        return [new ParameterGroup(matrices), new ParameterGroup(vectors) { WeightDecay = 0f }];
    }
}
