using RnnGpu.Core;
using RnnGpu.Nn;
using Xunit;

namespace RnnGpu.Tests.Nn;

public sealed class SteadyStateTests : NnTestBase
{
    [Fact]
    public void TrainingAllocatesNothingAfterTheFirstSteps()
    {
        using var embedding = new Embedding(Device, 11, 8);
        using var norm = new LayerNorm(Device, 8);
        using var dropout = new Dropout(Device, 0.2f);
        using var hidden = new TimeDistributed(new Dense(Device, 8, 16, Activation.Tanh));
        using var output = new Dense(Device, 16, 11, Activation.LeakyRelu);
        using var model = new Chain(embedding, norm, dropout, hidden, output);
        var crossEntropy = new SoftmaxCrossEntropy(0.1f);
        var mse = new Mse();
        int[] tokens = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0, 1];
        var shape = new Shape(4, 3);
        var losses = new float[200];

        float Step()
        {
            Tensor x = Device.Tensor(tokens, shape);
            Tensor y = model.Forward(x);
            Tensor a = y.Slice(1, 0, 2), b = y.Slice(1, 1, 2);
            Tensor joined = Tensor.Concat(1, a, b).Permute(1, 0, 2).Reshape(new Shape(16, 11));
            Tensor extra = (joined[0] * 0.1f + joined.Mean(0) / 2f - joined.Softmax().Sum(0, keepAxis: true)).Square().Mean();
            Tensor product = a.Reshape(8, 11).MatMul(b.Reshape(8, 11), transposeOther: true).Tanh().Sum() * 0.01f;
            Tensor loss = crossEntropy.Forward(y, x) + extra + product + mse.Forward(a, b.Detach());
            loss.Backward();
            model.ZeroGrad();
            using (Device.NoGrad())
            {
                Tensor accuracy = y.ArgMax();
                return loss.Item() + accuracy.Length;
            }
        }

        for (int i = 0; i < 3; i++) { losses[i] = Step(); }
        long count = Device.AllocationCount, peak = Device.PeakBytes, leased = Device.LeasedBytes;
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 3; i < losses.Length; i++)
        {
            losses[i] = Step();
            CollectAt(i, every: 50);
        }

        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal(0, allocated);
        Assert.Equal(count, Device.AllocationCount);
        Assert.Equal(peak, Device.PeakBytes);
        Assert.Equal(leased, Device.LeasedBytes);
        Assert.All(losses, static loss => Assert.True(float.IsFinite(loss)));
    }

    [Theory]
    [InlineData(CellKind.Lstm, false)]
    [InlineData(CellKind.GruResetAfter, true)]
    public void RecurrentTrainingAllocatesNothingAfterTheFirstSteps(CellKind cell, bool bidirectional)
    {
        using var embedding = new Embedding(Device, 11, 6);
        using Recurrent layer = cell == CellKind.Lstm
            ? new Lstm(Device, 6, 9, 2, bidirectional, dropout: 0.2f)
            : new Gru(Device, 6, 9, 2, bidirectional, dropout: 0.2f);
        using var output = new Dense(Device, layer.Spec.OutputSize, 11);
        using RecurrentState state = layer.NewState(3);
        var loss = new SoftmaxCrossEntropy();
        int[] tokens = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0, 1], lengths = [4, 0, 2];
        var shape = new Shape(4, 3);

        void Step()
        {
            Tensor x = Device.Tensor(tokens, shape);
            RecurrentOutput y = layer.Run(embedding.Forward(x), state, Device.Tensor(lengths, new Shape(3)));
            (loss.Forward(output.Forward(y.Output), x) + y.Hidden.Mean()).Backward();
            IReadOnlyList<Parameter> parameters = layer.Parameters();
            for (int i = 0; i < parameters.Count; i++)
            {
                Device.Backend.AddScaled(-0.1f, parameters[i].Gradient, 1f, parameters[i].Overwrite());
            }

            layer.ZeroGrad();
        }

        for (int i = 0; i < 3; i++) { Step(); }
        long count = Device.AllocationCount, leased = Device.LeasedBytes;
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 50; i++)
        {
            Step();
            CollectAt(i, every: 20);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(count, Device.AllocationCount);
        Assert.Equal(leased, Device.LeasedBytes);
    }

    [Fact]
    public void StreamingAllocatesNothingAfterTheFirstCalls()
    {
        using var layer = new Lstm(Device, 4, 8, 2);
        using RecurrentState state = layer.NewState(1);
        float[] x = [1f, 2f, 3f, 4f], y = new float[8];

        void Step()
        {
            using NoGradScope scope = Device.NoGrad();
            layer.Step(Device.Tensor(x, new Shape(1, 4)), state).CopyTo(y.AsSpan());
        }

        Step();
        Step();
        long count = Device.AllocationCount, before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 200; i++)
        {
            Step();
            CollectAt(i, every: 50);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(count, Device.AllocationCount);
    }

    [Fact]
    public void InferenceAllocatesNothingAfterTheFirstCalls()
    {
        using var model = new Chain(new Embedding(Device, 11, 8), new Dense(Device, 8, 11, Activation.Softmax));
        int[] tokens = [1, 2, 3];
        var shape = new Shape(3);
        var result = new float[33];

        void Predict()
        {
            using NoGradScope scope = Device.NoGrad();
            model.Forward(Device.Tensor(tokens, shape)).CopyTo(result.AsSpan());
        }

        Predict();
        Predict();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
        {
            Predict();
            CollectAt(i, every: 40);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void SameSeedSameBitsOnOneOrTwoThreads()
    {
        float[] one = Train(1, 5), again = Train(1, 5), two = Train(2, 5), other = Train(1, 6);
        Assert.Equal(one, again);
        Assert.Equal(one, two);
        Assert.NotEqual(one, other);
    }

    /// <summary>A collection drops what the runtime caches of types: a hot path that asks for it (names, values of enums) would show.</summary>
    private static void CollectAt(int step, int every)
    {
        if (step % every == every / 2) { GC.Collect(); }
    }

    private static float[] Train(int threads, ulong seed)
    {
        using Device device = NewDevice(seed, threads);
        using var model = new Chain(
            new Embedding(device, 31, 24), new LayerNorm(device, 24), new Dropout(device, 0.1f), new Dense(device, 24, 64, Activation.Relu),
            new Dense(device, 64, 31));
        int[] tokens = [.. Enumerable.Range(0, 640).Select(static i => i * 7 % 31)];
        var loss = new SoftmaxCrossEntropy();
        for (int step = 0; step < 5; step++)
        {
            Tensor x = device.Tensor(tokens, new Shape(640));
            loss.Forward(model.Forward(x), x).Backward();
            foreach (Parameter parameter in model.Parameters())
            {
                device.Backend.AddScaled(-0.5f, parameter.Gradient, 1f, parameter.Overwrite());
            }

            model.ZeroGrad();
        }

        return [.. model.Parameters().SelectMany(static p => p.ToArray())];
    }
}
