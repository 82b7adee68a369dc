using RnnGpu.Core;
using RnnGpu.Nn;
using RnnGpu.Nn.Checkpoints;
using RnnGpu.Tests.Checkpoints;
using RnnGpu.Tests.Nn;
using Xunit;

namespace RnnGpu.Tests.Training;

public sealed class WeightAveragingTests : NnTestBase
{
    private const int Steps = 17;

    public static TheoryData<string> Backends => BackendDevices.Names;

    [Theory]
    [MemberData(nameof(Backends))]
    public void The_mean_is_that_of_the_weights_that_count_and_swapping_twice_changes_nothing(string backend)
    {
        using Device device = BackendDevices.Create(backend);
        using var model = new Dense(device, 3, 2);
        using WeightAveraging averaging = WeightAveraging.Stochastic(model, start: 2, every: 2);
        var weights = new List<float[]>();
        for (int step = 1; step <= 6; step++)
        {
            model.Weight.Load(GradientCheck.Values(model.Weight.Shape, (uint)step));
            averaging.AfterUpdate(step);
            weights.Add(model.Weight.ToArray());
        }

        // Updates 3 and 5 count.
        Assert.Equal(2, averaging.Count);
        float[] last = model.Weight.ToArray();
        long version = model.Weight.Version;
        averaging.Swap();
        Assert.NotEqual(version, model.Weight.Version);
        float[] mean = model.Weight.ToArray();
        for (int i = 0; i < mean.Length; i++) { Assert.Equal((weights[2][i] + weights[4][i]) / 2, mean[i], 1e-6f); }
        averaging.Swap();
        Assert.Equal(last, model.Weight.ToArray());
    }

    /// <summary>As Merity et al.: a loss above the lowest of those more than n validations before it.</summary>
    [Theory]
    [InlineData(2, new[] { 5.0, 4, 3, 2, 1 }, -1)]
    [InlineData(2, new[] { 5.0, 4, 4.5, 4.6, 3, 4.1 }, 5)]
    [InlineData(2, new[] { 5.0, 6, 7, 8 }, 3)]
    [InlineData(1, new[] { 5.0, 6, 5.5 }, 2)]
    [InlineData(3, new[] { 5.0, 9, 9, 4.9, 5.1, 4 }, 4)]
    public void The_trigger_is_non_monotonic(int patience, double[] losses, int triggered)
    {
        using var model = new Dense(Device, 3, 2);
        using WeightAveraging averaging = WeightAveraging.NonMonotonic(model, patience);
        int first = -1;
        for (int i = 0; i < losses.Length; i++)
        {
            averaging.AfterUpdate(i + 1);
            averaging.Observe(losses[i]);
            if (first < 0 && IsOn(averaging, i + 1)) { first = i; }
        }

        Assert.Equal(triggered, first);

        static bool IsOn(WeightAveraging averaging, long step)
        {
            long before = averaging.Count;
            averaging.AfterUpdate(step);
            return averaging.Count > before;
        }
    }

    [Theory]
    [InlineData("swa")]
    [InlineData("nt-asgd")]
    public void A_resumed_run_ends_in_the_same_files(string kind)
    {
        using var whole = new TempFolder();
        Train(kind, whole.Path, Steps);
        SortedDictionary<string, string> expected = TempFolder.Contents(CheckpointFolder.OpenNewest(whole.Path).Path);
        Assert.Contains("training.safetensors", expected.Keys);
        Assert.NotEqual(expected["training.safetensors"], expected["model.safetensors"]);
        foreach (int stop in (int[])[2, 4, 8, 12, 16])
        {
            using var folder = new TempFolder();
            Train(kind, folder.Path, stop);
            Train(kind, folder.Path, Steps);
            Assert.Equal(expected, TempFolder.Contents(CheckpointFolder.OpenNewest(folder.Path).Path));
        }
    }

    [Fact]
    public void What_was_validated_is_what_the_checkpoint_hands_out()
    {
        using var folder = new TempFolder();
        double validated = Train("swa", folder.Path, Steps);
        using ToyRun run = new(new TrainerOptions());
        ModelFile.Read(CheckpointFolder.OpenNewest(folder.Path), run.Model);
        Assert.Equal(validated, run.Validate());
    }

    [Fact]
    public void A_checkpoint_of_a_run_without_averaging_does_not_fit()
    {
        using var folder = new TempFolder();
        Train("none", folder.Path, 3);
        Assert.Contains("without weight averaging", Assert.Throws<CheckpointException>(() => Train("swa", folder.Path, 5)).Message, StringComparison.Ordinal);
    }

    /// <summary>Begins a run in a folder, or takes up the one there.</summary>
    /// <returns>The last validation loss.</returns>
    private static double Train(string kind, string folder, int steps)
    {
        using Device device = NewDevice(seed: 3);
        using var model = new ToyModel(device);
        using var optimizer = new AdamW(model, 1e-2f);
        using WeightAveraging? averaging = kind switch
        {
            "swa" => WeightAveraging.Stochastic(model, 6, 2),
            "nt-asgd" => WeightAveraging.NonMonotonic(model, 2),
            _ => null,
        };
        using var trainer = new Trainer<ToyBatch>(new ToyTrainable(model), optimizer, new ToySource(), new ToyBatch(), new TrainerOptions
        {
            MaxSteps = steps,
            Validate = () => ToyRun.Validate(model),
            ValidateEvery = 2,
            Averaging = averaging,
            CheckpointDirectory = folder,
        });
        if (CheckpointFolder.FindNewest(folder).Newest is { } newest) { trainer.Restore(newest); }
        Assert.Equal(TrainingEnd.StepLimit, trainer.Run().End);
        return trainer.Figures.ValidationLoss;
    }
}
