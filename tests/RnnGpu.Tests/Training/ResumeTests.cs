using RnnGpu.Nn;
using RnnGpu.Nn.Checkpoints;
using RnnGpu.Tests.Checkpoints;
using Xunit;

namespace RnnGpu.Tests.Training;

public sealed class ResumeTests
{
    private const int Steps = 23;

    [Fact]
    public void StoppedAtAnyStepAndResumedTheRunEndsInTheSameFiles() =>
        StopAndResume("adamw", [.. Enumerable.Range(1, Steps - 1)]);

    [Theory]
    [InlineData("sgd accumulated")]
    [InlineData("rmsprop plateau")]
    [InlineData("adam one-cycle")]
    [InlineData("adamw scaled")]
    public void SoItDoesWithOtherOptimisersSchedulesAndAccumulation(string setting) => StopAndResume(setting, [1, 3, 5, 9, 20]);

    [Fact]
    public void AFinishedRunTakenUpAgainChangesNothingAndWithMoreStepsGoesOn()
    {
        using var folder = new TempFolder();
        using (ToyRun run = New("adamw", folder.Path)) { run.Trainer.Run(); }
        SortedDictionary<string, string> before = TempFolder.Contents(folder.Path);
        using ToyRun again = New("adamw", folder.Path);
        Checkpoint checkpoint = CheckpointFolder.OpenNewest(folder.Path);
        again.Trainer.Restore(checkpoint);
        TrainingResult result = again.Trainer.Run();
        Assert.Equal((TrainingEnd.StepLimit, checkpoint.Path), (result.End, result.Checkpoint));
        Assert.Equal(before, TempFolder.Contents(folder.Path));
    }

    [Fact]
    public void TwoRunsWithOneSeedAndRunsOnOneOrTwoThreadsEndInTheSameFiles()
    {
        Assert.Equal(Files(3, 1), Files(3, 1));
        Assert.Equal(Files(3, 1), Files(3, 2));
        Assert.NotEqual(Files(3, 1)["model.safetensors"], Files(4, 1)["model.safetensors"]);

        static SortedDictionary<string, string> Files(ulong seed, int threads)
        {
            using var folder = new TempFolder();
            using var run = new ToyRun(new TrainerOptions { MaxSteps = 9, CheckpointDirectory = folder.Path }, seed, threads);
            run.Trainer.Run();
            return LastCheckpoint(folder.Path);
        }
    }

    [Fact]
    public void ACheckpointHoldsWhatItShould()
    {
        using var folder = new TempFolder();
        using (ToyRun run = New("rmsprop plateau", folder.Path)) { run.Trainer.Run(); }
        Checkpoint checkpoint = CheckpointFolder.OpenNewest(folder.Path);
        Assert.Equal(["model.safetensors", "optimizer.safetensors", "state.safetensors"], checkpoint.Manifest.Files.Select(static f => f.Name));
        Assert.Equal(["data", "history", "schedule", "training"], checkpoint.Manifest.Sections.Keys.Order(StringComparer.Ordinal));
        using SafeTensorsFile model = checkpoint.OpenTensors("model.safetensors"), optimizer = checkpoint.OpenTensors("optimizer.safetensors");
        Assert.Equal(["input.weight", "input.bias", "recurrent.weight", "output.weight", "output.bias"], model.Tensors.Select(static t => t.Name));
        Assert.Equal(model.Tensors.Select(static t => $"v.{t.Name}"), optimizer.Tensors.Select(static t => t.Name));
        CheckpointSection training = checkpoint.Manifest.Section("training");
        Assert.Equal((Steps, Steps / ToySource.BatchesPerEpoch), (training.Int64("step"), training.Int64("epoch")));
        Assert.Equal([4, 8, 12, 16, 20], checkpoint.Manifest.Section("history").Section("training").Int64s("steps"));
        Assert.Equal([5, 10, 15, 20, 23], checkpoint.Manifest.Section("history").Section("validation").Int64s("steps"));
    }

    private static void StopAndResume(string setting, int[] stops)
    {
        using var whole = new TempFolder();
        using (ToyRun run = New(setting, whole.Path)) { Assert.Equal(TrainingEnd.StepLimit, run.Trainer.Run().End); }
        SortedDictionary<string, string> expected = LastCheckpoint(whole.Path);
        Assert.Contains("model.safetensors", expected.Keys);
        foreach (int stop in stops)
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
            "adamw scaled" => new ToyRun(options with { LossScaling = new LossScaling { Initial = 7.3786976e19f, GrowthInterval = 4 } }),
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
