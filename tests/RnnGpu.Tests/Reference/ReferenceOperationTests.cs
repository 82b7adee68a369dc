using RnnGpu.Core;
using RnnGpu.Tests.Contract;
using Xunit;

namespace RnnGpu.Tests;

/// <summary>The slopes of the other float64 references against finite differences of their own functions.</summary>
public sealed class ReferenceOperationTests
{
    private const double Step = 1e-5;

    [Fact]
    public void Unary_slopes()
    {
        foreach (UnaryOp op in Enum.GetValues<UnaryOp>())
        {
            foreach (double x in (ReadOnlySpan<double>)[0.3, 0.9, 2.2, -0.4, -1.7])
            {
                if (x < 0 && op is UnaryOp.Log or UnaryOp.Sqrt) { continue; }
                Check($"{op} at {x}", at => ElementwiseReference.Unary(op, 0.7, at), x, ElementwiseReference.Slope(op, 0.7, x));
            }
        }
    }

    [Fact]
    public void Loss_slopes()
    {
        foreach (ElementLoss kind in Enum.GetValues<ElementLoss>())
        {
            foreach (double x in (ReadOnlySpan<double>)[0.3, 2.2, -0.4, -3])
            {
                Check($"{kind} at {x}", at => LossReference.Loss(kind, at, 0.6), x, LossReference.Slope(kind, x, 0.6));
            }
        }
    }

    [Theory]
    [InlineData(0, 0.0)]
    [InlineData(3, 0.1)]
    [InlineData(4, 1.0)]
    public void Cross_entropy_gradient(int target, double smoothing)
    {
        double[] x = [0.3, -1.2, 2, 0.7, -0.1];
        double[] dx = SoftmaxReference.CrossEntropy(x, target, smoothing).Dx;
        CheckAll("cross-entropy", () => SoftmaxReference.CrossEntropy(x, target, smoothing).Loss, x, dx);
    }

    [Fact]
    public void Softmax_gradient()
    {
        double[] x = [0.3, -1.2, 2, 0.7, -0.1], dy = [1, -0.3, 0.2, 0.9, -2];
        CheckAll("softmax", () => Dot(SoftmaxReference.Forward(x), dy), x, SoftmaxReference.Backward(SoftmaxReference.Forward(x), dy));
    }

    [Fact]
    public void Layer_norm_gradients()
    {
        double[] x = [0.3, -1.2, 2, 0.7, -0.1], gamma = [1, 0.5, 2, 0.8, 1.4], beta = [0, 0.1, 0.2, 0.3, 0.4], dy = [1, -0.3, 0.2, 0.9, -2];
        double Loss() => Dot(LayerNormReference.Forward(x, gamma, beta, 1e-3).Y, dy);
        (_, double mean, double rstd) = LayerNormReference.Forward(x, gamma, beta, 1e-3);
        (double[] dx, double[] dGamma, double[] dBeta) = LayerNormReference.Backward(x, gamma, mean, rstd, dy);
        CheckAll("x", Loss, x, dx);
        CheckAll("gamma", Loss, gamma, dGamma);
        CheckAll("beta", Loss, beta, dBeta);
    }

    [Fact]
    public void Broadcasting_pairs_elements_as_numpy_does()
    {
        Assert.Equal([0, 1, 2, 0, 1, 2], ElementwiseReference.Broadcast([3], [2, 3]));
        Assert.Equal([0, 0, 0, 1, 1, 1], ElementwiseReference.Broadcast([2, 1], [2, 3]));
        Assert.Equal([0, 0, 1, 1, 0, 0, 1, 1], ElementwiseReference.Broadcast([2, 1], [2, 2, 2]));
        Assert.Equal([0, 1, 0, 1, 2, 3, 2, 3], ElementwiseReference.Broadcast([2, 1, 2], [2, 2, 2]));
    }

    private static double Dot(double[] a, double[] b) => a.Zip(b, (x, y) => x * y).Sum();

    private static void CheckAll(string what, Func<double> loss, double[] x, double[] gradient)
    {
        for (int i = 0; i < x.Length; i++)
        {
            double start = x[i];
            Check($"{what}[{i}]", at => At(i, at), start, gradient[i]);
            x[i] = start;
        }

        double At(int i, double value)
        {
            x[i] = value;
            return loss();
        }
    }

    /// <summary>Truncation h² f'''/6 is under 1e-9, rounding 1e-16 |f| / h under 1e-10 here.</summary>
    private static void Check(string what, Func<double, double> f, double x, double slope)
    {
        double expected = (f(x + Step) - f(x - Step)) / (2 * Step);
        Assert.True(Math.Abs(expected - slope) <= 1e-8 * Math.Max(1, Math.Abs(slope)), $"{what}: slope {slope:G9}, by differences {expected:G9}");
    }
}
