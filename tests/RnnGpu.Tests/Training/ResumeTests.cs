using RnnGpu.Nn;
using RnnGpu.Nn.Checkpoints;
using RnnGpu.Tests.Checkpoints;
using Xunit;

namespace RnnGpu.Tests.Training;

public sealed class ResumeTests
{
    private const int Steps = 23;

    public static TheoryData<string> Settings => ["adamw", "sgd accumulated", "rmsprop plateau", "adam one-cycle"];

    [Theory]
    [MemberData(nameof(Settings))]
    public void StoppedAtAnyStepAndResumedTheRunEndsInTheSameFiles(string setting)
    {
        using var whole = new TempFolder();
        using (ToyRun run = New(setting, whole.Path)) { Assert.Equal(TrainingEnd.StepLimit, run.Trainer.Run().End); }
        SortedDictionary<string, string> expected = LastCheckpoint(whole.Path);
        Assert.Contains("model.safetensors", expected.Keys);
        for (int stop = 1; stop < Steps; stop++)
        {
            using var folder = new TempFolder();
            using (var stopper = new Stopper(stop))
            {
                using ToyRun first = New(setting, folder.Path, stopper);
                TrainingResult result = first.Trainer.Run(stopper.Token);
                Assert.Equal((TrainingEnd.Interrupted, stop), (result.End, result.Figures.Step));
            }

            using ToyRun second = New(setting, folder.Path);
            second.Trainer.Restore(CheckpointFolder.OpenNewest(folder.Path));
            Assert.Equal(stop, second.Trainer.Step);
            second.Trainer.Run();
            Assert.Equal(expected, LastCheckpoint(folder.Path));
        }
    }

    private static SortedDictionary<string, string> LastCheckpoint(string run) => TempFolder.Contents(CheckpointFolder.OpenNewest(run).Path);

    private static ToyRun New(string setting, string folder, ITrainingCallback? callback = null)
    {
        ToyRun? run = null;
        var options = new TrainerOptions
        {
            MaxSteps = Steps,
            // Not part of what a run computes: the one to be stopped reads its figures at every step, the others do not.
            ReportEvery = callback is null ? 7 : 1,
            HistoryEvery = 4,
            Clipping = GradientClipping.Norm(0.5f),
            Validate = () => run!.Validate(),
            ValidateEvery = 5,
            CheckpointDirectory = folder,
            CheckpointEvery = 6,
            Callbacks = callback is null ? [] : [callback],
        };
        return run = setting switch
        {
            "adamw" => new ToyRun(options),
            "sgd accumulated" => new ToyRun(
                options with { Accumulate = 3, ValidateEachEpoch = true }, optimizer: static m => new Sgd(m, 0.05f, 0.9f, nesterov: true)),
            "rmsprop plateau" => new ToyRun(
                options with { Schedule = new PlateauSchedule(1e-2, 0.5, patience: 0) }, optimizer: static m => new RmsProp(m)),
            _ => new ToyRun(options with { Schedule = new OneCycleSchedule(2e-2, Steps) }, optimizer: static m => new Adam(m)),
        };
    }

    /// <summary>Cancels during a given step.</summary>
    private sealed class Stopper(long step) : ITrainingCallback, IDisposable
    {
        private readonly CancellationTokenSource _source = new();

        public CancellationToken Token => _source.Token;

        public void OnStep(in TrainingFigures figures)
        {
            if (figures.Step == step) { _source.Cancel(); }
        }

        public void Dispose() => _source.Dispose();
    }
}
