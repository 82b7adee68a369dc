using RnnGpu.Core;
using RnnGpu.Nn;
using RnnGpu.Nn.Checkpoints;
using RnnGpu.Tests.Checkpoints;
using RnnGpu.Tests.Nn;
using Xunit;

namespace RnnGpu.Tests.SequentialModels;

public sealed class SequentialTests : NnTestBase
{
    [Fact]
    public void SamplesComeFromArraysOfCSharp()
    {
        Samples cube = new float[,,] { { { 1, 2 }, { 3, 4 }, { 5, 6 } } };
        Assert.Equal((new Shape(1, 3, 2), DType.F32), (cube.Shape, cube.DType));
        Assert.Equal([1f, 2, 3, 4, 5, 6], cube.Floats);
        Assert.Equal(new float[,,] { { { 1, 2 }, { 3, 4 }, { 5, 6 } } }, cube.ToCube());
        Samples table = new int[,] { { 1, 2, 3 }, { 4, 5, 6 } };
        Assert.Equal((new Shape(2, 3), DType.I32), (table.Shape, table.DType));
        Assert.Equal([4, 5, 6], table.Slice(1, 1).Ints);
        Assert.Contains("integers", Assert.Throws<InvalidOperationException>(() => table.Floats).Message, StringComparison.Ordinal);
        Assert.Contains("need 4 values, not 3", Assert.Throws<ArgumentException>(() => new Samples(new float[3], new Shape(2, 2))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void PredictionsAreSamplesFirstWhateverTheBatch()
    {
        using var sequences = new Sequential(Device, new Lstm(Device, 2, 5, bidirectional: true), new TimeDistributed(new Dense(Device, 10, 3)));
        using var last = new Sequential(Device, new Embedding(Device, 7, 4), new Gru(Device, 4, 5, returnSequences: false));
        (Shape shape, float[] values) = Leaf(1, 7, 4, 2);
        var x = new Samples(values, shape);
        var tokens = new Samples([.. Enumerable.Range(0, 7 * 4).Select(static i => i * 5 % 7)], new Shape(7, 4));
        Samples all = sequences.Predict(x, 7), three = sequences.Predict(x, 3), states = last.Predict(tokens, 2);
        Assert.Equal(new Shape(7, 4, 3), all.Shape);
        Assert.Equal(all.Floats, three.Floats);
        Assert.Equal(new Shape(7, 5), states.Shape);
        Assert.Equal(states.Floats, last.Predict(tokens, 100).Floats);
        for (int n = 0; n < 7; n++)
        {
            Assert.Equal(all.Slice(n, 1).Floats, sequences.Predict(x.Slice(n, 1)).Floats);
            Assert.Equal(states.Slice(n, 1).Floats, last.Predict(tokens.Slice(n, 1)).Floats);
        }
    }

    [Fact]
    public void EvaluationIsOverAllSamplesWhateverTheBatch()
    {
        using var model = new Sequential(Device, new Embedding(Device, 7, 4), new Elman(Device, 4, 5), new Dropout(Device, 0.5f), new Dense(Device, 5, 6));
        using var optimizer = new Sgd(model);
        model.Compile(optimizer, new SoftmaxCrossEntropy(), new Accuracy(), new Perplexity());
        var x = new Samples([.. Enumerable.Range(0, 5 * 4).Select(static i => i * 3 % 7)], new Shape(5, 4));

        // A third of the targets is masked, unevenly over the batches.
        var y = new Samples([.. Enumerable.Range(0, 5 * 4).Select(static i => i * i % 13 < 5 ? -1 : i % 6)], new Shape(5, 4));
        Evaluation whole = model.Evaluate(x, y, 5), parts = model.Evaluate(x, y, 2);
        Assert.Equal(whole.Loss, parts.Loss, 1e-6);
        Assert.Equal(whole.Metrics[0], parts.Metrics[0]);
        Assert.Equal(whole.Metrics[1], parts.Metrics[1], 1e-5);
        Assert.Equal(Math.Exp(whole.Loss), whole.Metrics[1], 1e-5);
        int hits = 0, count = 0;
        float[] scores = model.Predict(x).Floats;
        for (int i = 0; i < y.Ints.Length; i++)
        {
            if (y.Ints[i] < 0) { continue; }
            count++;
            float[] row = scores[(6 * i)..((6 * i) + 6)];
            if (Array.IndexOf(row, row.Max()) == y.Ints[i]) { hits++; }
        }

        Assert.Equal((double)hits / count, whole.Metrics[0]);
    }

    [Fact]
    public void AccumulatedBatchesTrainAsOneBigBatch()
    {
        float[] big = Train(8, 1), small = Train(2, 4);

        // Sums of eight terms in another order, over nine updates of order 0.1.
        for (int i = 0; i < big.Length; i++) { Assert.Equal(big[i], small[i], 2e-6); }

        static float[] Train(int batch, int accumulate)
        {
            using Device device = NewDevice();
            using Sequential model = Forecaster(device);
            using var optimizer = new Sgd(model, 0.1f, 0.9f);
            model.Compile(optimizer, new Mse());
            (Samples x, Samples y) = Waves(24);
            model.Fit(x, y, batch, epochs: 3, options: new TrainerOptions { Accumulate = accumulate, Clipping = GradientClipping.Norm(0.3f) });
            return [.. model.Parameters().SelectMany(static p => p.ToArray())];
        }
    }

    [Fact]
    public void TheLastBatchMayBeSmallerAndTheEpochsLossIsTheMeanOverSamples()
    {
        // With a learning rate of 0 the epoch's loss is that of an evaluation.
        using Sequential model = Forecaster(Device);
        using var optimizer = new Sgd(model, 0f);
        model.Compile(optimizer, new Mse(), new MeanAbsoluteError());
        (Samples x, Samples y) = Waves(23);
        FitHistory history = model.Fit(x, y, batchSize: 5, epochs: 2);
        Evaluation evaluation = model.Evaluate(x, y, 23);
        Assert.Equal(2 * 5, optimizer.Updates);
        Assert.All(history["loss"], loss => Assert.Equal(evaluation.Loss, loss, 1e-6));
        Assert.All(history["mae"], mae => Assert.Equal(evaluation.Metrics[0], mae, 1e-6));
    }

    [Fact]
    public void TheOrderOfSamplesDependsOnItsSeedAlone()
    {
        float[] one = Train(1, 1), again = Train(1, 2), other = Train(2, 1), unshuffled = Train(null, 1);
        Assert.Equal(one, again);
        Assert.NotEqual(one, other);
        Assert.NotEqual(one, unshuffled);

        static float[] Train(ulong? seed, int threads)
        {
            using Device device = NewDevice(threads: threads);
            using Sequential model = Forecaster(device);
            using var optimizer = new Adam(model);
            model.Compile(optimizer, new Mse());
            (Samples x, Samples y) = Waves(20);
            model.Fit(x, y, batchSize: 6, epochs: 3, shuffleSeed: seed);
            return [.. model.Parameters().SelectMany(static p => p.ToArray())];
        }
    }

    [Fact]
    public void EverySampleComesOnceAnEpochInAnotherOrder()
    {
        var x = new Samples([.. Enumerable.Range(0, 10)], new Shape(10));
        var buffer = new SampleBuffer(x, sequences: false, 4);
        var batch = new SampleBatch(buffer, buffer);
        var source = new SampleSource(10, 4, 5);
        var epochs = new List<int[]>();
        for (int epoch = 0; epoch < 3; epoch++)
        {
            var seen = new List<int>();
            do
            {
                source.Next(batch);
                using NoGradScope scope = Device.NoGrad();
                seen.AddRange(batch.Inputs(Device).ToIntArray());
            }
            while (!source.EpochEnded);

            Assert.Equal(Enumerable.Range(0, 10), seen.Order());
            epochs.Add([.. seen]);
        }

        Assert.NotEqual(epochs[0], epochs[1]);
        Assert.NotEqual(epochs[1], epochs[2]);
    }

    [Fact]
    public void TheBestWeightsComeBackAndPatienceEndsTraining()
    {
        using Sequential model = Forecaster(Device);
        using var optimizer = new Sgd(model, 0.4f, 0.95f);
        model.Compile(optimizer, new Mse());
        (Samples x, Samples y) = Waves(24);
        FitHistory history = model.Fit(x, y, batchSize: 6, epochs: 60, validationSplit: 0.25, patience: 4, restoreBest: true);
        double[] losses = history["val_loss"];
        int best = Array.IndexOf(losses, losses.Min());
        Assert.Equal(TrainingEnd.EarlyStopping, history.End);
        Assert.Equal(best + 1 + 4, losses.Length);
        Assert.Equal(losses[best], model.Evaluate(x.Slice(18, 6), y.Slice(18, 6), 6).Loss, 1e-12);
    }

    [Fact]
    public void TrainingStopsWhenToldTo()
    {
        using Sequential model = Forecaster(Device);
        using var optimizer = new Sgd(model);
        model.Compile(optimizer, new Mse());
        (Samples x, Samples y) = Waves(24);
        using var source = new CancellationTokenSource();
        source.Cancel();
        Assert.Equal(TrainingEnd.Interrupted, model.Fit(x, y, cancellation: source.Token).End);
        Assert.Equal(0, optimizer.Updates);
    }

    [Fact]
    public void SummaryIsATable()
    {
        using var model = new Sequential(
            Device, new Embedding(Device, 50, 16), new Bidirectional(new Lstm(Device, 16, 32, bidirectional: true)),
            new TimeDistributed(new Dense(Device, 64, 50)));
        const string Expected = """
            Layer                       Output shape  Parameters
            ----------------------------------------------------
            0 (Embedding)               [N, 20, 16]          800
            1 (Bidirectional(Lstm))     [N, 20, 64]       12,800
            2 (TimeDistributed(Dense))  [N, 20, 50]        3,250
            Total parameters: 16,850

            """;
        Assert.Equal(Expected.Replace("\r", "", StringComparison.Ordinal), model.Summary(20));
        Assert.Contains("0 (Embedding)               ?                    800", model.Summary(), StringComparison.Ordinal);
    }

    [Fact]
    public void WeightsAreSavedAndLoadedWhole()
    {
        using var folder = new TempFolder();
        (Samples x, _) = Waves(5);
        using Sequential model = Forecaster(Device);
        model.Save(folder["model.safetensors"]);
        using Device device = NewDevice(seed: 8);
        using Sequential other = Forecaster(device);
        Assert.NotEqual(model.Predict(x).Floats, other.Predict(x).Floats);
        other.Load(folder["model.safetensors"]);
        Assert.Equal(model.Predict(x).Floats, other.Predict(x).Floats);
        Assert.Equal(["model.safetensors"], TempFolder.Contents(folder.Path).Keys);
        using (var file = SafeTensorsFile.Open(folder["model.safetensors"])) { Assert.Equal("0.weight_ih_l0", file.Tensors[0].Name); }

        using var wider = new Sequential(device, new Elman(device, 1, 7, returnSequences: false), new Dense(device, 7, 1));
        Assert.Contains(
            "tensor '0.weight_ih_l0': its shape is [6, 1], the model wants [7, 1]",
            Assert.Throws<CheckpointException>(() => wider.Load(folder["model.safetensors"])).Message, StringComparison.Ordinal);
        Assert.Contains("cannot be opened", Assert.Throws<CheckpointException>(() => other.Load(folder["none"])).Message, StringComparison.Ordinal);
        Assert.Contains(
            "could not be saved", Assert.Throws<CheckpointException>(() => other.Save(folder["none/model.safetensors"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatDoesNotFitIsToldWithTheLayersName()
    {
        using var model = new Sequential(Device, new Lstm(Device, 3, 4), new Dense(Device, 5, 2));
        using var optimizer = new Sgd(model);
        var x = new Samples(new float[2 * 6 * 3], new Shape(2, 6, 3));
        var y = new Samples(new int[12], new Shape(2, 6));
        Assert.Contains("Compile", Assert.Throws<InvalidOperationException>(() => model.Fit(x, y)).Message, StringComparison.Ordinal);
        model.Compile(optimizer, new SoftmaxCrossEntropy());
        Assert.Contains("layer 1 (Dense) cannot take [6, 2, 4]", Refused(() => model.Fit(x, y)), StringComparison.Ordinal);
        Assert.Contains("layer 1 (Dense)", Refused(() => model.Predict(x)), StringComparison.Ordinal);
        Assert.Contains("layer 0 (Lstm) cannot take", Refused(() => model.Summary(6, 4)), StringComparison.Ordinal);
        Assert.Contains("layer 0 (Lstm) cannot take", Refused(() => model.Predict(new float[3, 5])), StringComparison.Ordinal);

        using var good = new Sequential(Device, new Lstm(Device, 3, 4), new Dense(Device, 4, 2));
        using var sgd = new Sgd(good);
        good.Compile(sgd, new SoftmaxCrossEntropy());
        Assert.Contains("no time axis", Refused(() => good.Fit(x, new int[2])), StringComparison.Ordinal);
        Assert.Contains("2 inputs", Refused(() => good.Fit(x, new int[3, 6])), StringComparison.Ordinal);
        Assert.Contains("targets are integers [5, 2]", Refused(() => good.Fit(x, new int[2, 5])), StringComparison.Ordinal);
        Assert.Contains("targets are floats [6, 2, 3]", Refused(() => good.Fit(x, new float[2, 6, 3])), StringComparison.Ordinal);
        Assert.Contains("no samples", Refused(() => good.Fit(new float[0, 6, 3], new int[0, 6])), StringComparison.Ordinal);
        Assert.Contains("validation", Refused(() => good.Fit(x, y, validationSplit: 0.1)), StringComparison.Ordinal);
        Assert.Contains("validation", Refused(() => good.Fit(x, y, restoreBest: true)), StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => good.Add(new Dense(Device, 2, 2)));

        static string Refused(Action action) => Assert.ThrowsAny<ArgumentException>(action).Message;
    }

    [Fact]
    public void AnEpochAfterTheFirstAllocatesNothing()
    {
        using Sequential model = Forecaster(Device);
        using var optimizer = new Adam(model);
        model.Compile(optimizer, new Mse(), new MeanAbsoluteError());
        (Samples x, Samples y) = Waves(23);
        var probe = new Probe();
        model.Fit(x, y, batchSize: 5, epochs: 12, callbacks: [probe], options: new TrainerOptions { ReportEvery = 1, HistoryEvery = 0 });
        Assert.Equal(60, probe.Steps);
        Assert.Equal(0, probe.Bytes);
    }

    private static Sequential Forecaster(Device device) =>
        new(device, new Elman(device, 1, 6, returnSequences: false), new Dense(device, 6, 1));

    private static (Samples X, Samples Y) Waves(int count)
    {
        var x = new float[count, 8, 1];
        var y = new float[count];
        for (int n = 0; n < count; n++)
        {
            for (int t = 0; t < 8; t++) { x[n, t, 0] = (float)Math.Sin(0.5 * ((n * 1.3) + t)); }
            y[n] = (float)Math.Sin(0.5 * ((n * 1.3) + 8));
        }

        return (x, y);
    }

    /// <summary>Sums what the steps of an epoch allocate, from its first report to its last, in the last epochs.</summary>
    private sealed class Probe : ITrainingCallback
    {
        private long _before;

        public int Steps { get; private set; }

        public long Bytes { get; private set; }

        public void OnStep(in TrainingFigures figures)
        {
            Steps++;
            long now = GC.GetAllocatedBytesForCurrentThread();
            if (figures.Epoch > 3 && figures.Step % 5 != 1) { Bytes += now - _before; }
            if (figures.Step % 5 == 2) { GC.Collect(); }
            _before = GC.GetAllocatedBytesForCurrentThread();
        }
    }
}
