namespace RnnGpu.Nn;

/// <summary>
/// How a loss is scaled while factors of products are rounded to fp16, whose range ends at 6e-8 and 65504 (Micikevicius et al. 2018, "Mixed
/// precision training"). The rules and defaults of PyTorch's <c>GradScaler</c>.
/// </summary>
public sealed record LossScaling
{
    /// <summary>Scale of the first step.</summary>
    public float Initial { get; init; } = 65536f;

    /// <summary>Factor of the scale after <see cref="GrowthInterval"/> updates in a row.</summary>
    public float Growth { get; init; } = 2f;

    /// <summary>Factor of the scale after gradients that are not finite.</summary>
    public float Backoff { get; init; } = 0.5f;

    /// <summary>Updates in a row, none skipped, after which the scale grows.</summary>
    public int GrowthInterval { get; init; } = 2000;

    /// <exception cref="ArgumentOutOfRangeException">A number that no scaling can work with.</exception>
    internal void Check()
    {
        Require(float.IsFinite(Initial) && Initial >= LossScaler.Least, nameof(Initial), Initial, $"a finite number from {LossScaler.Least} up");
        Require(float.IsFinite(Growth) && Growth >= 1f, nameof(Growth), Growth, "a finite number from 1 up");
        Require(Backoff is > 0f and < 1f, nameof(Backoff), Backoff, "between 0 and 1");
        Require(GrowthInterval >= 1, nameof(GrowthInterval), GrowthInterval, "at least 1");
    }

    private static void Require(bool good, string name, object value, string range)
    {
        if (!good) { throw new ArgumentOutOfRangeException(name, $"{name} of the loss scaling is {range}, not {value}"); }
    }
}
