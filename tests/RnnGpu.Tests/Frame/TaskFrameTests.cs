using System.Text.Json;
using RnnGpu.Cli;
using RnnGpu.Nn.Data;
using RnnGpu.Tasks.Frame;
using RnnGpu.Tests.Cli;
using Xunit;

namespace RnnGpu.Tests.Frame;

/// <summary>A task through the verbs: train, eval, predict, folds, resume, bad input.</summary>
public sealed class TaskFrameTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    private string Out => Path.Combine(_directory.Path, "run");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_task_is_trained_measured_and_used()
    {
        Answer trained = await Run("train", "parity", "--demo", "--out", Out, "--json", "--device", "cpu");
        Assert.Equal(ExitCode.Ok, trained.Exit);
        double accuracy = trained.Json.GetProperty("scores").GetProperty("accuracy").GetDouble();
        Assert.True(accuracy > 0.95, $"accuracy {accuracy}");
        Assert.True(File.Exists(Path.Combine(Out, "learning-curve.svg")) && File.Exists(Path.Combine(Out, "lengths.svg")));

        Answer measured = await Run("eval", "parity", "--model", Out, "--demo", "--json", "--device", "cpu");
        Assert.Equal(accuracy, measured.Json.GetProperty("accuracy").GetDouble());

        string input = Write("input.txt", "one zero\none one\n");
        Answer used = await Run("predict", "parity", "--model", Out, "--input", input, "--device", "cpu");
        Assert.Equal("odd\neven\n", used.Output);
    }

    [Fact]
    public async Task Presets_and_options_decide_the_settings()
    {
        Answer trained = await Run("train", "parity", "--demo", "--out", Out, "--json", "--device", "cpu", "--preset", "large", "--epochs", "1", "--lr", "0.5");
        JsonElement settings = trained.Json.GetProperty("settings");
        Assert.Equal((32, 1, 0.5, 16), (settings.GetProperty("hidden").GetInt32(), settings.GetProperty("epochs").GetInt32(),
            settings.GetProperty("lr").GetDouble(), settings.GetProperty("batch").GetInt32()));
    }

    [Fact]
    public async Task A_resumed_run_ends_in_the_bytes_of_one_that_was_never_stopped()
    {
        string data = Write("data.txt", string.Concat(Enumerable.Range(0, 60).Select(i => i % 3 == 0 ? "odd\tone zero\n" : "even\tzero\n")));
        string[] Words(string directory) => ["train", "parity", "--data", data, "--out", directory, "--device", "cpu", "--epochs", "4"];
        string whole = Path.Combine(_directory.Path, "whole");
        Assert.Equal(ExitCode.Ok, (await Run(Words(whole))).Exit);
        string[] first = Words(Out);
        first[^1] = "2";
        Assert.Equal(ExitCode.Ok, (await Run([.. first, "--schedule", "constant"])).Exit);
        Answer other = await Run("train", "parity", "--resume", Out, "--device", "cpu", "--epochs", "4", "--hidden", "3");
        Assert.Equal(ExitCode.Usage, other.Exit);
        Assert.Contains("--hidden: 3 conflicts with 16", other.Error);

        string constant = Path.Combine(_directory.Path, "constant");
        Assert.Equal(ExitCode.Ok, (await Run([.. Words(constant), "--schedule", "constant"])).Exit);
        Assert.Equal(ExitCode.Ok, (await Run("train", "parity", "--resume", Out, "--device", "cpu", "--epochs", "4")).Exit);
        string Newest(string directory) => Directory.GetDirectories(directory, "step-*").Order(StringComparer.Ordinal).Last();
        Assert.Equal(File.ReadAllBytes(Path.Combine(Newest(constant), "model.safetensors")), File.ReadAllBytes(Path.Combine(Newest(Out), "model.safetensors")));

        File.AppendAllText(data, "odd\tone\n");
        Answer changed = await Run("train", "parity", "--resume", Out, "--device", "cpu");
        Assert.Equal(ExitCode.Data, changed.Exit);
        Assert.Contains("not the data that the run was started with", changed.Error);
    }

    [Fact]
    public async Task Folds_measure_every_sample_once()
    {
        Answer folds = await Run("train", "parity", "--demo", "--folds", "3", "--epochs", "2", "--json", "--device", "cpu");
        Assert.Equal(ExitCode.Ok, folds.Exit);
        Assert.Equal(3, folds.Json.GetProperty("fold_scores").GetArrayLength());
        Assert.True(folds.Json.GetProperty("scores").GetProperty("accuracy").GetDouble() is > 0 and <= 1);
    }

    [Theory]
    [InlineData("odd one\n", ":1: 1 fields where 2 belong")]
    [InlineData("even\tzero\nodd\tone\ndunno\tone\n", ":3:1: there is no label 'dunno'")]
    [InlineData("", "there are no samples")]
    [InlineData("even\tzero\n\0\n", ":2:1: not text but binary")]
    [InlineData("even\tzero\n", "1 samples are too few")]
    public async Task Malformed_data_name_the_place(string text, string message)
    {
        Answer answer = await Run("train", "parity", "--data", Write("data.txt", text), "--out", Out, "--device", "cpu");
        Assert.Equal(ExitCode.Data, answer.Exit);
        Assert.Contains(message, answer.Error);
        Assert.Single(answer.Error.TrimEnd().Split('\n'));
    }

    [Theory]
    [InlineData("no data", "train", "parity")]
    [InlineData("--demo makes its own data", "train", "parity", "--demo", "--data", "x")]
    [InlineData("--hidden: '0' is not a whole number from 1 to 1024", "train", "parity", "--demo", "--hidden", "0")]
    [InlineData("--preset: 'huge'", "train", "parity", "--demo", "--preset", "huge")]
    [InlineData("either", "eval", "parity", "--model", "x")]
    public async Task Wrong_usage_is_told(string message, params string[] words)
    {
        Answer answer = await Run(words);
        Assert.Equal(ExitCode.Usage, answer.Exit);
        Assert.Contains(message, answer.Error);
    }

    [Fact]
    public void Folds_are_disjoint_and_stratified()
    {
        int[] classes = [.. Enumerable.Range(0, 50).Select(i => i % 5 == 0 ? 1 : 0)];
        IReadOnlyList<int[]> folds = Folds.Stratified(classes, 5, seed: 3);
        Assert.Equal(Enumerable.Range(0, 50), folds.SelectMany(fold => fold).Order());
        Assert.All(folds, fold => Assert.Equal(2, fold.Count(i => classes[i] == 1)));
        Assert.Throws<DataException>(() => Folds.Shuffled(3, 4, 1));
    }

    private static async Task<Answer> Run(params string[] words)
    {
        using StringWriter output = new(), error = new();
        int code = await Program.RunAsync(words, output, error, [new ParityTask()], CancellationToken.None);
        return new Answer((ExitCode)code, output.ToString(), error.ToString());
    }

    private string Write(string name, string text)
    {
        string path = Path.Combine(_directory.Path, name);
        File.WriteAllText(path, text);
        return path;
    }

    private sealed record Answer(ExitCode Exit, string Output, string Error)
    {
        public JsonElement Json => JsonDocument.Parse(Output).RootElement;
    }
}
