using RnnGpu.Core;
using RnnGpu.Nn;
using Xunit;

namespace RnnGpu.Tests.Nn;

public sealed class LossTests : NnTestBase
{
    private static readonly int[] Targets = [2, -1, 0, 3, 1, 1];
    private static readonly float[] Weights = [1f, 5f, 0.5f, 2f, 0f, 1.5f];

    [Theory]
    [InlineData(Reduction.Mean, 0f, false)]
    [InlineData(Reduction.Sum, 0f, false)]
    [InlineData(Reduction.Mean, 0.1f, true)]
    [InlineData(Reduction.Sum, 0.2f, true)]
    public void SoftmaxCrossEntropyEqualsItsDefinition(Reduction reduction, float smoothing, bool weighted)
    {
        var loss = new SoftmaxCrossEntropy(smoothing, reduction);
        (Shape shape, float[] x) = ScaledLeaf(1, 2f, 3, 2, 4);
        Tensor Forward(Tensor logits) => loss.Forward(
            logits, Device.Tensor(Targets, new Shape(3, 2)), weighted ? Device.Tensor(Weights, new Shape(3, 2)) : default);

        double sum = 0, count = 0;
        for (int r = 0; r < 6; r++)
        {
            if (Targets[r] < 0) { continue; }
            double lse = Math.Log(Enumerable.Range(0, 4).Sum(c => Math.Exp(x[(4 * r) + c])));
            double mean = Enumerable.Range(0, 4).Average(c => (double)x[(4 * r) + c]);
            double w = weighted ? Weights[r] : 1;
            sum += w * (((1 - smoothing) * (lse - x[(4 * r) + Targets[r]])) + (smoothing * (lse - mean)));
            count += w;
        }

        // Six rows of four float terms: 1e-5 is a hundred roundings.
        Assert.Equal(reduction == Reduction.Mean ? sum / count : sum, Forward(Device.Tensor(x, shape)).Item(), 1e-5);
        GradientCheck.Run(Device, t => Forward(t[0]), (shape, x));
        GradientCheck.Run(Device, t => Forward(t[0].Tanh()) * 3f + t[0].Sum(), (shape, x));
    }

    [Fact]
    public void AnUnscaledRootGivesTheSameGradientAsAScaledOne()
    {
        var loss = new SoftmaxCrossEntropy();
        float[] Gradient(float scale)
        {
            Tensor x = Input(1, 6, 4);
            Tensor value = loss.Forward(x, Device.Tensor(Targets, new Shape(6)));
            (scale == 1f ? value : value * scale).Backward();
            return x.Grad.ToArray();
        }

        // Powers of two scale exactly.
        Assert.Equal(Gradient(1f), Array.ConvertAll(Gradient(4f), static g => g / 4f));
    }

    [Fact]
    public void AllRowsMaskedGivesZeroAndNoGradient()
    {
        Tensor x = Input(1, 2, 4);
        Tensor loss = new SoftmaxCrossEntropy().Forward(x, Device.Tensor([-1, -1], new Shape(2)));
        Assert.Equal(0f, loss.Item());
        loss.Backward();
        Assert.All(x.Grad.ToArray(), static g => Assert.Equal(0f, g));
    }

    [Theory]
    [InlineData(Reduction.Mean)]
    [InlineData(Reduction.Sum)]
    public void ElementwiseLossesEqualTheirDefinitions(Reduction reduction)
    {
        Check(new Mse(reduction), static (x, t) => (x - t) * (x - t));
        Check(new Mae(reduction), static (x, t) => Math.Abs(x - t));
        Check(
            new BinaryCrossEntropy(reduction),
            static (x, t) => -(t * Math.Log(1 / (1 + Math.Exp(-x)))) - ((1 - t) * Math.Log(1 / (1 + Math.Exp(x)))));
    }

    [Fact]
    public void BinaryCrossEntropyOfLargeLogitsIsFinite()
    {
        Tensor x = Device.Tensor([200f, -200f], new Shape(2), requiresGrad: true);
        Tensor loss = new BinaryCrossEntropy(Reduction.Sum).Forward(x, Device.Tensor([0f, 1f], new Shape(2)));
        Assert.Equal(400f, loss.Item());
        loss.Backward();
        Assert.Equal([1f, -1f], x.Grad.ToArray());
    }

    [Fact]
    public void BadOperandsAreNamed()
    {
        Tensor x = Input(1, 6, 4), t = Device.Tensor(Targets, new Shape(6));
        var ce = new SoftmaxCrossEntropy();
        Assert.Contains("integer", Assert.Throws<ArgumentException>(() => ce.Forward(x, x)).Message, StringComparison.Ordinal);
        Assert.Contains("6 rows", Assert.Throws<ArgumentException>(() => ce.Forward(x, t.Slice(0, 0, 5))).Message, StringComparison.Ordinal);
        Assert.Contains("weight", Assert.Throws<ArgumentException>(() => ce.Forward(x, t, Device.Ones(new Shape(5)))).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new Mse().Forward(x, Device.Zeros(new Shape(4, 6))));
        Assert.Contains("Detach", Assert.Throws<ArgumentException>(() => new Mse().Forward(x, x)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new Mse().Forward(x, x.Detach(), Device.Ones(new Shape(5))));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SoftmaxCrossEntropy(1.5f));
    }

    private void Check(Loss loss, Func<double, double, double> definition)
    {
        (Shape shape, float[] x) = ScaledLeaf(1, 2f, 3, 4);

        // |x - t| stays away from its kink: targets in 0..0.2, predictions at least 0.5 from 0.
        float[] t = Array.ConvertAll(GradientCheck.Values(shape, 2), static v => Math.Abs(v) / 5f);
        float[] each = GradientCheck.Values(shape, 3), row = [1f, 0f, 2f];
        each[5] = 0f;
        Tensor Forward(Tensor p, (Shape Shape, float[] Values)? w) =>
            loss.Forward(p, Device.Tensor(t, shape), w is null ? default : Device.Tensor(w.Value.Values, w.Value.Shape));
        foreach ((Shape Shape, float[] Values)? w in new (Shape, float[])?[] { null, (shape, Array.ConvertAll(each, Math.Abs)), (new Shape(3), row) })
        {
            double sum = 0, count = 0;
            for (int i = 0; i < x.Length; i++)
            {
                double weight = w is null ? 1 : w.Value.Values.Length == 3 ? row[i / 4] : w.Value.Values[i];
                sum += weight * definition(x[i], t[i]);
                count += weight;
            }

            Assert.Equal(loss.Reduction == Reduction.Mean ? sum / count : sum, Forward(Device.Tensor(x, shape), w).Item(), 2e-5);
            GradientCheck.Run(Device, p => Forward(p[0], w) * 2f, (shape, x));
        }
    }
}
