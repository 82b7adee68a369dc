using System.Text.Json;
using System.Text.Json.Nodes;
using RnnGpu.Nn;
using RnnGpu.Nn.Checkpoints;
using Xunit;

namespace RnnGpu.Tests.Training;

/// <summary>
/// Loss scaling in fp32, where everything but the range is exact: sums of squares end at 3.4e38, so a scale of 2^66 is too large for the toy's gradients
/// and one of 2^50 is not.
/// </summary>
public sealed class LossScalingTests
{
    private const float TooLarge = 7.3786976e19f, Fitting = 1.1258999e15f;

    [Fact]
    public void A_scale_that_is_a_power_of_two_changes_no_bit()
    {
        TrainerOptions options = new() { MaxSteps = 20, Clipping = new GradientClipping(0.5f, 0.1f), Accumulate = 2 };
        using ToyRun plain = new(options), scaled = new(options with { LossScaling = new LossScaling { Initial = Fitting, GrowthInterval = 3 } });
        TrainingResult expected = plain.Trainer.Run(), result = scaled.Trainer.Run();
        Assert.Equal(plain.Weights, scaled.Weights);
        Assert.Equal((expected.Figures.Loss, 0), (result.Figures.Loss, result.Figures.SkippedSteps));
        Assert.Equal(expected.Figures.GradientNorm, result.Figures.GradientNorm, expected.Figures.GradientNorm * 1e-6);
        Assert.Equal((1, Fitting * 64.0), (expected.Figures.LossScale, result.Figures.LossScale));
    }

    [Fact]
    public void A_step_out_of_range_makes_no_update_halves_the_scale_and_the_run_goes_on()
    {
        using var run = new ToyRun(new TrainerOptions { LossScaling = new LossScaling { Initial = TooLarge } });
        float[] before = run.Weights;
        var scaler = new LossScaler(new LossScaling { Initial = TooLarge });
        var batch = new ToyBatch();
        new ToySource().Next(batch);
        bool updated = false;
        for (int skipped = 0; !updated; skipped++)
        {
            Assert.Equal((TooLarge / MathF.Pow(2, skipped), skipped), (scaler.Scale, scaler.Skipped));
            Assert.True(skipped < 20, "no scale was small enough");
            Assert.Equal(before, run.Weights);
            Assert.Equal(0, run.Optimizer.Updates);
            run.Optimizer.ZeroGrad();
            scaler.Backward(run.Trainable.Loss(batch));
            updated = scaler.Step(run.Optimizer, GradientClipping.Norm(1));
        }

        Assert.True(scaler.Skipped > 0, "the first scale was to be too large");
        Assert.NotEqual(before, run.Weights);
        Assert.All(run.Weights, static weight => Assert.True(float.IsFinite(weight)));
        Assert.Equal(1, run.Optimizer.Updates);
    }

    [Fact]
    public void A_run_counts_its_skipped_steps_and_reports_them()
    {
        var listener = new Listener();
        using var run = new ToyRun(new TrainerOptions { MaxSteps = 30, ReportEvery = 1, LossScaling = new LossScaling { Initial = TooLarge }, Callbacks = [listener] });
        TrainingFigures figures = run.Trainer.Run().Figures;
        Assert.Equal(30, figures.Step);
        Assert.InRange(figures.SkippedSteps, 1, 20);
        Assert.Equal(30, run.Optimizer.Updates + figures.SkippedSteps);
        Assert.Equal(TooLarge / Math.Pow(2, figures.SkippedSteps), figures.LossScale);
        Assert.True(double.IsFinite(figures.GradientNorm));
        Assert.Equal((1, double.NaN), (listener.FirstSkipped, listener.FirstNorm));
    }

    [Fact]
    public void The_scale_grows_after_so_many_good_steps_and_not_beyond_what_a_float_holds()
    {
        using var run = new ToyRun(new TrainerOptions { MaxSteps = 11, LossScaling = new LossScaling { Initial = 8, Growth = 4, GrowthInterval = 5 } });
        Assert.Equal(8 * 4 * 4, run.Trainer.Run().Figures.LossScale);
    }

    [Fact]
    public void Gradients_that_no_scale_brings_into_range_end_the_run()
    {
        using var run = new ToyRun(new TrainerOptions { MaxSteps = 30, LossScaling = new LossScaling { Initial = 4 } });
        run.Trainable.Factor = static () => 1e30f;
        var failure = Assert.Throws<NumericFailureException>(() => run.Trainer.Run());
        Assert.Equal(3, failure.Step);
        Assert.Contains("at a loss scale of 1", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_loss_that_is_not_finite_is_told_as_such()
    {
        using var run = new ToyRun(new TrainerOptions { MaxSteps = 30, LossScaling = new LossScaling { Initial = 4 } });
        run.Trainable.Factor = static () => float.NaN;
        Assert.Equal("the training loss", Assert.Throws<NumericFailureException>(() => run.Trainer.Run()).Figure);
    }

    [Theory]
    [InlineData(0.5f, 2f, 0.5f, 10)]
    [InlineData(float.NaN, 2f, 0.5f, 10)]
    [InlineData(float.PositiveInfinity, 2f, 0.5f, 10)]
    [InlineData(8f, 0.5f, 0.5f, 10)]
    [InlineData(8f, 2f, 1f, 10)]
    [InlineData(8f, 2f, 0f, 10)]
    [InlineData(8f, 2f, 0.5f, 0)]
    public void Rules_that_can_not_work_are_refused(float initial, float growth, float backoff, int interval)
    {
        var scaling = new LossScaling { Initial = initial, Growth = growth, Backoff = backoff, GrowthInterval = interval };
        Assert.Throws<ArgumentOutOfRangeException>(() => new LossScaler(scaling));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ToyRun(new TrainerOptions { LossScaling = scaling }));
    }

    [Fact]
    public void A_saved_scaler_goes_on_where_it_was_and_a_damaged_one_is_refused()
    {
        var section = new JsonObject();
        new LossScaler(new LossScaling { Initial = 512 }).Save(section);
        var again = new LossScaler();
        again.Restore(Section(section));
        Assert.Equal((512f, 0L), (again.Scale, again.Skipped));
        foreach ((string field, JsonNode bad) in ((string, JsonNode)[])[("loss_scale", 0.25), ("loss_scale", "NaN"), ("loss_scale_good_steps", -1), ("loss_scale_skipped_steps", -1)])
        {
            JsonObject damaged = section.DeepClone().AsObject();
            damaged[field] = bad.DeepClone();
            Assert.Contains(field, Assert.Throws<CheckpointException>(() => again.Restore(Section(damaged))).Message, StringComparison.Ordinal);
            Assert.Equal(512f, again.Scale);
        }

        static CheckpointSection Section(JsonObject json) => new(JsonSerializer.SerializeToElement(json), "training");
    }

    private sealed class Listener : ITrainingCallback
    {
        public long FirstSkipped { get; private set; } = -1;

        public double FirstNorm { get; private set; }

        public void OnStep(in TrainingFigures figures)
        {
            if (FirstSkipped < 0) { (FirstSkipped, FirstNorm) = (figures.SkippedSteps, figures.GradientNorm); }
        }
    }
}
