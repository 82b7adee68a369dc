using RnnGpu.Core;
using RnnGpu.Nn;
using Xunit;

namespace RnnGpu.Tests.Nn;

public sealed class LayerTests : NnTestBase
{
    [Theory]
    [InlineData(Activation.None)]
    [InlineData(Activation.Sigmoid)]
    [InlineData(Activation.Tanh)]
    [InlineData(Activation.Relu)]
    [InlineData(Activation.LeakyRelu)]
    [InlineData(Activation.Softmax)]
    public void DenseGradients(Activation activation)
    {
        using var dense = new Dense(Device, 4, 3, activation);

        // Biases far from 0 keep ReLU's kink out of reach of the differences.
        dense.Bias!.Load([3f, -3f, 3.5f]);
        GradientCheck.Run(Device, dense, x => dense.Forward(x[0]), Leaf(1, 2, 2, 4));
        Assert.Equal(new Shape(2, 2, 3), dense.OutputShape(new Shape(2, 2, 4)));
    }

    [Fact]
    public void DenseWithStepPassesNoGradient()
    {
        using var dense = new Dense(Device, 4, 3, Activation.Step);
        Tensor x = Input(1, 5, 4), y = dense.Forward(x);
        Assert.All(y.ToArray(), static v => Assert.True(v is 0f or 1f));
        y.Sum().Backward();
        Assert.All(x.Grad.ToArray(), static g => Assert.Equal(0f, g));
    }

    [Fact]
    public void DenseWithoutBias()
    {
        using var dense = new Dense(Device, 4, 3, bias: false);
        Assert.Null(dense.Bias);
        Assert.Single(dense.Parameters());
        GradientCheck.Run(Device, dense, x => dense.Forward(x[0]), Leaf(1, 2, 4));
    }

    [Fact]
    public void EmbeddingAndNormAndTimeDistributed()
    {
        using var embedding = new Embedding(Device, 5, 6);
        using var norm = new LayerNorm(Device, 6, 0.1f);
        using var model = new Chain(embedding, norm, new TimeDistributed(new Dense(Device, 6, 2, Activation.Tanh)));
        int[] indices = [0, 3, 3, 4, -1, 1];
        var shape = new Shape(3, 2);
        GradientCheck.Run(Device, model, _ => model.Forward(Device.Tensor(indices, shape)));
        Assert.Equal(new Shape(3, 2, 2), model.OutputShape(shape));
        Assert.Equal(
            ["0.weight", "1.weight", "1.bias", "2.module.weight", "2.module.bias"],
            model.NamedParameters().Select(static p => p.Name));
    }

    [Fact]
    public void TimeDistributedTakesIntegersToo()
    {
        using var layer = new TimeDistributed(new Embedding(Device, 5, 2));
        Assert.Equal(new Shape(3, 2, 2), layer.Forward(Device.Tensor([0, 1, 2, 3, 4, 0], new Shape(3, 2))).Shape);
        Assert.Throws<ArgumentException>(() => layer.Forward(Device.Tensor([0], new Shape(1))));
    }

    [Fact]
    public void ActivationLayers()
    {
        foreach (Activation activation in Enum.GetValues<Activation>())
        {
            using var layer = new ActivationLayer(Device, activation);
            GradientCheck.Run(Device, x => layer.Forward(x[0] * 1f), Leaf(1, 3, 4));
        }
    }

    [Fact]
    public void DropoutKeepsTheMeanAndIsOffInEvaluation()
    {
        using var dropout = new Dropout(Device, 0.3f);
        Tensor x = Device.Ones(new Shape(100, 100));
        float[] y = dropout.Forward(x).ToArray();
        Assert.All(y, static v => Assert.True(v == 0f || Math.Abs(v - (1f / 0.7f)) < 1e-6f));

        // 10,000 draws: the standard deviation of the mean is sqrt(0.3/0.7)/100 = 0.0065; five of them.
        Assert.Equal(1.0, y.Average(), 0.033);
        dropout.Eval();
        Assert.Equal(x, dropout.Forward(x));
        dropout.Train();
        Assert.NotEqual(x, dropout.Forward(x));
    }

    [Fact]
    public void DropoutMasksDifferBetweenSitesUsesAndStepsAndRepeatWithTheSeed()
    {
        static List<float[]> Masks(ulong seed)
        {
            using Device device = NewDevice(seed);
            using var first = new Dropout(device, 0.5f);
            using var second = new Dropout(device, 0.5f);
            var masks = new List<float[]>();
            for (int step = 0; step < 2; step++)
            {
                Tensor x = device.Ones(new Shape(8, 8), requiresGrad: true);
                masks.AddRange([first.Forward(x).ToArray(), second.Forward(x).ToArray(), first.Forward(x).ToArray()]);
                x.Sum().Backward();
            }

            return masks;
        }

        List<float[]> masks = Masks(1), again = Masks(1), other = Masks(2);
        for (int i = 0; i < masks.Count; i++)
        {
            Assert.Equal(masks[i], again[i]);
            Assert.NotEqual(masks[i], other[i]);
            for (int j = 0; j < i; j++) { Assert.NotEqual(masks[i], masks[j]); }
        }
    }

    [Fact]
    public void BadSizesAreRefused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new Dense(Device, 0, 3));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Embedding(Device, 3, -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new LayerNorm(Device, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Dropout(Device, 1f));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Dropout(Device, float.NaN));
    }
}

/// <summary>Modules one after another, named by number.</summary>
internal sealed class Chain : Module
{
    private readonly Module[] _parts;

    public Chain(params Module[] parts)
        : base(parts[0].Device)
    {
        _parts = parts;
        for (int i = 0; i < parts.Length; i++) { AddModule($"{i}", parts[i]); }
    }

    public override Tensor Forward(Tensor input)
    {
        foreach (Module part in _parts) { input = part.Forward(input); }
        return input;
    }

    public override Shape OutputShape(Shape input)
    {
        foreach (Module part in _parts) { input = part.OutputShape(input); }
        return input;
    }
}
