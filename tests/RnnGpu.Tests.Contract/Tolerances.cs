namespace RnnGpu.Tests.Contract;

/// <summary>Every tolerance of the tests, each with its reason.</summary>
public static class Tolerances
{
    /// <summary>
    /// Central difference (f(x+h) - f(x-h)) / 2h in float64 with h = <see cref="DifferenceStep"/>: rounding of f costs about
    /// 2^-53 |f| sqrt(terms) / h, at most 3e-9 for the losses here (|f| under 50); truncation costs h^2 f'''/6, at most 4e-9 for third
    /// directional derivatives up to 6000. 1e-7 leaves a factor of ten; a wrong term in a gradient gives 1e-2 and more.
    /// </summary>
    public const double FiniteDifference = 1e-7;

    /// <summary>Step of a central difference along a direction; small enough that no ReLU of the data crosses its kink.</summary>
    public const double DifferenceStep = 2e-6;
}
