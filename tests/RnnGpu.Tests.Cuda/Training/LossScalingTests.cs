using System.Text.Json.Nodes;
using RnnGpu.Core;
using RnnGpu.Cuda;
using RnnGpu.Nn;
using RnnGpu.Nn.Checkpoints;
using RnnGpu.Nn.Data;
using RnnGpu.Tasks.CharLm;
using RnnGpu.Tasks.Language;
using Xunit;

namespace RnnGpu.Tests.Cuda.Training;

/// <summary>Loss scaling where it is for: products whose factors are rounded to fp16, which ends at 65504.</summary>
public sealed class LossScalingTests
{
    private const int Vocabulary = 7, Streams = 2, Steps = 5;

    /// <summary>
    /// Logits' gradients are at most 1 / 10 here, so a scale of 2^24 takes them past 65504: the first products of the backward pass overflow, until the scale has
    /// fallen below 2^20.
    /// </summary>
    [Fact]
    public void Gradients_that_overflow_halve_the_scale_and_training_goes_on_without_allocating()
    {
        const float TooLarge = 1 << 24;
        var watch = new Watch();
        using var emulator = new PrivateEmulator();
        using var device = new Device(CudaBackend.Create(emulator.Driver, 0, ComputeMode.Fp16), seed: 3);
        using var model = new CharModel(device, new CharModelConfig(CellKind.Lstm, Layers: 1, Hidden: 8, Embedding: 4, Dropout: 0), Vocabulary);
        using var task = new CharTask(model, Streams);
        using var optimizer = new AdamW(model, 0.02f);
        var source = new Source(new TokenStream([.. Enumerable.Range(0, 400).Select(static i => i * i % Vocabulary)], Streams, Steps, seed: 1));
        using var trainer = new Trainer<TokenBatch>(task, optimizer, source, new TokenBatch(Steps, Streams), new TrainerOptions
        {
            MaxSteps = 60,
            Clipping = GradientClipping.Norm(1),
            LossScaling = new LossScaling { Initial = TooLarge },
            ReportEvery = 1,
            HistoryEvery = 0,
            Callbacks = [watch],
        });
        TrainingFigures figures = trainer.Run().Figures;
        Assert.InRange(figures.SkippedSteps, 1, 20);
        Assert.Equal(TooLarge / Math.Pow(2, figures.SkippedSteps), figures.LossScale);
        Assert.Equal(60, optimizer.Updates + figures.SkippedSteps);
        for (int i = 0; i < figures.SkippedSteps; i++) { Assert.Equal(TooLarge / Math.Pow(2, i + 1), watch.Scales[i]); }
        Assert.True(watch.Losses[^1] < watch.Losses[0] - 0.3, $"the run learns nothing: {watch.Losses[0]} to {watch.Losses[^1]}");
        Assert.Equal(0, source.Allocated);
    }

    /// <summary>Notes what a run reports, in arrays made beforehand.</summary>
    private sealed class Watch : ITrainingCallback
    {
        private int _count;

        public double[] Scales { get; } = new double[60];

        public double[] Losses { get; } = new double[60];

        public void OnStep(in TrainingFigures figures)
        {
            (Scales[_count], Losses[_count]) = (figures.LossScale, figures.Loss);
            _count++;
        }
    }

    /// <summary>A stream that looks at the managed heap between the 31st and the last batch.</summary>
    private sealed class Source(TokenStream stream) : IBatchSource<TokenBatch>
    {
        private int _batches;
        private long _start;

        public long Allocated { get; private set; }

        public bool EpochEnded => stream.EpochEnded;

        public void Next(TokenBatch batch)
        {
            long heap = GC.GetAllocatedBytesForCurrentThread();
            if (++_batches == 31) { _start = heap; }
            Allocated = heap - _start;
            stream.Next(batch);
        }

        public void Save(JsonObject cursor) => stream.Save(cursor);

        public void Restore(CheckpointSection cursor) => stream.Restore(cursor);
    }
}
