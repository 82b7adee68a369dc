using System.Text.Json.Nodes;
using RnnGpu.Nn;
using RnnGpu.Nn.Checkpoints;
using RnnGpu.Tests.Checkpoints;
using Xunit;

namespace RnnGpu.Tests.Training;

public sealed class ScheduleTests
{
    // The golden values have 12 digits.
    private const double Tolerance = 1e-11;

    [Theory]
    [InlineData("step")]
    [InlineData("multi-step")]
    [InlineData("cosine")]
    [InlineData("one-cycle")]
    public void RatesAreThoseOfPyTorch(string name)
    {
        LearningRateSchedule schedule = name switch
        {
            "step" => new StepDecaySchedule(0.4, 3, 0.5),
            "multi-step" => new MultiStepSchedule(0.4, 0.1, 2, 5, 9),
            "cosine" => new CosineSchedule(0.4, 10, floor: 0.01),
            _ => new OneCycleSchedule(0.4, 20, startDivisor: 10, endDivisor: 100),
        };
        double[] golden = TrainingGolden.Schedule(name);
        for (int step = 0; step < golden.Length; step++) { Assert.Equal(golden[step], schedule.Rate(step), Tolerance); }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(8)]
    public void PlateauIsThatOfPyTorchAndComesBack(int resumeAt)
    {
        double[] golden = TrainingGolden.Schedule("plateau"), losses = TrainingGolden.Schedule("plateau losses");
        PlateauSchedule schedule = New();
        for (int i = 0; i < golden.Length; i++)
        {
            if (i == resumeAt) { schedule = Restored(schedule); }
            Assert.Equal(golden[i], schedule.Rate(i), Tolerance);
            schedule.Observe(losses[i]);
        }

        static PlateauSchedule New() => new(0.4, 0.5, patience: 1, threshold: 0.01, cooldown: 1, floor: 0.03);

        static PlateauSchedule Restored(PlateauSchedule schedule)
        {
            using var folder = new TempFolder();
            var state = new JsonObject();
            schedule.Save(state);
            string path = CheckpointFolder.Save(folder.Path, 0, writer => writer.Section("schedule", state));
            PlateauSchedule other = New();
            other.Restore(Checkpoint.Open(path).Manifest.Section("schedule"));
            return other;
        }
    }

    [Fact]
    public void WarmUpRisesInALineAndEndsAtThePeak()
    {
        var cosine = new CosineSchedule(1, 20, warmupSteps: 4, floor: 0.1);
        Assert.Equal([0.25, 0.5, 0.75, 1, 1], [cosine.Rate(0), cosine.Rate(1), cosine.Rate(2), cosine.Rate(3), cosine.Rate(4)]);
        Assert.Equal(0.55, cosine.Rate(12), 1e-15);
        Assert.Equal([0.1, 0.1], [cosine.Rate(20), cosine.Rate(1_000_000)]);
        var constant = new ConstantSchedule(0.5, warmupSteps: 2);
        Assert.Equal([0.25, 0.5, 0.5], [constant.Rate(0), constant.Rate(1), constant.Rate(2)]);
        Assert.Equal(0.5, new ConstantSchedule(0.5).Rate(0));
    }

    [Fact]
    public void AnEndedCycleStaysAtItsEnd()
    {
        var cycle = new OneCycleSchedule(1, 10, startDivisor: 2, endDivisor: 5);
        Assert.Equal(0.1, cycle.Rate(9), 1e-15);
        Assert.Equal(0.1, cycle.Rate(1000), 1e-15);
        var rise = new OneCycleSchedule(1, 10, rise: 1);
        Assert.Equal(1, rise.Rate(9), 1e-15);
        Assert.True(rise.Rate(0) < rise.Rate(5) && rise.Rate(5) < rise.Rate(8));
    }

    [Fact]
    public void BadSettingsAreToldApart()
    {
        Assert.Contains("rate", Refused(() => new ConstantSchedule(-1)), StringComparison.Ordinal);
        Assert.Contains("every", Refused(() => new StepDecaySchedule(1, 0)), StringComparison.Ordinal);
        Assert.Contains("factor", Refused(() => new StepDecaySchedule(1, 1, 1.5)), StringComparison.Ordinal);
        Assert.Contains("ascend", Refused(() => new MultiStepSchedule(1, 0.5, 3, 3)), StringComparison.Ordinal);
        Assert.Contains("leaves nothing", Refused(() => new CosineSchedule(1, 5, warmupSteps: 5)), StringComparison.Ordinal);
        Assert.Contains("above the highest", Refused(() => new CosineSchedule(1, 5, floor: 2)), StringComparison.Ordinal);
        Assert.Contains("totalSteps", Refused(() => new OneCycleSchedule(1, 1)), StringComparison.Ordinal);
        Assert.Contains("patience", Refused(() => new PlateauSchedule(1, patience: -1)), StringComparison.Ordinal);

        static string Refused(Func<object> make) => Assert.ThrowsAny<ArgumentException>(make).Message;
    }
}
