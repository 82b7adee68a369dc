using RnnGpu.Core;
using RnnGpu.Nn;
using RnnGpu.Nn.Checkpoints;
using RnnGpu.Tests.Checkpoints;
using Xunit;

namespace RnnGpu.Tests.Nn;

/// <summary>The decoder tied to the embedding, the adaptive softmax, and the logarithm of the softmax.</summary>
public sealed class SoftmaxVariantsTests : NnTestBase
{
    private static readonly int[] Targets = [0, 7, 2, -1, 5, 11, 3, 8];

    public static TheoryData<string> Backends => BackendDevices.Names;

    [Theory]
    [MemberData(nameof(Backends))]
    public void Gradients_equal_differences(string backend)
    {
        using Device device = BackendDevices.Create(backend);
        using var tied = new Tied(device);
        GradientCheck.Run(device, tied, _ => tied.Forward(device.Tensor([0, 3, 3, 1], new Shape(2, 2))));
        GradientCheck.Run(device, x => x[0].LogSoftmax() * x[1], Leaf(1, 2, 3, 5), Leaf(2, 2, 3, 5));

        // another consumer, so that the gradient is added and not assigned
        GradientCheck.Run(device, x => x[0].LogSoftmax() + x[0], Leaf(1, 3, 5));
        using var adaptive = new AdaptiveSoftmax(device, 6, 12, [4, 8], divisor: 2);
        GradientCheck.Run(device, adaptive, x => adaptive.Loss(x[0], Targets), Leaf(3, 4, 2, 6));
        GradientCheck.Run(device, adaptive, x => adaptive.LogProbabilities(x[0]), Leaf(3, 2, 2, 6));
    }

    [Fact]
    public void A_tied_weight_is_one_parameter_trained_once_and_saved_once()
    {
        using var model = new Tied(Device);
        Assert.Equal(["embedding.weight", "decoder.bias"], model.NamedParameters().Select(static p => p.Name));
        Assert.Equal((5 * 4) + 5, model.ParameterCount());
        using var folder = new TempFolder();
        string file = Path.Combine(folder.Path, "tied.safetensors");
        ModelFile.Save(file, model);
        using (SafeTensorsFile saved = SafeTensorsFile.Open(file)) { Assert.Equal(2, saved.Tensors.Count); }
        using var other = new Tied(Device);
        ModelFile.Load(file, other);
        Tensor ids = Device.Tensor([0, 3, 3, 1], new Shape(2, 2));
        Assert.Equal(model.Forward(ids).ToArray(), other.Forward(ids).ToArray());

        // One update by half a step of the summed gradients of both uses.
        float[] before = model.Embedding.Weight.ToArray();
        model.Forward(ids).Square().Sum().Backward();
        float[] gradient = model.Embedding.Weight.GradientToArray();
        using var sgd = new Sgd(model, 0.5f);
        sgd.Step();
        float[] after = model.Embedding.Weight.ToArray();
        for (int i = 0; i < before.Length; i++) { Assert.Equal(before[i] - (0.5f * gradient[i]), after[i], 1e-4f); }
    }

    [Fact]
    public void Log_probabilities_are_those_of_the_softmax_and_stay_finite_where_it_is_0()
    {
        Tensor x = Input(1, 3, 7);
        float[] p = x.Softmax().ToArray(), logs = x.LogSoftmax().ToArray();
        for (int i = 0; i < p.Length; i++) { Assert.Equal(Math.Log(p[i]), logs[i], 1e-5); }
        float[] far = Device.Tensor([0f, 300f, -300f], new Shape(3)).LogSoftmax().ToArray();
        Assert.Equal([-300f, 0f, -600f], far);
    }

    [Fact]
    public void The_adaptive_softmax_is_a_distribution_and_its_loss_the_mean_of_its_targets()
    {
        using var adaptive = new AdaptiveSoftmax(Device, 6, 12, [4, 8], divisor: 2);
        Assert.Equal(
            ["head.weight", "tail0.projection.weight", "tail0.output.weight", "tail1.projection.weight", "tail1.output.weight"],
            adaptive.NamedParameters().Select(static p => p.Name));
        Assert.Equal([new Shape(6, 6), new Shape(3, 6), new Shape(4, 3), new Shape(1, 6), new Shape(4, 1)], adaptive.Parameters().Select(static p => p.Shape));
        Tensor x = Input(3, 4, 2, 6);
        float[] logs = adaptive.LogProbabilities(x).ToArray();
        Assert.Equal(8 * 12, logs.Length);
        double sum = 0;
        for (int row = 0; row < 8; row++)
        {
            Assert.Equal(1.0, logs.AsSpan(row * 12, 12).ToArray().Sum(static l => Math.Exp(l)), 1e-5);
            if (Targets[row] >= 0) { sum -= logs[(row * 12) + Targets[row]]; }
        }

        Assert.Equal(sum / 7, adaptive.Loss(x, Targets).Item(), 1e-5);
        Assert.Equal(0f, adaptive.Loss(x, [-1, -1, -1, -1, -1, -1, -1, -1]).Item());
    }

    [Fact]
    public void A_cluster_without_targets_runs_on_nothing_and_gets_no_gradient()
    {
        using var adaptive = new AdaptiveSoftmax(Device, 6, 12, [4, 8], divisor: 2);
        adaptive.Loss(Input(3, 4, 2, 6), [0, 1, 2, 9, 3, 10, 8, 3]).Backward();
        Assert.Equal([true, false, false, true, true], adaptive.Parameters().Select(static p => p.HasGradient));
    }

    [Fact]
    public void The_adaptive_softmax_needs_no_logits_of_all_classes()
    {
        // Of 512 rows every fourth has a rare target: full logits would be 512 x 20,000 floats, 41 MB, and their gradient as much again.
        using var adaptive = new AdaptiveSoftmax(Device, 16, 20_000, [1000, 5000]);
        int[] targets = [.. Enumerable.Range(0, 512).Select(static i => i % 4 == 0 ? 6000 + i : i)];
        float[] values = GradientCheck.Values(new Shape(512, 16), 1);
        Device.ResetPeak();
        long before = Device.LeasedBytes;
        adaptive.Loss(Device.Tensor(values, new Shape(512, 16), requiresGrad: true), targets).Backward();
        Assert.InRange(Device.PeakBytes - before, 0, 30 << 20);
    }

    [Fact]
    public void Training_an_adaptive_softmax_allocates_nothing_after_the_first_steps()
    {
        using var adaptive = new AdaptiveSoftmax(Device, 6, 12, [4, 8], divisor: 2);
        float[] values = GradientCheck.Values(new Shape(8, 6), 1);
        void Step(int offset)
        {
            Span<int> targets = stackalloc int[8];
            for (int i = 0; i < 8; i++) { targets[i] = (i * 5 + offset) % 12; }
            adaptive.Loss(Device.Tensor(values, new Shape(8, 6), requiresGrad: true), targets).Backward();
            adaptive.ZeroGrad();
        }

        for (int i = 0; i < 12; i++) { Step(i); }
        long count = Device.AllocationCount, before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 60; i++)
        {
            Step(i);
            if (i == 30) { GC.Collect(); }
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(count, Device.AllocationCount);
    }

    [Fact]
    public void Bad_sizes_are_refused()
    {
        Assert.Throws<ArgumentException>(() => new AdaptiveSoftmax(Device, 4, 10, []));
        Assert.Throws<ArgumentException>(() => new AdaptiveSoftmax(Device, 4, 10, [5, 5]));
        Assert.Throws<ArgumentException>(() => new AdaptiveSoftmax(Device, 4, 10, [10]));
        using var adaptive = new AdaptiveSoftmax(Device, 4, 10, [5]);
        Assert.Contains("target 10 of row 1", Assert.Throws<ArgumentException>(() => adaptive.Loss(Input(1, 2, 4), [0, 10])).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => adaptive.Loss(Input(1, 2, 4), [0]));
        Assert.Throws<ArgumentException>(() => adaptive.LogProbabilities(Input(1, 2, 3)));
    }

    private sealed class Tied : Module
    {
        public Tied(Device device)
            : base(device)
        {
            Embedding = AddModule("embedding", new Embedding(device, 5, 4));
            Decoder = AddModule("decoder", new TiedDense(Embedding));
            Decoder.Bias!.Load([0.1f, -0.2f, 0.3f, -0.4f, 0.5f]);
        }

        public Embedding Embedding { get; }

        public TiedDense Decoder { get; }

        public override Tensor Forward(Tensor input) => Decoder.Forward(Embedding.Forward(input));
    }
}
