using RnnGpu.Nn;
using RnnGpu.Nn.Checkpoints;
using RnnGpu.Tests.Checkpoints;
using Xunit;

namespace RnnGpu.Tests.Training;

public sealed class TrainerTests
{
    [Fact]
    public void LimitsEndARun()
    {
        using (var run = new ToyRun(new TrainerOptions { MaxSteps = 5 }))
        {
            TrainingResult result = run.Trainer.Run();
            Assert.Equal((TrainingEnd.StepLimit, 5, 0, (string?)null), (result.End, result.Figures.Step, result.Figures.Epoch, result.Checkpoint));
        }

        using (var run = new ToyRun(new TrainerOptions { MaxEpochs = 2 }))
        {
            TrainingResult result = run.Trainer.Run();
            Assert.Equal((TrainingEnd.EpochLimit, 2 * ToySource.BatchesPerEpoch, 2), (result.End, result.Figures.Step, result.Figures.Epoch));
        }

        using (var run = new ToyRun(new TrainerOptions { MaxDuration = TimeSpan.FromMilliseconds(50) }))
        {
            TrainingResult result = run.Trainer.Run();
            Assert.Equal(TrainingEnd.TimeLimit, result.End);
            Assert.True(result.Figures.Step > 0 && result.Figures.Elapsed.TotalMilliseconds >= 50);
        }
    }

    [Fact]
    public void AccumulatedUpdatesEndWithTheEpoch()
    {
        // Seven batches an epoch in groups of three: updates after 3, 6 and 7.
        using var run = new ToyRun(new TrainerOptions { MaxEpochs = 2, Accumulate = 3 });
        TrainingResult result = run.Trainer.Run();
        Assert.Equal((6, 6), (result.Figures.Step, run.Optimizer.Updates));
        Assert.Equal(14UL, run.Device.Step);
    }

    [Fact]
    public void CallbacksAreToldInOrder()
    {
        var log = new Log();
        using var folder = new TempFolder();
        using var run = new ToyRun(new TrainerOptions
        {
            MaxSteps = 8,
            ReportEvery = 4,
            Validate = static () => 1.5,
            ValidateEvery = 6,
            CheckpointDirectory = folder.Path,
            CheckpointEvery = 4,
            SaveBest = false,
            Callbacks = [log],
        });
        run.Trainer.Run();
        Assert.Equal(
            ["start 0", "step 4", "checkpoint 4 step-000000004", "validation 6", "epoch 7", "step 8", "validation 8",
                "checkpoint 8 step-000000008", "end 8 StepLimit"],
            log.Lines);
        Assert.All(log.Losses, static loss => Assert.InRange(loss, 1e-3, 10));
        Assert.True(log.Norms.TrueForAll(static norm => norm is > 0 and < 100));
    }

    [Fact]
    public void ReportedLossIsTheMeanSinceTheReportBefore()
    {
        var every = new Log();
        var fourth = new Log();
        using (var run = new ToyRun(new TrainerOptions { MaxSteps = 8, ReportEvery = 1, Callbacks = [every] })) { run.Trainer.Run(); }
        using (var run = new ToyRun(new TrainerOptions { MaxSteps = 8, ReportEvery = 4, HistoryEvery = 4, Callbacks = [fourth] }))
        {
            run.Trainer.Run();
            Assert.Equal(fourth.Losses, run.Trainer.History.Training.Select(static p => p.Loss));
        }

        Assert.Equal([every.Losses.Take(4).Average(), every.Losses.Skip(4).Average()], fourth.Losses);
    }

    [Fact]
    public void EarlyStoppingEndsARunAndTheBestCheckpointStays()
    {
        double[] losses = [5, 4, 3, 3.5, 2.95, 4, 2];
        int asked = 0;
        using var folder = new TempFolder();
        var options = new TrainerOptions
        {
            MaxSteps = 100,
            Validate = () => losses[asked++],
            ValidateEvery = 2,
            Patience = 3,
            MinDelta = 0.1,
            CheckpointDirectory = folder.Path,
            CheckpointEvery = 1,
            KeepCheckpoints = 2,
        };
        using var run = new ToyRun(options);
        TrainingResult result = run.Trainer.Run();
        Assert.Equal((TrainingEnd.EarlyStopping, 12, 6, 3.0), (result.End, result.Figures.Step, result.Figures.BestStep, result.Figures.BestValidationLoss));
        Assert.Equal(["step-000000006", "step-000000011", "step-000000012"], Names(folder));

        // Taken up again it is still over; with more patience it goes on.
        using var again = new ToyRun(options);
        again.Trainer.Restore(CheckpointFolder.OpenNewest(folder.Path));
        Assert.Equal((TrainingEnd.EarlyStopping, 12), (again.Trainer.Run().End, again.Trainer.Step));
        using var patient = new ToyRun(options with { Patience = 4, MaxSteps = 14 });
        patient.Trainer.Restore(CheckpointFolder.OpenNewest(folder.Path));
        result = patient.Trainer.Run();
        Assert.Equal((TrainingEnd.StepLimit, 14, 14, 2.0), (result.End, result.Figures.Step, result.Figures.BestStep, result.Figures.BestValidationLoss));
    }

    [Theory]
    [InlineData(float.NaN, "loss is not a number")]
    [InlineData(float.PositiveInfinity, "loss is infinite")]
    [InlineData(1e30f, "norm of the gradient is infinite")]
    public void ALossOrGradientOutOfBoundsNamesItsStepAndSpoilsNoCheckpoint(float factor, string expected)
    {
        using var folder = new TempFolder();
        using var run = new ToyRun(new TrainerOptions
        {
            MaxSteps = 30,
            ReportEvery = 5,
            CheckpointDirectory = folder.Path,
            CheckpointEvery = 6,
        });
        int call = 0;
        run.Trainable.Factor = () => ++call == 15 ? factor : 1f;
        NumericFailureException e = Assert.Throws<NumericFailureException>(() => run.Trainer.Run());
        Assert.Equal(15, e.Step);
        Assert.Contains("step 15: the ", e.Message, StringComparison.Ordinal);
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
        Assert.Contains("earlier checkpoints are whole", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
        Assert.Equal(["step-000000006", "step-000000012"], Names(folder));
        Assert.Equal(12, CheckpointFolder.OpenNewest(folder.Path).Step);
    }

    [Fact]
    public void AValidationLossThatIsNoNumberEndsTheRun()
    {
        using var run = new ToyRun(new TrainerOptions { MaxSteps = 9, Validate = static () => double.NaN, ValidateEvery = 3 });
        NumericFailureException e = Assert.Throws<NumericFailureException>(() => run.Trainer.Run());
        Assert.StartsWith("step 3: the validation loss is not a number", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ValidationRunsInEvaluationModeAndRecordsNothing()
    {
        ToyRun? run = null;
        bool? training = null, records = null;
        using (run = new ToyRun(new TrainerOptions
        {
            MaxSteps = 2,
            ValidateEvery = 1,
            Validate = () =>
            {
                training = run!.Model.Training;
                records = run.Device.GradEnabled;
                return 1;
            },
        }))
        {
            run.Trainer.Run();
            Assert.Equal((false, false, true), (training, records, run.Model.Training));
        }
    }

    [Fact]
    public void TheScheduleSetsTheRateOfEveryUpdate()
    {
        var log = new Log();
        using var run = new ToyRun(
            new TrainerOptions { MaxSteps = 4, ReportEvery = 1, Callbacks = [log], Schedule = new StepDecaySchedule(0.5, 2, 0.5) },
            optimizer: static m => new Sgd(m));
        run.Trainer.Run();
        Assert.Equal([0.5, 0.5, 0.25, 0.25], log.Rates);
    }

    [Fact]
    public void BadOptionsAreToldApart()
    {
        Assert.Contains("MaxSteps", Refused(new TrainerOptions { MaxSteps = -1 }), StringComparison.Ordinal);
        Assert.Contains("Accumulate", Refused(new TrainerOptions { Accumulate = 0 }), StringComparison.Ordinal);
        Assert.Contains("Validate", Refused(new TrainerOptions { Patience = 2 }), StringComparison.Ordinal);
        Assert.Contains("CheckpointDirectory", Refused(new TrainerOptions { CheckpointEvery = 2 }), StringComparison.Ordinal);
        Assert.Contains("KeepCheckpoints", Refused(new TrainerOptions { KeepCheckpoints = 0 }), StringComparison.Ordinal);

        static string Refused(TrainerOptions options) => Assert.ThrowsAny<ArgumentException>(() => new ToyRun(options)).Message;
    }

    [Fact]
    public void ALossWithManyElementsIsRefused()
    {
        using var run = new ToyRun(new TrainerOptions { MaxSteps = 1 });
        using var trainer = new Trainer<ToyBatch>(
            new Trainable<ToyBatch>(run.Model, _ => run.Model.Parameters()[0].Value.Square()), run.Optimizer, new ToySource(), new ToyBatch(),
            new TrainerOptions { MaxSteps = 1 });
        Assert.Contains("single number", Assert.Throws<ArgumentException>(() => trainer.Run()).Message, StringComparison.Ordinal);
    }

    private static string[] Names(TempFolder folder) => [.. Directory.GetFileSystemEntries(folder.Path).Select(static p => Path.GetFileName(p)).Order(StringComparer.Ordinal)];

    private sealed class Log : ITrainingCallback
    {
        public List<string> Lines { get; } = [];

        public List<double> Losses { get; } = [];

        public List<double> Norms { get; } = [];

        public List<double> Rates { get; } = [];

        public void OnStart(in TrainingFigures figures) => Lines.Add($"start {figures.Step}");

        public void OnStep(in TrainingFigures figures)
        {
            Lines.Add($"step {figures.Step}");
            Losses.Add(figures.Loss);
            Norms.Add(figures.GradientNorm);
            Rates.Add(figures.LearningRate);
        }

        public void OnEpoch(in TrainingFigures figures) => Lines.Add($"epoch {figures.Step}");

        public void OnValidation(in TrainingFigures figures) => Lines.Add($"validation {figures.Step}");

        public void OnCheckpoint(in TrainingFigures figures, string path) => Lines.Add($"checkpoint {figures.Step} {Path.GetFileName(path)}");

        public void OnEnd(in TrainingFigures figures, TrainingEnd end) => Lines.Add($"end {figures.Step} {end}");
    }
}
