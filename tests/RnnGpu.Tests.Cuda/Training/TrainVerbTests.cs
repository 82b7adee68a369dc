using System.Text;
using System.Text.Json;
using RnnGpu.Cli;
using RnnGpu.Core;
using RnnGpu.Tests.Contract;
using Xunit;
using Xunit.Abstractions;

namespace RnnGpu.Tests.Cuda.Training;

/// <summary><c>train charlm --device emulator</c>: what a user with a GPU runs, beside the same run on the CPU.</summary>
public sealed class TrainVerbTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("rnngpu-test-").FullName;
    private readonly ITestOutputHelper _output;

    public TrainVerbTests(ITestOutputHelper output)
    {
        _output = output;
        Assert.True(File.Exists(EmulatorBuild.Path));
        string[] words = ["the ", "cat ", "sat ", "on ", "a ", "mat.\n", "dogs ", "dream; "];
        var text = new StringBuilder();
        for (uint state = 1; text.Length < 2000;) { text.Append(words[((state = (state * 1_664_525) + 1_013_904_223) >> 16) % words.Length]); }
        File.WriteAllText(Text, text.ToString());
    }

    private string Text => Path.Combine(_directory, "text.txt");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    /// <summary>
    /// Twenty updates. In fp32 runs differ by the order of sums over rows; below, by factors rounded to the mode's bits, whose errors average out over a loss
    /// of many terms: eight times a factor's own covers twenty steps.
    /// </summary>
    [Theory]
    [InlineData("fp32", "lstm")]
    [InlineData("tf32", "lstm")]
    [InlineData("bf16", "lstm")]
    [InlineData("fp16", "lstm")]
    [InlineData("fp32", "gru")]
    [InlineData("bf16", "gru-reset-before")]
    public async Task Twenty_steps_have_the_losses_of_the_cpu(string precision, string cell)
    {
        double[] expected = await Losses("cpu", "fp32", cell), actual = await Losses("emulator", precision, cell);
        Assert.Equal(20, expected.Length);
        Assert.Equal(20, actual.Length);
        Assert.True(expected[^1] < expected[0] - 0.3, "the run learns nothing");
        double tolerance = 1e-4 + (8 * Tolerances.FactorRoundoff(Enum.Parse<ComputeMode>(precision, ignoreCase: true)));
        double worst = expected.Zip(actual, static (e, a) => Math.Abs(e - a) / e).Max();
        _output.WriteLine($"{precision} {cell}: loss {actual[0]:F4} to {actual[^1]:F4}, at most {worst:E1} from the CPU's");
        Assert.True(worst <= tolerance, $"{precision}: losses differ by {worst:E2}, more than {tolerance:E2}");
        if (precision != "fp32") { Assert.NotEqual(expected, actual); }
    }

    [Fact]
    public async Task A_run_goes_on_in_the_precision_that_it_was_started_with()
    {
        string[] more = ["--dropout", "0.2", "--validate-every", "10", "--checkpoint-every", "5"];
        await Train("whole", "emulator", "fp16", "lstm", [.. more, "--steps", "10"]);

        // A run of ten steps of which the later checkpoint is lost goes on from the earlier one.
        JsonElement parts = await Train("parts", "emulator", "fp16", "lstm", [.. more, "--steps", "10"]);
        Assert.Equal(65536, parts.GetProperty("loss_scale").GetDouble());
        Assert.Equal("fp16", parts.GetProperty("settings").GetProperty("precision").GetString());
        foreach (string later in Directory.GetDirectories(Run("parts")).Where(folder => !folder.EndsWith("step-000000005", StringComparison.Ordinal))) { Directory.Delete(later, recursive: true); }
        (int code, JsonElement resumed, string error) = await Execute("train", "charlm", "--resume", Run("parts"), "--device", "emulator", "--json");
        Assert.True(code == 0, error);
        Assert.Equal(5, resumed.GetProperty("steps_by_this_process").GetInt64());
        string[] files = [.. Directory.GetFiles(Path.Combine(Run("whole"), "step-000000010")).Select(file => Path.GetFileName(file)!)];
        Assert.Contains("model.safetensors", files);
        foreach (string file in files)
        {
            Assert.True(
                File.ReadAllBytes(Path.Combine(Run("whole"), "step-000000010", file)).AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(Run("parts"), "step-000000010", file))),
                $"{file} differs");
        }

        (code, _, error) = await Execute("train", "charlm", "--resume", Run("parts"), "--device", "emulator", "--precision", "bf16");
        Assert.Equal(ExitCode.Usage, (ExitCode)code);
        Assert.Contains("--precision: bf16 conflicts with fp16 of the run being resumed", error, StringComparison.Ordinal);
        (code, _, error) = await Execute("train", "charlm", "--resume", Run("parts"), "--device", "cpu");
        Assert.Equal(ExitCode.Usage, (ExitCode)code);
        Assert.Contains("the run being resumed computes in fp16, but the CPU only in fp32", error, StringComparison.Ordinal);
    }

    private string Run(string name) => Path.Combine(_directory, name);

    private async Task<double[]> Losses(string device, string precision, string cell)
    {
        JsonElement run = await Train($"{device}-{precision}-{cell}", device, precision, cell, "--steps", "20", "--validate-every", "10");
        return [.. run.GetProperty("history").GetProperty("training").EnumerateArray().Select(point => point.GetProperty("loss").GetDouble())];
    }

    private async Task<JsonElement> Train(string name, string device, string precision, string cell, params string[] more)
    {
        (int code, JsonElement json, string error) = await Execute(
        [
            "train", "charlm", "--data", Text, "--out", Run(name), "--cell", cell, "--layers", "1", "--hidden", "16", "--embedding", "8", "--seq-length", "8",
            "--batch", "4", "--lr", "0.02", "--warmup", "2", "--device", device, "--precision", precision, "--json", .. more,
        ]);
        Assert.True(code == 0, error);
        return json;
    }

    private static async Task<(int Code, JsonElement Json, string Error)> Execute(params string[] args)
    {
        using StringWriter output = new(), error = new();
        int code = await Program.RunAsync(args, output, error, CancellationToken.None);
        string text = output.ToString();
        return (code, text.StartsWith('{') ? JsonDocument.Parse(text).RootElement : default, error.ToString());
    }
}
