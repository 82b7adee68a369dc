using RnnGpu.Core;
using RnnGpu.Nn;
using RnnGpu.Tests.Nn;
using Xunit;

namespace RnnGpu.Tests.Training;

/// <summary>Freezing, rates by depth, gradual unfreezing, the slanted triangle, and the learning-rate finder.</summary>
public sealed class FineTuningTests : NnTestBase
{
    [Fact]
    public void Parts_below_learn_more_slowly_and_every_parameter_once()
    {
        using var model = new Stack(Device);
        ParameterGroup[] groups = ParameterGroup.Discriminative(model, [model.Embedding, model.Middle, model.Decoder], factor: 2f);
        Assert.Equal([0.25f, 0.5f, 1f], groups.Select(static g => g.LearningRateScale));
        Assert.Equal(["embedding.weight", "middle.weight", "middle.bias", "decoder.bias"], groups.SelectMany(static g => g.Parameters).Select(static p => p.Name));
        Assert.Contains("middle.weight", Assert.Throws<ArgumentException>(() => ParameterGroup.Discriminative(model, [model.Embedding, model.Decoder])).Message, StringComparison.Ordinal);
        using var sgd = new Sgd(groups, 1f);
        float[] embedding = model.Embedding.Weight.ToArray(), middle = model.Middle.Weight.ToArray();
        model.Loss().Backward();
        float[] dEmbedding = model.Embedding.Weight.GradientToArray(), dMiddle = model.Middle.Weight.GradientToArray();
        sgd.Step();
        float[] embedded = model.Embedding.Weight.ToArray(), mixed = model.Middle.Weight.ToArray();
        for (int i = 0; i < embedding.Length; i++) { Assert.Equal(embedding[i] - (0.25f * dEmbedding[i]), embedded[i], 1e-5f); }
        for (int i = 0; i < middle.Length; i++) { Assert.Equal(middle[i] - (0.5f * dMiddle[i]), mixed[i], 1e-5f); }
    }

    [Fact]
    public void A_frozen_part_keeps_weights_and_optimiser_state()
    {
        using var model = new Stack(Device);
        using var adam = new Adam(model, 0.1f);
        model.Middle.Freeze();
        float[] frozen = model.Middle.Weight.ToArray(), other = model.Embedding.Weight.ToArray();
        model.Loss().Backward();
        adam.Step();
        Assert.Equal(frozen, model.Middle.Weight.ToArray());
        Assert.NotEqual(other, model.Embedding.Weight.ToArray());
        Assert.All(adam.State().Where(static t => t.Name.Contains("middle", StringComparison.Ordinal)), static t => Assert.All(t.Tensor.ToArray(), static v => Assert.Equal(0f, v)));
        model.Middle.Unfreeze();
        model.ZeroGrad();
        model.Loss().Backward();
        adam.Step();
        Assert.NotEqual(frozen, model.Middle.Weight.ToArray());
    }

    [Fact]
    public void Parts_thaw_from_the_last_one_by_one_and_a_resumed_run_has_the_same()
    {
        using var model = new Stack(Device);
        Module[] parts = [model.Embedding, model.Middle, model.Tail];
        var unfreezing = new GradualUnfreezing(parts, epochsEach: 2);
        string[] expected = ["001", "001", "011", "011", "111", "111"];
        for (int epoch = 0; epoch < expected.Length; epoch++)
        {
            var figures = new TrainingFigures
            {
                Step = 0,
                Epoch = epoch,
                Loss = 0,
                GradientNorm = 0,
                LearningRate = 0,
                ValidationLoss = 0,
                BestValidationLoss = 0,
                BestStep = 0,
                Elapsed = default,
                LossScale = 1,
                SkippedSteps = 0,
            };
            if (epoch == 0) { unfreezing.OnStart(figures); }
            else { unfreezing.OnEpoch(figures); }
            Assert.Equal(expected[epoch], Learning());
            foreach (Module part in parts) { part.Unfreeze(); }
            new GradualUnfreezing(parts, epochsEach: 2).OnStart(figures);
            Assert.Equal(expected[epoch], Learning());
        }

        string Learning() => string.Concat(parts.Select(static part => part.Parameters().All(static p => p.Trainable) ? '1' : '0'));
    }

    [Fact]
    public void The_slanted_triangle_is_that_of_its_equation()
    {
        // cut = 10, ratio 32: 0.01 / 32 at step 0, the peak at step 10, half way down at step 55, 0.01 / 32 from step 100 on.
        var schedule = new SlantedTriangularSchedule(0.01, 100);
        Assert.Equal(0.01 / 32, schedule.Rate(0), 1e-12);
        Assert.Equal(0.01 * (1 + (0.5 * 31)) / 32, schedule.Rate(5), 1e-12);
        Assert.Equal(0.01, schedule.Rate(10), 1e-12);
        Assert.Equal(0.01 * (1 + (0.5 * 31)) / 32, schedule.Rate(55), 1e-12);
        Assert.Equal(0.01 / 32, schedule.Rate(100), 1e-12);
        Assert.Equal(0.01 / 32, schedule.Rate(1000), 1e-12);
        Assert.Throws<ArgumentOutOfRangeException>(() => new SlantedTriangularSchedule(0.01, 100, rise: 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SlantedTriangularSchedule(0.01, 100, ratio: 0.5));
    }

    [Fact]
    public void The_finder_finds_a_rate_that_learns_and_leaves_the_run_as_it_was()
    {
        float[] plain = Trained(find: false, out _), found = Trained(find: true, out LearningRateCurve? curve);
        Assert.Equal(plain, found);
        Assert.True(curve!.Points.Count > 20);
        Assert.Equal(curve.Points.Select(static p => p.Rate).Order(), curve.Points.Select(static p => p.Rate));

        // The loss must fall below where it began, and the suggestion must lie before the rate of the lowest loss.
        LearningRatePoint lowest = curve.Points.MinBy(static p => p.Loss);
        Assert.True(lowest.Loss < 0.9 * curve.Points[0].Loss, $"from {curve.Points[0].Loss} to {lowest.Loss}");
        Assert.InRange(curve.Suggested, 1e-5, lowest.Rate);
        string chart = curve.Chart(rows: 12);
        Assert.Equal(14, chart.TrimEnd().Split('\n').Length);
        Assert.Contains("steepest at", chart, StringComparison.Ordinal);
    }

    private static float[] Trained(bool find, out LearningRateCurve? curve)
    {
        using var run = new ToyRun(new TrainerOptions { MaxSteps = 5 });
        var source = new ToySource();
        var batch = new ToyBatch();
        source.Next(batch);
        curve = find ? LearningRateFinder.Find(run.Trainable, run.Optimizer, source, batch, 1e-5, 1, 60) : null;
        using var trainer = new Trainer<ToyBatch>(run.Trainable, run.Optimizer, source, batch, new TrainerOptions { MaxSteps = 5 });
        trainer.Run();
        return run.Weights;
    }

    private sealed class Stack : Module
    {
        public Stack(Device device)
            : base(device)
        {
            Embedding = AddModule("embedding", new Embedding(device, 5, 4));
            Middle = AddModule("middle", new Dense(device, 4, 4, Activation.Tanh));
            Decoder = AddModule("decoder", new TiedDense(Embedding));
            Tail = new Dense(device, 2, 2);
        }

        public Embedding Embedding { get; }

        public Dense Middle { get; }

        public TiedDense Decoder { get; }

        /// <summary>Not part of the model.</summary>
        public Dense Tail { get; }

        public Tensor Loss()
        {
            Tensor ids = Device.Tensor([0, 3, 1], new Shape(3));
            return new SoftmaxCrossEntropy().Forward(Decoder.Forward(Middle.Forward(Embedding.Forward(ids))), ids);
        }
    }
}
