namespace RnnGpu.Nn;

/// <summary>
/// Limits of the gradients of one update; the default value has none. First every element g of the averaged gradient is held
/// within ±<see cref="MaxValue"/>, then all gradients together are scaled down to the global norm <see cref="MaxNorm"/>
/// (Pascanu et al. 2013), as PyTorch's <c>clip_grad_norm_</c>.
/// </summary>
public readonly record struct GradientClipping
{
    private readonly float _maxNorm;
    private readonly float _maxValue;

    /// <summary>Limits; <see cref="float.PositiveInfinity"/> is none.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A limit that is not more than 0.</exception>
    public GradientClipping(float maxNorm = float.PositiveInfinity, float maxValue = float.PositiveInfinity)
    {
        _maxNorm = Check(maxNorm, nameof(maxNorm));
        _maxValue = Check(maxValue, nameof(maxValue));
    }

    /// <summary>Largest Euclidean norm over all parameters.</summary>
    public float MaxNorm => _maxNorm == 0f ? float.PositiveInfinity : _maxNorm;

    /// <summary>Largest absolute value of an element.</summary>
    public float MaxValue => _maxValue == 0f ? float.PositiveInfinity : _maxValue;

    /// <summary>Clipping by global norm.</summary>
    public static GradientClipping Norm(float maxNorm) => new(maxNorm: maxNorm);

    /// <summary>Clipping by value.</summary>
    public static GradientClipping Value(float maxValue) => new(maxValue: maxValue);

    private static float Check(float limit, string name) => limit > 0f
        ? limit
        : throw new ArgumentOutOfRangeException(name, $"gradients cannot be clipped at {limit}: the limit must be more than 0");
}
