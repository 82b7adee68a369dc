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
    /// Discriminative fine-tuning (Howard and Ruder 2018, ULMFiT): a group for each part of a model, the last with the optimiser's learning
    /// rate, each one before it with a rate smaller by <paramref name="factor"/>. A parameter that two parts share goes with the first.
    /// </summary>
    /// <param name="model">Names the parameters.</param>
    /// <param name="parts">From the input to the output; together all of the model.</param>
    /// <param name="factor">At least 1; 2.6 as published.</param>
    /// <exception cref="ArgumentException">A parameter of the model is in no part.</exception>
    public static ParameterGroup[] Discriminative(Module model, IReadOnlyList<Module> parts, float factor = 2.6f)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(parts);
        if (!(factor >= 1f && float.IsFinite(factor))) { throw new ArgumentOutOfRangeException(nameof(factor), $"factor must be at least 1, and finite, not {factor}"); }
        List<NamedParameter> left = [.. model.NamedParameters()];
        var groups = new ParameterGroup[parts.Count];
        for (int i = 0; i < groups.Length; i++)
        {
            var own = new HashSet<Parameter>(parts[i].Parameters());
            groups[i] = new ParameterGroup(left.FindAll(entry => own.Contains(entry.Parameter)))
            {
                LearningRateScale = MathF.Pow(factor, i + 1 - groups.Length),
            };
            left.RemoveAll(entry => own.Contains(entry.Parameter));
        }

        return left.Count == 0 ? groups : throw new ArgumentException($"the parameter '{left[0].Name}' is in none of the parts", nameof(parts));
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
