using RnnGpu.Cli;
using RnnGpu.Core;
using RnnGpu.Nn;
using RnnGpu.Nn.Checkpoints;
using RnnGpu.Nn.Data;
using RnnGpu.Tasks.Frame;
using RnnGpu.Tasks.Language;
using RnnGpu.Tasks.Poems;
using RnnGpu.Tests.Nn;
using Xunit;

namespace RnnGpu.Tests.Tasks;

public sealed class PoemsTaskTests
{
    private static readonly PoemsTask Subject = new();

    [Fact]
    public async Task The_demos_form_is_learned()
    {
        using var runs = new TaskRuns();
        TaskAnswer trained = await runs.Run("train", "poems", "--demo", "--json", "--device", "cpu", "--threads", "1");
        Assert.Equal(ExitCode.Ok, trained.Exit);
        double kept = trained.Json.GetProperty("scores").GetProperty("form_kept").GetDouble();
        Assert.True(kept >= 0.95, $"{kept:P1} of the samples keep the form");
        TaskAnswer written = await runs.Run("predict", "poems", "--model", runs.Out, "--count", "3", "--device", "cpu", "--seed", "5");
        string[] poems = written.Output.TrimEnd().Split('\n');
        Assert.Equal(3, poems.Length);
        Assert.All(poems, static poem => Assert.Matches("^[山水風月花鳥雲雨春秋江海日夜，。]+$", poem));
        TaskAnswer again = await runs.Run("predict", "poems", "--model", runs.Out, "--count", "2", "--device", "cpu", "--seed", "5");
        Assert.Equal(poems[..2], again.Output.TrimEnd().Split('\n'));
    }

    [Fact]
    public void The_emulator_learns_as_the_cpu_does()
    {
        (double before, double after) = Train("Scalar");
        (double Before, double After) emulated = Train("emulator");
        Assert.True(after < before - 0.02, $"{before} before, {after} after");

        // Sums in another order and other approximations of tanh: differences of 1e-6, which ten updates may make larger.
        Assert.Equal(before, emulated.Before, 1e-4);
        Assert.Equal(after, emulated.After, 1e-3);
    }

    [Theory]
    [InlineData("床前明月光，疑是地上霜。舉頭望明月，低頭思故鄉。", 5)]
    [InlineData("朝辭白帝彩雲間，千里江陵一日還。兩岸猿聲啼不住，輕舟已過萬重山。", 7)]
    [InlineData("𠀀前明月光，疑是地上霜。舉頭望明月，低頭思故鄉。", 5)]
    [InlineData("床前明月，疑是地上。舉頭望明，低頭思故。", 4)]
    [InlineData("床前明月光，疑是地上霜。舉頭望明月，低頭思故。", null)]
    [InlineData("床前明月光，疑是地上霜。舉頭望明月，", null)]
    [InlineData("床前明月光，疑是地上霜。舉頭望明月，低頭思故鄉", null)]
    [InlineData("床前 月光，疑是地上霜。舉頭望明月，低頭思故鄉。", null)]
    [InlineData("，。，。", null)]
    [InlineData("", null)]
    public void The_form_is_four_equal_lines_counted_in_code_points(string poem, int? length)
    {
        Assert.Equal(length, PoemForm.LineLength(poem));
        Assert.Equal(length is 5 or 7, PoemForm.Keeps(poem));
    }

    [Fact]
    public void Poems_are_read_in_code_points()
    {
        var data = (PoemsData)Subject.Read(
            [TextSource.String("poems", "{\"title\": \"t\", \"paragraphs\": [\"𠀀山，\", \"水。\"]}\n\n{\"paragraphs\":[\"山\"]}\n")], Subject.DefaultSettings());
        Assert.Equal(["𠀀山，水。", "山"], data.Poems);
        Settings settings = Subject.DefaultSettings().With(PoemsTask.MinCount.Is(1));
        WordVocabulary characters = WordVocabulary.Read(CheckpointSection.Of(Subject.Describe(data, settings), "d"), "characters");
        int[][] ids = data.Encode(characters);
        Assert.Equal([7, 3], ids.Select(static poem => poem.Length));
        Assert.Equal(["\n", "𠀀", "山", "，", "水", "。", "\n"], ids[0].Select(characters.Word));
    }

    [Theory]
    [InlineData("{\"paragraphs\": [\"山\"]}\n{\"paragraphs\": [\"山\"\n", "poems:2:20: not JSON")]
    [InlineData("[1]\n", "poems:1:1: not a poem")]
    [InlineData("{\"lines\": []}\n", "poems:1:1: not a poem")]
    [InlineData("{\"title\": \"x\", \"paragraphs\": [3]}\n", "poems:1:16: \"paragraphs\" must be a list of texts")]
    [InlineData("{\"paragraphs\": []}\n", "poems:1:2: the poem is empty")]
    [InlineData("{\"paragraphs\": [\"\\ud840\"]}\n", "poems:1:18: half of a surrogate pair")]
    [InlineData("\n", "there are no poems")]
    public void Malformed_data_name_the_place(string text, string message) =>
        Assert.Contains(message, Assert.Throws<DataException>(() => Subject.Read([TextSource.String("poems", text)], Subject.DefaultSettings())).Message, StringComparison.Ordinal);

    private static (double Before, double After) Train(string backend)
    {
        using Device device = BackendDevices.Create(backend);
        Settings settings = Subject.DefaultSettings().With(Subject.DemoSettings).With(
            [.. new LanguageConfig(12, 2, InputDropout: 0.1f, LayerDropout: 0.1f, OutputDropout: 0.1f).Values(), TrainingSettings.Batch.Is(8)]);
        var demo = (PoemsData)Subject.Demo(settings).Training;
        DataSplit data = Subject.Split(demo.Subset([.. Enumerable.Range(0, 40)]), 0.2);
        using TaskModel model = Subject.Create(device, settings, CheckpointSection.Of(Subject.Describe(data.Training, settings), "description"));
        using TaskTraining training = model.Train(data.Training, settings);
        using Optimizer optimizer = model.MakeOptimizer(settings);
        using ITrainer trainer = training.Start(optimizer, new TrainerOptions { MaxSteps = 10 });
        double before = Measure();
        trainer.Run();
        return (before, Measure());

        double Measure()
        {
            device.ReleaseStep();
            model.Network.Eval();
            return model.Evaluate(data.Validation, full: false).Objective;
        }
    }
}
