using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Xml.Linq;
using RnnGpu.Cli;
using RnnGpu.Tasks.CharLm;
using Xunit;

namespace RnnGpu.Tests.Cli;

public sealed class TrainVerbTests : IDisposable
{
    private readonly CharLmRuns _runs = new();

    public void Dispose() => _runs.Dispose();

    private static void AssertSame(SortedDictionary<string, byte[]> expected, SortedDictionary<string, byte[]> actual)
    {
        Assert.Equal(expected.Keys, actual.Keys);
        foreach ((string name, byte[] bytes) in expected.Reverse())
        {
            if (name.EndsWith(".json", StringComparison.Ordinal)) { Assert.Equal(Encoding.UTF8.GetString(bytes), Encoding.UTF8.GetString(actual[name])); }
            Assert.True(bytes.AsSpan().SequenceEqual(actual[name]), $"{name} differs");
        }
    }

    [Fact]
    public async Task A_run_learns_validates_samples_and_saves()
    {
        CommandLine run = await CommandLine.RunAsync(_runs.Options("run", "--steps", "150", "--dropout", "0", "--lr", "0.02", "--json"));
        Assert.Equal((ExitCode.Ok, ""), (run.Exit, run.Exit == ExitCode.Ok ? "" : run.Error));
        JsonElement json = run.Json;
        Assert.Equal("complete", json.GetProperty("end").GetString());
        Assert.Equal(150, json.GetProperty("steps").GetInt64());

        // Nine words, drawn evenly: log(9) nats a word of about 4.7 characters, 0.47 a character. A model of no context pays over 2.5.
        double best = json.GetProperty("best_nats_per_char").GetDouble();
        Assert.InRange(best, 0.45, 1.5);
        Assert.Equal(best / Math.Log(2), json.GetProperty("best_bits_per_char").GetDouble(), 12);
        Assert.Equal(400, json.GetProperty("sample").GetString()!.Length);
        Assert.True(json.GetProperty("characters_per_second").GetDouble() > 0);
        Assert.Equal(5400, json.GetProperty("train_characters").GetInt32());
        Assert.Equal(599, json.GetProperty("validation_characters").GetInt32());
        XDocument.Load(json.GetProperty("learning_curve").GetString()!);
        Assert.Contains("step 8: training ", run.Error, StringComparison.Ordinal);

        // The best checkpoint measures on the validation part, cut out by hand, what the run said it would.
        string validation = _runs.Files.Write("validation.txt", File.ReadAllText(_runs.Text)[^600..]);
        CommandLine eval = await CommandLine.RunAsync("eval", "--model", _runs["run"], "--data", validation, "--json");
        Assert.Equal(best, eval.Json.GetProperty("nats_per_char").GetDouble());
        Assert.Equal(599, eval.Json.GetProperty("characters").GetInt64());
    }

    [Theory]
    [InlineData("lstm", "adamw")]
    [InlineData("gru", "adam")]
    [InlineData("elman", "rmsprop")]
    [InlineData("gru-reset-before", "sgd")]
    [InlineData("elman-relu", "adamw")]
    public async Task Interrupted_and_resumed_runs_end_in_the_bytes_of_one_never_stopped(string cell, string optimizer)
    {
        // Validation lines come every 7 steps, checkpoints every 10: the stops fall before, on and after either.
        string[] more = ["--cell", cell, "--optimizer", optimizer, "--steps", "300", "--checkpoint-every", "10", "--validate-every", "7"];
        Assert.Equal(ExitCode.Ok, (await CommandLine.RunAsync(_runs.Options("whole", more))).Exit);

        var random = new Random(11);
        string[] args = _runs.Options("parts", more);
        for (int interruption = 0; interruption < 3; interruption++)
        {
            CommandLine part = await CommandLine.RunUntilAsync("validation ", random.Next(1, 12), args);
            Assert.True(part.Exit == ExitCode.Interrupted, part.Error);
            args = ["train", "charlm", "--resume", _runs["parts"]];
        }

        Assert.Equal(ExitCode.Ok, (await CommandLine.RunAsync(args)).Exit);
        AssertSame(_runs.Checkpoint("whole", 300), _runs.Checkpoint("parts", 300));
        Assert.Equal(File.ReadAllText(Path.Combine(_runs["whole"], "learning-curve.svg")), File.ReadAllText(Path.Combine(_runs["parts"], "learning-curve.svg")));
    }

    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    public async Task A_signal_saves_and_says_how_to_resume(string signal)
    {
        using Process process = CharLmRuns.Start([.. _runs.Options("run", "--steps", "1000000"), "--json"], "env", "--default-signal=INT,TERM");
        Task<string> error = process.StandardError.ReadToEndAsync(), output = process.StandardOutput.ReadToEndAsync();
        while (!process.HasExited && !_runs.HasCheckpoint("run")) { await Task.Delay(5); }
        using (Process kill = Process.Start("kill", ["-s", signal, $"{process.Id}"])) { await kill.WaitForExitAsync(); }
        await process.WaitForExitAsync();
        Assert.Equal(130, process.ExitCode);
        Assert.Contains($"continue with: rnngpu train charlm --resume {_runs["run"]}", await error, StringComparison.Ordinal);
        JsonElement json = JsonDocument.Parse(await output).RootElement;
        Assert.Equal(130, json.GetProperty("code").GetInt32());
        Assert.Equal("interrupted", json.GetProperty("end").GetString());
        Assert.True(Directory.Exists(json.GetProperty("checkpoint").GetString()));
    }

    [Fact]
    public async Task Killed_at_random_moments_and_resumed_a_run_ends_in_the_bytes_of_one_never_killed()
    {
        string[] more = ["--steps", "1200", "--checkpoint-every", "13"];
        Assert.Equal(ExitCode.Ok, (await CommandLine.RunAsync(_runs.Options("whole", more))).Exit);

        var random = new Random(7);
        string[] args = _runs.Options("parts", more);
        int kills = 0;
        while (true)
        {
            using Process process = CharLmRuns.Start(args);
            Task<string> error = process.StandardError.ReadToEndAsync(), output = process.StandardOutput.ReadToEndAsync();

            // Wait for the first checkpoint, then for a random time, then SIGKILL. After some kills let it end.
            while (!process.HasExited && !_runs.HasCheckpoint("parts")) { await Task.Delay(5); }
            if (kills < 4)
            {
                await Task.Delay(kills == 0 ? random.Next(40) : 250 + random.Next(300));
                process.Kill();
            }

            await process.WaitForExitAsync();
            await output;
            string said = await error;
            if (process.ExitCode == 0) { break; }
            Assert.True(process.ExitCode == 137, $"exit code {process.ExitCode}: {said}");
            kills++;
            args = ["train", "charlm", "--resume", _runs["parts"]];
        }

        Assert.True(kills > 0);
        AssertSame(_runs.Checkpoint("whole", 1200), _runs.Checkpoint("parts", 1200));
    }

    [Fact]
    public async Task Threads_do_not_change_a_bit_and_seeds_do()
    {
        foreach ((string name, string[] more) in new[] { ("one", (string[])["--threads", "1"]), ("two", ["--threads", "2"]), ("three", ["--threads", "3", "--seed", "2"]) })
        {
            Assert.Equal(ExitCode.Ok, (await CommandLine.RunAsync(_runs.Options(name, more))).Exit);
        }

        AssertSame(_runs.Checkpoint("one", 40), _runs.Checkpoint("two", 40));
        Assert.False(_runs.Checkpoint("one", 40)["model.safetensors"].AsSpan().SequenceEqual(_runs.Checkpoint("three", 40)["model.safetensors"]));
    }

    [Fact]
    public async Task A_run_can_be_extended_but_not_changed()
    {
        Assert.Equal(ExitCode.Ok, (await CommandLine.RunAsync(_runs.Options("run"))).Exit);
        foreach ((string option, string value) in new[]
                 {
                     ("--hidden", "13"), ("--layers", "1"), ("--cell", "gru"), ("--embedding", "7"), ("--dropout", "0"), ("--seq-length", "15"),
                     ("--batch", "19"), ("--optimizer", "sgd"), ("--lr", "0.1"), ("--clip", "0"), ("--seed", "9"), ("--schedule", "constant"),
                     ("--warmup", "1"), ("--weight-decay", "0"), ("--validation", "0.2"), ("--validate-every", "9"), ("--out", "elsewhere"),
                     ("--preset", "small"), ("--precision", "bf16"),
                 })
        {
            CommandLine refused = await CommandLine.RunAsync("train", "charlm", "--resume", _runs["run"], option, value);
            Assert.Equal(ExitCode.Usage, refused.Exit);
            Assert.StartsWith($"rnngpu: {option}", refused.Error, StringComparison.Ordinal);
        }

        CommandLine again = await CommandLine.RunAsync("train", "charlm", "--resume", _runs["run"], "--hidden", "12", "--json");
        Assert.Equal((ExitCode.Ok, 0), (again.Exit, again.Json.GetProperty("steps_by_this_process").GetInt32()));
        CommandLine longer = await CommandLine.RunAsync("train", "charlm", "--resume", _runs["run"], "--epochs", "3", "--json");
        Assert.Equal(3, longer.Json.GetProperty("epochs").GetInt32());
        Assert.Equal(longer.Json.GetProperty("steps").GetInt64(), 40 + longer.Json.GetProperty("steps_by_this_process").GetInt64());
    }

    [Fact]
    public async Task A_run_of_minutes_ends_in_time_and_settles_on_a_number_of_steps()
    {
        string[] options = _runs.Options("run");
        int at = Array.IndexOf(options, "--steps");
        (options[at], options[at + 1]) = ("--minutes", "0.05");
        var clock = Stopwatch.StartNew();
        CommandLine run = await CommandLine.RunAsync([.. options, "--json"]);
        Assert.Equal(ExitCode.Ok, run.Exit);

        // Three seconds, and a validation and a checkpoint behind them; the upper limits leave room for a busy machine.
        Assert.InRange(run.Json.GetProperty("seconds").GetDouble(), 2.9, 30);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(60));
        Assert.True(run.Json.GetProperty("steps").GetInt64() > 5);
        CommandLine resumed = await CommandLine.RunAsync("train", "charlm", "--resume", _runs["run"], "--json");
        Assert.Equal(ExitCode.Ok, resumed.Exit);
    }

    [Fact]
    public async Task A_run_that_is_over_leaves_no_more_than_three_checkpoints()
    {
        Assert.Equal(ExitCode.Ok, (await CommandLine.RunAsync(_runs.Options("run"))).Exit);
        Assert.InRange(Directory.GetDirectories(_runs["run"]).Length, 2, 3);
    }

    [Fact]
    public async Task An_explicit_directory_with_checkpoints_is_not_overwritten()
    {
        Assert.Equal(ExitCode.Ok, (await CommandLine.RunAsync(_runs.Options("run"))).Exit);
        SortedDictionary<string, byte[]> before = _runs.Checkpoint("run", 40);
        CommandLine again = await CommandLine.RunAsync(_runs.Options("run"));
        Assert.Equal(ExitCode.Usage, again.Exit);
        Assert.Contains("--resume", again.Error, StringComparison.Ordinal);
        AssertSame(before, _runs.Checkpoint("run", 40));
    }

    [Fact]
    public void Sources_of_the_project_are_found_from_below_its_root()
    {
        string? root = RnnGpu.Cli.Training.ProjectSources.FindRoot(AppContext.BaseDirectory);
        Assert.NotNull(root);
        TextCorpus corpus = TextCorpus.Read([root], [".cs", ".md"]);
        Assert.Contains(corpus.Files, file => file.EndsWith("LstmCell.cs", StringComparison.Ordinal));
        Assert.DoesNotContain(corpus.Files, file => file.Contains("/obj/", StringComparison.Ordinal));
        Assert.Null(RnnGpu.Cli.Training.ProjectSources.FindRoot(Path.GetTempPath()));
    }
}
