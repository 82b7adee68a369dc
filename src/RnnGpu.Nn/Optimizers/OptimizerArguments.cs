namespace RnnGpu.Nn;

/// <summary>Checks of an optimiser's numbers.</summary>
internal static class OptimizerArguments
{
    public static float NotNegative(float value, string what) => value >= 0f && float.IsFinite(value)
        ? value
        : throw new ArgumentOutOfRangeException(nameof(value), $"the {what} must be 0 or more, and finite, not {value}");

    public static float Positive(float value, string what) => value > 0f && float.IsFinite(value)
        ? value
        : throw new ArgumentOutOfRangeException(nameof(value), $"the {what} must be more than 0, and finite, not {value}");

    public static float BelowOne(float value, string what) => value is >= 0f and < 1f
        ? value
        : throw new ArgumentOutOfRangeException(nameof(value), $"{what} must be at least 0 and below 1, not {value}");
}
