using RnnGpu.Core;
using RnnGpu.Nn;
using Xunit;

namespace RnnGpu.Tests.Nn;

/// <summary>Class weights and the focal loss.</summary>
public sealed class ClassLossTests : NnTestBase
{
    private static readonly int[] Targets = [2, -1, 0, 3, 1, 1];
    private static readonly float[] RowWeights = [1f, 5f, 0.5f, 2f, 0f, 1.5f];
    private static readonly float[] ClassWeights = [1f, 0.25f, 3f, 2f];

    public static TheoryData<string> Backends => BackendDevices.Names;

    [Theory]
    [MemberData(nameof(Backends))]
    public void Losses_equal_their_definitions_and_gradients_equal_differences(string backend)
    {
        using Device device = BackendDevices.Create(backend);
        (Shape shape, float[] x) = ScaledLeaf(1, 2f, 6, 4);
        foreach (Reduction reduction in Enum.GetValues<Reduction>())
        {
            foreach (bool weighted in new[] { false, true })
            {
                foreach (float gamma in new[] { 0f, 0.5f, 1f, 2f })
                {
                    Check(device, new FocalLoss(gamma, reduction, weighted ? ClassWeights : default), shape, x, gamma, weighted);
                }

                Check(device, new SoftmaxCrossEntropy(0f, reduction, weighted ? ClassWeights : default), shape, x, 0, weighted);
            }
        }
    }

    [Fact]
    public void Certain_rows_give_zero_and_no_nan()
    {
        Tensor x = Device.Tensor([200f, 0f, -200f, 0f], new Shape(2, 2), requiresGrad: true);
        Tensor loss = new FocalLoss(2f, Reduction.Sum).Forward(x, Device.Tensor([0, 0], new Shape(2)));
        Assert.Equal(200f, loss.Item());
        loss.Backward();
        Assert.Equal([0f, 0f, -1f, 1f], x.Grad.ToArray());
    }

    [Fact]
    public void Balanced_weights_give_every_class_the_same_share()
    {
        Assert.Equal([0.5f, 1.5f, 0f], ClassBalance.Weights([90, 30, 0]).Select(w => MathF.Round(w * 0.75f, 3)));
        Assert.Equal([1f, 1f, 0f], ClassBalance.Weights([90, 30, 0], power: 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => ClassBalance.Weights([1], power: 2));
    }

    [Fact]
    public void Bad_weights_are_refused()
    {
        Assert.Throws<ArgumentException>(() => new FocalLoss(classWeights: [1f, -1f]));
        Assert.Throws<ArgumentException>(() => new SoftmaxCrossEntropy(classWeights: [float.NaN]));
        Assert.Throws<ArgumentOutOfRangeException>(() => new FocalLoss(-1f));
        Tensor x = Input(1, 6, 4), t = Device.Tensor(Targets, new Shape(6));
        Assert.Contains("3 classes", Assert.Throws<ArgumentException>(() => new FocalLoss(classWeights: [1f, 1f, 1f]).Forward(x, t)).Message, StringComparison.Ordinal);
        Assert.Contains("6 rows", Assert.Throws<ArgumentException>(() => new FocalLoss().Forward(x, t.Slice(0, 0, 5))).Message, StringComparison.Ordinal);
    }

    private static void Check(Device device, Loss loss, Shape shape, float[] x, double gamma, bool weighted)
    {
        Tensor Forward(Tensor logits) =>
            loss.Forward(logits, device.Tensor(Targets, new Shape(6)), weighted ? device.Tensor(RowWeights, new Shape(6)) : default);
        double sum = 0, count = 0;
        for (int r = 0; r < 6; r++)
        {
            if (Targets[r] < 0) { continue; }
            double p = Math.Exp(x[(4 * r) + Targets[r]]) / Enumerable.Range(0, 4).Sum(c => Math.Exp(x[(4 * r) + c]));
            double w = weighted ? RowWeights[r] * ClassWeights[Targets[r]] : 1;
            sum -= w * Math.Pow(1 - p, gamma) * Math.Log(p);
            count += w;
        }

        // Six rows of a dozen float terms each: 2e-5 is a hundred roundings.
        double expected = loss.Reduction == Reduction.Mean ? sum / count : sum;
        Assert.Equal(expected, Forward(device.Tensor(x, shape)).Item(), 2e-5);
        GradientCheck.Run(device, t => Forward(t[0]), (shape, x));
    }
}
