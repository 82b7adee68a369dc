using RnnGpu.Core;

namespace RnnGpu.Tests.Contract;

/// <summary>One parameter's update in float64, as PyTorch defines the rules.</summary>
public static class OptimizerReference
{
    /// <summary>New weight and states, and the magnitude of the terms that made up the update.</summary>
    public static (double Weight, double First, double Second, double Magnitude) Update(
        OptimizerStep step, double gradientScale, double weight, double gradient, double first, double second, double rateScale, double decay)
    {
        double rate = (double)step.LearningRate * rateScale, g = gradient * gradientScale, b1 = step.Beta1, b2 = step.Beta2;
        if (step.Kind == OptimizerKind.AdamW) { weight -= rate * decay * weight; }
        else { g += decay * weight; }

        double size = Math.Abs(gradient * gradientScale) + Math.Abs(decay * weight);
        switch (step.Kind)
        {
            case OptimizerKind.Sgd:
                double velocity = (b1 * first) + g;
                double direction = step.Nesterov ? g + (b1 * velocity) : velocity;
                return (weight - (rate * direction), velocity, second, rate * 2 * (size + Math.Abs(b1 * first)));
            case OptimizerKind.RmsProp:
                double square = (b2 * second) + ((1 - b2) * g * g);
                double root = Math.Sqrt(square) + step.Epsilon;
                return (weight - (rate * g / root), first, square, rate * size / root);
            case OptimizerKind.Adam or OptimizerKind.AdamW:
                double m = (b1 * first) + ((1 - b1) * g), v = (b2 * second) + ((1 - b2) * g * g);
                double mHat = m / (1 - Math.Pow(b1, step.Step)), vHat = v / (1 - Math.Pow(b2, step.Step));
                double denominator = Math.Sqrt(vHat) + step.Epsilon;
                double terms = ((b1 * Math.Abs(first)) + ((1 - b1) * size)) / (1 - Math.Pow(b1, step.Step));
                return (weight - (rate * mHat / denominator), m, v, rate * terms / denominator);
            default:
                throw new InvalidOperationException($"the reference has no rule {step.Kind}");
        }
    }

    public static double ClipFactor(double sumOfSquares, double maxNorm, double average) =>
        double.IsInfinity(maxNorm) ? average : Math.Min(1, maxNorm / ((average * Math.Sqrt(sumOfSquares)) + 1e-6)) * average;
}
