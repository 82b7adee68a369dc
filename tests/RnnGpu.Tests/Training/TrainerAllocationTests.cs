using System.Text.Json.Nodes;
using RnnGpu.Nn;
using RnnGpu.Nn.Checkpoints;
using Xunit;

namespace RnnGpu.Tests.Training;

public sealed class TrainerAllocationTests
{
    [Theory]
    [InlineData(1, 0f)]
    [InlineData(3, 0f)]
    [InlineData(1, 7.3786976e19f)]
    [InlineData(3, 1024f)]
    public void StepsAllocateNothingNeitherOnTheHeapNorOnTheDevice(int accumulate, float lossScale)
    {
        var listener = new Listener();
        var options = new TrainerOptions
        {
            MaxSteps = 60,
            Accumulate = accumulate,
            ReportEvery = 1,
            HistoryEvery = 0,
            Clipping = new GradientClipping(0.5f, 0.1f),
            LossScaling = lossScale > 0f ? new LossScaling { Initial = lossScale, GrowthInterval = 9 } : null,
            Schedule = new CosineSchedule(1e-2, 60, 5),
            Callbacks = [listener],
        };
        using var run = new ToyRun(options);
        var probe = new Probe(new ToySource(), run.Device, from: 10 * accumulate);
        using var trainer = new Trainer<ToyBatch>(run.Trainable, run.Optimizer, probe, new ToyBatch(), options);
        trainer.Run();
        Assert.True(probe.Batches > 100 || accumulate == 1);
        Assert.Equal(60, listener.Reports);
        Assert.Equal(0, probe.HeapBytes);
        Assert.Equal(0, probe.DeviceBlocks);
    }

    /// <summary>Compares what was allocated when a first and the last batch are asked for.</summary>
    private sealed class Probe(ToySource source, Device device, int from) : IBatchSource<ToyBatch>
    {
        private long _heap, _blocks;

        public int Batches { get; private set; }

        public long HeapBytes { get; private set; }

        public long DeviceBlocks { get; private set; }

        public bool EpochEnded => source.EpochEnded;

        public void Next(ToyBatch batch)
        {
            Batches++;
            long heap = GC.GetAllocatedBytesForCurrentThread();
            if (Batches == from) { (_heap, _blocks) = (heap, device.AllocationCount); }

            // A collection drops what the runtime caches of types: a hot path that asks for it (names, values of enums) would show.
            if (Batches % 17 == 0) { GC.Collect(); }
            HeapBytes = heap - _heap;
            DeviceBlocks = device.AllocationCount - _blocks;
            source.Next(batch);
        }

        public void Save(JsonObject cursor) => source.Save(cursor);

        public void Restore(CheckpointSection cursor) => source.Restore(cursor);
    }

    private sealed class Listener : ITrainingCallback
    {
        public int Reports { get; private set; }

        public void OnStep(in TrainingFigures figures) => Reports++;
    }
}
