using System.Text.Json;
using RnnGpu.Cli;
using RnnGpu.Core;
using RnnGpu.Nn;
using RnnGpu.Nn.Checkpoints;
using RnnGpu.Tasks;
using RnnGpu.Tasks.Frame;
using RnnGpu.Tests.Nn;
using Xunit;

namespace RnnGpu.Tests.Tasks;

/// <summary>The tasks that tell classes, from the command line and through the frame.</summary>
public sealed class ClassificationTaskTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    /// <summary>What the made-up data allow: the demo's rule is exact, but for noise and words that chance puts together.</summary>
    [Theory]
    [InlineData("sentiment", "accuracy", 0.97)]
    [InlineData("classify-series", "accuracy", 0.97)]
    [InlineData("intrusion", "macro_f1", 0.97)]
    [InlineData("dna", "accuracy", 0.9)]
    public async Task Its_demo_is_learned_to_the_known_answer(string task, string score, double least)
    {
        string run = Path.Combine(_directory.Path, task);
        JsonElement result = await Run("train", task, "--demo", "--json", "--threads", "1", "--device", "cpu", "--out", run);
        double reached = result.GetProperty("scores").GetProperty(score).GetDouble();
        Assert.True(reached >= least, $"{task}: {score} {reached:P1}, not {least:P0}");
        Assert.True(File.Exists(Path.Combine(run, "confusion.svg")));
        JsonElement again = await Run("eval", task, "--demo", "--json", "--threads", "1", "--device", "cpu", "--model", run);
        Assert.Equal(reached, again.GetProperty(score).GetDouble());
    }

    [Fact]
    public async Task Texts_are_answered_and_looked_into()
    {
        string run = Path.Combine(_directory.Path, "run"), input = Path.Combine(_directory.Path, "input.txt");
        await Run("train", "sentiment", "--demo", "--preset", "attention", "--json", "--threads", "1", "--device", "cpu", "--out", run);
        Assert.Contains("<rect", File.ReadAllText(Path.Combine(run, "attention.svg")), StringComparison.Ordinal);
        File.WriteAllText(input, "the film was great\nthe film was not great\nA plot, and actors: AWFUL!\n");
        using StringWriter output = new(), error = new();
        Assert.Equal(0, await Program.RunAsync(["predict", "sentiment", "--model", run, "--input", input, "--threads", "1", "--device", "cpu"], output, error, TaskList.All, CancellationToken.None));
        Assert.Equal(["1", "0", "0"], output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('\t')[0]));
    }

    /// <summary>The same weights, the same batches: what differs is the order of sums, which two steps of Adam may make 1e-3 of.</summary>
    [Theory]
    [InlineData("sentiment", "attention")]
    [InlineData("classify-series", "")]
    [InlineData("intrusion", "")]
    public void The_emulator_trains_as_the_cpu_does(string name, string preset)
    {
        LearningTask task = TaskList.All.Single(task => task.Name == name);
        double cpu = LossAfter(task, preset, $"{CpuName()}"), emulator = LossAfter(task, preset, "emulator");
        Assert.Equal(cpu, emulator, 1e-3);
    }

    [Fact]
    public void Folds_hold_every_class()
    {
        LearningTask task = TaskList.All.Single(task => task.Name == "intrusion");
        Settings settings = task.DefaultSettings();
        DataSplit split = task.Demo(settings);
        IReadOnlyList<int[]> folds = task.Folds(split.Training, 4, 1);
        Assert.Equal(Enumerable.Range(0, split.Training.Count), folds.SelectMany(fold => fold).Order());
        Assert.All(folds, fold => Assert.Contains("3 classes", split.Training.Subset(fold).Summary, StringComparison.Ordinal));
    }

    private static string CpuName() => $"{Enum.GetValues<Cpu.SimdPath>().First(Cpu.SimdPaths.IsSupported)}";

    private static double LossAfter(LearningTask task, string preset, string backend)
    {
        Settings settings = task.DefaultSettings();
        if (preset.Length > 0) { settings = settings.With(task.Presets.Single(p => p.Name == preset).Values); }
        settings = settings.With(task.DemoSettings).With(TrainingSettings.Batch.Is(4));
        DataSplit data = task.Demo(settings);
        using Device device = BackendDevices.Create(backend);
        using TaskModel model = task.Create(device, settings, CheckpointSection.Of(task.Describe(data.Training, settings), "description"));
        using TaskTraining training = model.Train(data.Training, settings);
        using Optimizer optimizer = model.MakeOptimizer(settings);
        using ITrainer trainer = training.Start(optimizer, new TrainerOptions { MaxSteps = 2 });
        trainer.Run(CancellationToken.None);
        device.ReleaseStep();
        model.Network.Eval();
        return model.Evaluate(data.Validation.Subset([0, 1, 2, 3, 4]), full: true).All.Single(score => score.Name == "loss").Value;
    }

    private static async Task<JsonElement> Run(params string[] words)
    {
        using StringWriter output = new(), error = new();
        int code = await Program.RunAsync(words, output, error, TaskList.All, CancellationToken.None);
        Assert.True(code == 0, $"{string.Join(' ', words)}: {error}");
        return JsonDocument.Parse(output.ToString()).RootElement;
    }
}
