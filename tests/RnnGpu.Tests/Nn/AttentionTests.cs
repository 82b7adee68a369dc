using RnnGpu.Core;
using RnnGpu.Nn;
using Xunit;

namespace RnnGpu.Tests.Nn;

public sealed class AttentionTests : NnTestBase
{
    private static readonly int[] Lengths = [4, 0, 2];

    public static TheoryData<string> Backends => BackendDevices.Names;

    [Theory]
    [MemberData(nameof(Backends))]
    public void Gradients_equal_differences(string backend)
    {
        using Device device = BackendDevices.Create(backend);
        Tensor Rows() => device.Tensor(Lengths, new Shape(3));
        Tensor Mask() => device.Tensor([1f, 1f, 0f, 1f, 0f, 0f, 0f, 0f, 0f, 1f, 0f, 0f], new Shape(3, 4));
        GradientCheck.Run(device, x => x[0].MaskedSoftmax(Mask()), Leaf(1, 3, 4));
        using var additive = new AdditiveAttention(device, 5, 3);
        GradientCheck.Run(device, additive, x => additive.Attend(x[0], Rows()).Context, Leaf(1, 4, 3, 5));
        GradientCheck.Run(device, additive, x => additive.Attend(x[0]).Weights, Leaf(1, 4, 3, 5));
        using var queried = new AdditiveAttention(device, 5, 3, queryInputs: 2);
        GradientCheck.Run(device, queried, x => queried.Attend(x[0], Rows(), x[1]).Context, Leaf(1, 4, 3, 5), Leaf(2, 3, 2));
        using var dot = new DotAttention(device, 5);
        GradientCheck.Run(device, dot, x => dot.Attend(x[0], Rows()).Context, Leaf(1, 4, 3, 5));
        using var given = new DotAttention(device, 5, scaled: false, learnedQuery: false);
        GradientCheck.Run(device, x => given.Attend(x[0], Rows(), x[1]).Context, Leaf(1, 4, 3, 5), Leaf(2, 3, 5));
    }

    [Fact]
    public void Weights_are_those_of_the_definition()
    {
        (Shape shape, float[] x) = Leaf(1, 4, 3, 5);
        (Shape queryShape, float[] q) = Leaf(2, 3, 5);
        using var attention = new DotAttention(Device, 5, learnedQuery: false);
        AttentionOutput output = attention.Attend(Device.Tensor(x, shape), Device.Tensor(Lengths, new Shape(3)), Device.Tensor(q, queryShape));
        float[] weights = output.Weights.ToArray(), context = output.Context.ToArray();
        for (int b = 0; b < 3; b++)
        {
            double[] scores = [.. Enumerable.Range(0, Lengths[b]).Select(
                t => Math.Exp(Enumerable.Range(0, 5).Sum(f => (double)x[(((t * 3) + b) * 5) + f] * q[(b * 5) + f]) / Math.Sqrt(5)))];
            for (int t = 0; t < 4; t++) { Assert.Equal(t < Lengths[b] ? scores[t] / scores.Sum() : 0, weights[(b * 4) + t], 1e-6); }
            for (int f = 0; f < 5; f++)
            {
                double expected = Enumerable.Range(0, Lengths[b]).Sum(t => scores[t] / scores.Sum() * x[(((t * 3) + b) * 5) + f]);
                Assert.Equal(expected, context[(b * 5) + f], 1e-6);
            }
        }
    }

    [Fact]
    public void Masked_scores_do_not_count_however_large()
    {
        Tensor mask = Device.Tensor([1f, 0f, 1f, 0f, 0f, 0f], new Shape(2, 3));
        float[] y = Device.Tensor([1f, 3e4f, 1f, 5f, 6f, 7f], new Shape(2, 3)).MaskedSoftmax(mask).ToArray();
        Assert.Equal([0.5f, 0f, 0.5f, 0f, 0f, 0f], y);
    }

    [Fact]
    public void Queries_are_given_where_they_are_wanted_only()
    {
        using var pooling = new AdditiveAttention(Device, 5, 3);
        using var queried = new AdditiveAttention(Device, 5, 3, queryInputs: 2);
        Tensor x = Input(1, 4, 3, 5), q = Input(2, 3, 2);
        Assert.Contains("none can be given", Assert.Throws<ArgumentException>(() => pooling.Attend(x, query: q)).Message, StringComparison.Ordinal);
        Assert.Contains("must be given", Assert.Throws<ArgumentException>(() => queried.Attend(x)).Message, StringComparison.Ordinal);
        Assert.Contains("[3, 2]", Assert.Throws<ArgumentException>(() => queried.Attend(x, query: Input(3, 3, 4))).Message, StringComparison.Ordinal);
        Assert.Contains("[T, B, 5]", Assert.Throws<ArgumentException>(() => pooling.Attend(q)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Training_allocates_nothing_after_the_first_steps()
    {
        using var attention = new AdditiveAttention(Device, 5, 4);
        using var max = new TimePooling(Device, Pooling.Max);
        using var mean = new TimePooling(Device, Pooling.Mean);
        using var last = new TimePooling(Device, Pooling.Last);
        var focal = new FocalLoss(classWeights: [1f, 2f, 1f, 1f, 1f]);
        var crossEntropy = new SoftmaxCrossEntropy(classWeights: [1f, 2f, 1f, 1f, 1f]);
        float[] x = GradientCheck.Values(new Shape(4, 3, 5), 1);
        int[] targets = [0, 4, -1];

        void Step()
        {
            Tensor lengths = Device.Tensor(Lengths, new Shape(3)), values = Device.Tensor(x, new Shape(4, 3, 5), requiresGrad: true);
            Tensor y = attention.Attend(values, lengths).Context + max.Forward(values, lengths) + mean.Forward(values, lengths) + last.Forward(values, lengths);
            Tensor t = Device.Tensor(targets, new Shape(3));
            (focal.Forward(y, t) + crossEntropy.Forward(y, t)).Backward();
            attention.ZeroGrad();
        }

        for (int i = 0; i < 3; i++) { Step(); }
        long count = Device.AllocationCount, leased = Device.LeasedBytes, before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 60; i++)
        {
            Step();
            if (i % 20 == 10) { GC.Collect(); }
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(count, Device.AllocationCount);
        Assert.Equal(leased, Device.LeasedBytes);
    }
}
