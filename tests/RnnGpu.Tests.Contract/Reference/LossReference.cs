using RnnGpu.Core;

namespace RnnGpu.Tests.Contract;

/// <summary>Element-wise losses in float64.</summary>
public static class LossReference
{
    public static double Loss(ElementLoss kind, double x, double t) => kind switch
    {
        ElementLoss.SquaredError => (x - t) * (x - t),
        ElementLoss.AbsoluteError => Math.Abs(x - t),
        ElementLoss.BinaryCrossEntropy => Math.Max(x, 0) - (x * t) + Math.Log(1 + Math.Exp(-Math.Abs(x))),
        _ => throw new InvalidOperationException($"the reference has no {kind}"),
    };

    public static double Slope(ElementLoss kind, double x, double t) => kind switch
    {
        ElementLoss.SquaredError => 2 * (x - t),
        ElementLoss.AbsoluteError => Math.Sign(x - t),
        ElementLoss.BinaryCrossEntropy => (1 / (1 + Math.Exp(-x))) - t,
        _ => throw new InvalidOperationException($"the reference has no {kind}"),
    };
}
