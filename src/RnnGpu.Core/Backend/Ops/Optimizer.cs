namespace RnnGpu.Core;

/// <summary>Update rules.</summary>
public enum OptimizerKind
{
    /// <summary>Stochastic gradient descent with momentum, as PyTorch: <c>v = mu v + g; w -= lr v</c> (Nesterov: <c>w -= lr (g + mu v)</c>).</summary>
    Sgd,

    /// <summary>RMSprop, as PyTorch: <c>v = rho v + (1-rho) g²; w -= lr g / (sqrt v + eps)</c>.</summary>
    RmsProp,

    /// <summary>Adam with bias correction; weight decay is added to the gradient.</summary>
    Adam,

    /// <summary>AdamW: weight decay apart from the gradient (Loshchilov and Hutter 2019).</summary>
    AdamW,
}

/// <summary>One parameter of a multi-tensor update.</summary>
/// <param name="Weight">Updated.</param>
/// <param name="Gradient">Of the same length.</param>
/// <param name="First">First state (momentum, or Adam's m), updated; empty where the rule has none.</param>
/// <param name="Second">Second state (Adam's and RMSprop's v), updated; empty where the rule has none.</param>
/// <param name="LearningRateScale">Factor of the learning rate for this parameter.</param>
/// <param name="WeightDecay">Weight decay of this parameter.</param>
public readonly record struct OptimizerSlot(
    TensorView Weight, TensorView Gradient, TensorView First, TensorView Second, float LearningRateScale, float WeightDecay);

/// <summary>Numbers of an update, common to all parameters.</summary>
public readonly record struct OptimizerStep
{
    /// <summary>Rule.</summary>
    public required OptimizerKind Kind { get; init; }

    /// <summary>Learning rate.</summary>
    public required float LearningRate { get; init; }

    /// <summary>Momentum (SGD), or Adam's beta1.</summary>
    public float Beta1 { get; init; }

    /// <summary>RMSprop's rho, or Adam's beta2.</summary>
    public float Beta2 { get; init; }

    /// <summary>Added to the denominator.</summary>
    public float Epsilon { get; init; }

    /// <summary>Nesterov momentum (SGD).</summary>
    public bool Nesterov { get; init; }

    /// <summary>Which update this is, counted from 1; for Adam's bias correction.</summary>
    public long Step { get; init; }
}

public partial interface IBackend
{
    /// <summary>One update of many parameters.</summary>
    /// <param name="step">Rule and numbers.</param>
    /// <param name="gradientScale">One element that multiplies every gradient (clipping, averaging); or empty (1).</param>
    /// <param name="slots">Parameters with their gradients (read) and states (updated).</param>
    void Optimize(OptimizerStep step, in TensorView gradientScale, ReadOnlySpan<OptimizerSlot> slots);

    /// <summary>
    /// The factor that clips gradients to a norm: <c>y = min(1, maxNorm / (a sqrt(sumOfSquares) + 1e-6)) a</c> with a the average
    /// factor (1 / accumulated micro-batches). No clipping for an infinite maxNorm.
    /// </summary>
    /// <param name="sumOfSquares">One element.</param>
    /// <param name="maxNorm">Largest norm of the averaged gradient.</param>
    /// <param name="average">a.</param>
    /// <param name="y">One element.</param>
    void ClipFactor(in TensorView sumOfSquares, float maxNorm, float average, in TensorView y);
}
