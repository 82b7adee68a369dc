using RnnGpu.Cpu;
using RnnGpu.Nn;
using Xunit;

namespace RnnGpu.Tests;

/// <summary>The README's programs, as they stand there: they must compile, run and learn.</summary>
public sealed class ReadmeExampleTests
{
    /// <summary>Whether symbol 3 came up at least three times in twelve: both programs learn it.</summary>
    [Fact]
    public void TheClassifierLearns()
    {
        (int[,] x, int[] y) = Count();

        using var device = new Device(CpuBackend.Create(), seed: 1);
        using var model = new Sequential(
            device,
            new Embedding(device, symbols: 4, size: 8),
            new Lstm(device, inputs: 8, hidden: 16, returnSequences: false),
            new Dense(device, inputs: 16, outputs: 2));
        using var adam = new Adam(model, learningRate: 0.01f);
        model.Compile(adam, new SoftmaxCrossEntropy(), new Accuracy());
        model.Fit(x, y, batchSize: 32, epochs: 20);
        Assert.Contains("Lstm", model.Summary(12), StringComparison.Ordinal);
        Evaluation result = model.Evaluate(x, y);
        Assert.True(result.Metrics[0] > 0.97, result.ToString());
    }

    /// <summary>The loop by hand, on one batch.</summary>
    [Fact]
    public void TheLoopByHandLearns()
    {
        (int[,] x, int[] y) = Count();
        int n = y.Length, steps = x.GetLength(1);
        var timeMajor = new int[n * steps];
        for (int i = 0; i < n; i++)
        {
            for (int t = 0; t < steps; t++) { timeMajor[(t * n) + i] = x[i, t]; }
        }

        using var device = new Device(CpuBackend.Create(), seed: 1);
        using var classifier = new Classifier(device);
        using var adam = new Adam(classifier, learningRate: 0.02f);
        float first = 0, last = 0;
        for (int step = 0; step < 60; step++)
        {
            Tensor ids = device.Tensor(timeMajor, new Core.Shape(steps, n));
            Tensor targets = device.Tensor(y, new Core.Shape(n));
            Tensor loss = new SoftmaxCrossEntropy().Forward(classifier.Forward(ids), targets);
            adam.ZeroGrad();
            loss.Backward();
            adam.Step();
            last = loss.Item();
            if (step == 0) { first = last; }
        }

        Assert.True(last < 0.3f * first, $"the loss fell from {first} to {last} only");
    }

    private static (int[,] X, int[] Y) Count()
    {
        const int samples = 512, steps = 12;
        var random = new Core.PhiloxStream(new Core.RandomKey(5, 0, 0));
        var x = new int[samples, steps];
        var y = new int[samples];
        for (int i = 0; i < samples; i++)
        {
            int threes = 0;
            for (int t = 0; t < steps; t++)
            {
                x[i, t] = random.NextInt(4);
                threes += x[i, t] == 3 ? 1 : 0;
            }

            y[i] = threes >= 3 ? 1 : 0;
        }

        return (x, y);
    }

    private sealed class Classifier : Module
    {
        private readonly Embedding _embedding;
        private readonly Lstm _lstm;
        private readonly Dense _output;

        public Classifier(Device device)
            : base(device)
        {
            _embedding = AddModule("embedding", new Embedding(device, symbols: 4, size: 8));
            _lstm = AddModule("lstm", new Lstm(device, inputs: 8, hidden: 16, returnSequences: false));
            _output = AddModule("output", new Dense(device, inputs: 16, outputs: 2));
        }

        public override Tensor Forward(Tensor input) => _output.Forward(_lstm.Forward(_embedding.Forward(input)));
    }
}
