using RnnGpu.Cli;
using RnnGpu.Nn;
using RnnGpu.Nn.Checkpoints;
using RnnGpu.Nn.Data;
using RnnGpu.Tasks.Frame;
using RnnGpu.Tasks.MemoryCell;
using RnnGpu.Tests.Cli;
using RnnGpu.Tests.Nn;
using Xunit;

namespace RnnGpu.Tests.Tasks.MemoryCell;

public sealed class MemoryTaskTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void The_rules_are_those_of_the_table()
    {
        // The lecture's own example: 3 is stored, put out, 2 added unseen, 5 put out with the sum, then emptied.
        float[] x = [3, 1, 0, 4, 1, 0, 2, 0, 0, 1, 0, 1, 3, -1, 0, 6, 1, 0, 1, 0, 1];
        Assert.Equal([0f, 0f, 0f, 7f, 0f, 0f, 6f], MemorySequence.Of(x).Outputs);
        Assert.Equal([5f, 0f], MemorySequence.Of([5, 1, 1, 9, -1, 1]).Outputs);
    }

    [Fact]
    public async Task A_short_demo_is_learned()
    {
        string run = Path.Combine(_directory.Path, "run");
        CommandLine trained = await CommandLine.RunAsync(
            "train", "memory-cell", "--demo", "--sequences", "1000", "--sequence-steps", "6", "--hidden", "32", "--epochs", "60", "--lr", "0.02", "--out", run, "--json", "--device", "cpu", "--threads", "1");
        Assert.Equal(ExitCode.Ok, trained.Exit);
        double exact = trained.Json.GetProperty("scores").GetProperty("exact_sequences").GetDouble();
        Assert.True(exact > 0.9, $"exact sequences {exact}");

        string input = Path.Combine(_directory.Path, "input.txt");
        File.WriteAllText(input, "3 1 0\n2 0 1\n\n2 1 1\n");
        CommandLine used = await CommandLine.RunAsync("predict", "memory-cell", "--model", run, "--input", input, "--device", "cpu");
        string[] lines = used.Output.TrimEnd().Split('\n');
        Assert.Equal(2, lines.Length);
        Assert.Equal(3, double.Parse(lines[0].Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture), 0.5);
    }

    [Theory]
    [InlineData("1 1 0 0\n1 1 0\n", "f:2: 3 fields where 4 belong (x1 x2 x3 y)")]
    [InlineData("1 2 0 0\n", "f:1:3: '2' is not a whole number from -1 to 1")]
    [InlineData("1 1 0 NA\n", "f:1:7: 'NA' is not a number")]
    [InlineData("1 1 0 \n", "f:1:7: a number is missing")]
    [InlineData("1e9 1 0 0\n", "f:1:1: '1e9' is beyond")]
    [InlineData("\n\n", "f: there are no sequences")]
    public void Malformed_rows_name_the_place(string text, string message) => Assert.StartsWith(
        message, Assert.Throws<DataException>(() => new MemoryTask().Read([TextSource.String("f", text)], new MemoryTask().DefaultSettings())).Message, StringComparison.Ordinal);

    [Fact]
    public void Sequences_of_any_length_are_read()
    {
        var data = (MemoryData)new MemoryTask().Read([TextSource.String("f", "\n3 1 0 0\n1 0 1 3\n\n\n2 1 1 2\n")], new MemoryTask().DefaultSettings());
        Assert.Equal([2, 1], data.Sequences.Select(static sequence => sequence.Steps));
        Assert.All(data.Sequences, static sequence => Assert.Equal(MemorySequence.Of(sequence.Inputs).Outputs, sequence.Outputs));
    }

    [Fact]
    public void It_trains_on_the_emulator()
    {
        var task = new MemoryTask();
        Settings settings = task.DefaultSettings().With(
            MemoryTask.Sequences.Is(64), MemoryTask.Steps.Is(4), MemoryTask.Hidden.Is(8), TrainingSettings.Batch.Is(32), TrainingSettings.LearningRate.Is(0.03));
        DataSplit demo = task.Demo(settings);
        using Device device = BackendDevices.Create("emulator");
        using TaskModel model = task.Create(device, settings, CheckpointSection.Of(task.Describe(demo.Training, settings), "test"));
        model.Network.Eval();
        double before = model.Evaluate(demo.Training, full: false).Objective;
        model.Network.Train();
        using TaskTraining training = model.Train(demo.Training, settings);
        using Optimizer optimizer = model.MakeOptimizer(settings);
        training.Start(optimizer, new TrainerOptions { MaxSteps = 30 }).Run();
        model.Network.Eval();
        double after = model.Evaluate(demo.Training, full: false).Objective;
        Assert.True(after < 0.8 * before, $"the error fell from {before} to {after} only");
    }
}
