using System.Text.Json;
using RnnGpu.Cli;
using RnnGpu.Nn;
using RnnGpu.Nn.Checkpoints;
using RnnGpu.Tasks.Forecast;
using RnnGpu.Tasks.Frame;
using RnnGpu.Tests.Cli;
using RnnGpu.Tests.Nn;
using Xunit;

namespace RnnGpu.Tests.Tasks.Forecast;

/// <summary>The task through the verbs.</summary>
public sealed class ForecastTaskTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    private string Out => Path.Combine(_directory.Path, "run");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task The_demo_is_learned_to_its_noise()
    {
        CommandLine trained = await CommandLine.RunAsync("train", "forecast", "--demo", "--out", Out, "--json", "--device", "cpu", "--threads", "1");
        Assert.Equal(ExitCode.Ok, trained.Exit);

        // A cosine of deviation 0.7 with noise of 0.02: persistence errs by 0.18.
        JsonElement scores = trained.Json.GetProperty("scores");
        Assert.InRange(scores.GetProperty("rmse").GetDouble(), 0.01, 0.035);
        Assert.InRange(scores.GetProperty("better_than_persistence").GetDouble(), 0.8, 1);
        Assert.True(File.Exists(Path.Combine(Out, "forecast.svg")));
    }

    [Fact]
    public async Task A_file_is_learned_measured_and_continued()
    {
        string data = Write("data.csv", Cosine(300, missing: 40));
        string[] words = ["train", "forecast", "--data", data, "--target", "y", "--inputs", "kind", "--missing", "fill", "--horizon", "3", "--season", "12", "--out", Out, "--json", "--device", "cpu",
            "--threads", "1", "--epochs", "20", "--window", "24"];
        CommandLine refused = await CommandLine.RunAsync([.. words.Select(static word => word == "fill" ? "error" : word)]);
        Assert.Equal(ExitCode.Data, refused.Exit);
        Assert.Contains("data.csv:42:9: a number is missing ('NA') in column 'y'", refused.Error, StringComparison.Ordinal);
        Assert.Single(refused.Error.TrimEnd().Split('\n'));

        CommandLine trained = await CommandLine.RunAsync(words);
        Assert.Equal(ExitCode.Ok, trained.Exit);
        CommandLine measured = await CommandLine.RunAsync("eval", "forecast", "--model", Out, "--data", data, "--json", "--device", "cpu");
        Assert.InRange(measured.Json.GetProperty("mase").GetDouble(), 0, 100);
        Assert.Contains("seasonal naive 12", measured.Output, StringComparison.Ordinal);

        CommandLine three = await CommandLine.RunAsync("predict", "forecast", "--model", Out, "--input", data, "--device", "cpu");
        Assert.Equal(3, three.Output.TrimEnd().Split('\n').Length);
        CommandLine more = await CommandLine.RunAsync("predict", "forecast", "--model", Out, "--input", data, "--ahead", "5", "--device", "cpu");
        Assert.Equal(ExitCode.Data, more.Exit);
        Assert.Contains("reads 'kind', which it does not forecast", more.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_model_that_reads_what_it_forecasts_runs_on_freely()
    {
        string data = Write("data.csv", Cosine(300, missing: -1));
        CommandLine trained = await CommandLine.RunAsync(
            "train", "forecast", "--data", data, "--target", "y", "--out", Out, "--json", "--device", "cpu", "--threads", "1", "--epochs", "60", "--window", "24", "--free-run", "3");
        Assert.Equal(ExitCode.Ok, trained.Exit);
        Assert.True(trained.Json.GetProperty("scores").GetProperty("free_run_median").GetDouble() > 3, trained.Output);
        CommandLine ahead = await CommandLine.RunAsync("predict", "forecast", "--model", Out, "--input", data, "--ahead", "12", "--device", "cpu");
        double[] values = [.. ahead.Output.TrimEnd().Split('\n').Select(static line => double.Parse(line, System.Globalization.CultureInfo.InvariantCulture))];
        for (int h = 0; h < 12; h++) { Assert.Equal(Math.Cos(2 * Math.PI * (300 + h) / 12), values[h], 0.35); }
    }

    [Fact]
    public void Folds_are_blocks_of_time()
    {
        var task = new ForecastTask();
        DataSplit demo = task.Demo(task.DefaultSettings());
        IReadOnlyList<int[]> folds = task.Folds(demo.Training, 5, seed: 1);
        Assert.Equal(Enumerable.Range(0, demo.Training.Count), folds.SelectMany(static fold => fold));
    }

    [Fact]
    public void It_trains_on_the_emulator()
    {
        var task = new ForecastTask();
        Settings settings = task.DefaultSettings().With(ForecastSettings.SeriesSteps.Is(80), ForecastSettings.Window.Is(8), ForecastSettings.Hidden.Is(8), TrainingSettings.Batch.Is(8));
        DataSplit demo = task.Demo(settings);
        using Device device = BackendDevices.Create("emulator");
        using TaskModel model = task.Create(device, settings, CheckpointSection.Of(task.Describe(demo.Training, settings), "test"));
        model.Network.Eval();
        double before = model.Evaluate(demo.Validation, full: false).Objective;
        model.Network.Train();
        using TaskTraining training = model.Train(demo.Training, settings);
        using Optimizer optimizer = model.MakeOptimizer(settings);
        training.Start(optimizer, new TrainerOptions { MaxSteps = 30 }).Run();
        model.Network.Eval();
        double after = model.Evaluate(demo.Validation, full: false).Objective;
        Assert.True(after < 0.8 * before, $"the error fell from {before} to {after} only");
    }

    private static string Cosine(int rows, int missing) => "day,kind,y\n" + string.Concat(Enumerable.Range(0, rows).Select(
        t => $"d{t:D4},{(t % 2 == 0 ? "a" : "b")},{(t == missing ? "NA" : Math.Cos(2 * Math.PI * t / 12).ToString("F6", System.Globalization.CultureInfo.InvariantCulture))}\n"));

    private string Write(string name, string text)
    {
        string path = Path.Combine(_directory.Path, name);
        File.WriteAllText(path, text);
        return path;
    }
}
