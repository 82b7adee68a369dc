using System.Diagnostics;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using RnnGpu.Cli;
using Xunit;

namespace RnnGpu.Tests.Cli;

/// <summary>Every kind of bad input ends with one clear line, its exit code, and earlier checkpoints whole.</summary>
public sealed class BadInputTests : IDisposable
{
    private readonly CharLmRuns _runs = new();

    public void Dispose() => _runs.Dispose();

    private static void AssertFails(CommandLine run, ExitCode code, params string[] parts)
    {
        Assert.Equal((code, run.Error), (run.Exit, run.Error));
        string line = Assert.Single(run.Error.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries), text => text.StartsWith("rnngpu: ", StringComparison.Ordinal));
        foreach (string part in parts) { Assert.Contains(part, line, StringComparison.Ordinal); }
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("unexpected", run.Error, StringComparison.Ordinal);
    }

    private static Task<CommandLine> TrainOn(params string[] data) => CommandLine.RunAsync(["train", "charlm", "--steps", "2", "--data", .. data]);

    [Fact]
    public async Task Data_that_is_no_text()
    {
        AssertFails(await TrainOn(_runs["none.txt"]), ExitCode.Data, "none.txt: no such file or directory");
        AssertFails(await TrainOn(_runs.Files.Write("empty.txt", "")), ExitCode.Data, "empty.txt: the file is empty");
        AssertFails(await TrainOn(_runs.Text, _runs.Files.Write("binary.txt", [65, 66, 0, 67])), ExitCode.Data, "binary.txt", "offset 2");
        AssertFails(await TrainOn(_runs.Files.Write("latin.txt", [65, 0xE9, 66])), ExitCode.Data, "latin.txt", "0xE9 at offset 1");
        AssertFails(await TrainOn(_runs.Files.Write("short.txt", "too short")), ExitCode.Data, "too short");
        AssertFails(await TrainOn(_runs.Files.Write("brief.txt", new string('a', 500))), ExitCode.Data, "450 characters", "need 2,112");
        Directory.CreateDirectory(_runs["empty"]);
        AssertFails(await TrainOn(_runs["empty"]), ExitCode.Data, "no text files");
        AssertFails(await TrainOn("/dev/zero"), ExitCode.Data, "/dev/zero", "NUL byte at offset 0");
    }

    [Theory]
    [InlineData("--layers", "0")]
    [InlineData("--layers", "65")]
    [InlineData("--hidden", "0")]
    [InlineData("--hidden", "-1")]
    [InlineData("--embedding", "0")]
    [InlineData("--seq-length", "0")]
    [InlineData("--seq-length", "99999999")]
    [InlineData("--batch", "0")]
    [InlineData("--batch", "4294967296")]
    [InlineData("--dropout", "1")]
    [InlineData("--dropout", "-0.1")]
    [InlineData("--lr", "0")]
    [InlineData("--lr", "-1")]
    [InlineData("--lr", "NaN")]
    [InlineData("--lr", "Infinity")]
    [InlineData("--clip", "-1")]
    [InlineData("--weight-decay", "-1")]
    [InlineData("--epochs", "0")]
    [InlineData("--steps", "0")]
    [InlineData("--steps", "1.5")]
    [InlineData("--minutes", "0")]
    [InlineData("--minutes", "-3")]
    [InlineData("--validation", "0")]
    [InlineData("--validation", "1")]
    [InlineData("--validate-every", "0")]
    [InlineData("--checkpoint-every", "0")]
    [InlineData("--seed", "-1")]
    [InlineData("--threads", "0")]
    [InlineData("--threads", "257")]
    [InlineData("--cell", "lstmm")]
    [InlineData("--optimizer", "magic")]
    [InlineData("--schedule", "linear")]
    [InlineData("--preset", "huge")]
    [InlineData("--device", "cuda:x")]
    [InlineData("--precision", "fp8")]
    public async Task Options_out_of_range(string option, string value) =>
        AssertFails(await CommandLine.RunAsync("train", "charlm", "--data", _runs.Text, option, value), ExitCode.Usage, $"{option}: ", value);

    [Fact]
    public async Task Options_that_do_not_go_together()
    {
        AssertFails(await CommandLine.RunAsync("train", "charlm", "--steps", "1", "--epochs", "1"), ExitCode.Usage, "--epochs, --steps and --minutes");
        AssertFails(await CommandLine.RunAsync("train", "charlm", "--steps", "1", "--steps", "2"), ExitCode.Usage, "--steps");
        AssertFails(await CommandLine.RunAsync("train", "charlm", "--steps"), ExitCode.Usage, "--steps");
        AssertFails(await CommandLine.RunAsync("train"), ExitCode.Usage, "rnngpu train --help");
        AssertFails(await CommandLine.RunAsync("train", "poetry"), ExitCode.Usage, "'poetry'");
        AssertFails(await CommandLine.RunAsync("sample"), ExitCode.Usage, "--model");
        AssertFails(await CommandLine.RunAsync("eval", "--model", "x"), ExitCode.Usage, "--data");
    }

    [Fact]
    public async Task Sizes_that_fit_no_memory()
    {
        string[] args = _runs.Options("run", "--hidden", "65536", "--layers", "64");
        AssertFails(await CommandLine.RunAsync(args), ExitCode.Memory, "GiB", "lower --hidden");
        AssertFails(await CommandLine.RunAsync(_runs.Options("run", "--batch", "1048576")), ExitCode.Data, "too short");
    }

    [Fact]
    public async Task A_loss_that_is_no_number_saves_nothing_of_it()
    {
        Assert.Equal(ExitCode.Ok, (await CommandLine.RunAsync(_runs.Options("run"))).Exit);
        SortedDictionary<string, byte[]> before = _runs.Checkpoint("run", 40);
        string[] explosive = _runs.Options(
            "burst", "--lr", "1000", "--optimizer", "sgd", "--clip", "0", "--warmup", "0", "--schedule", "constant", "--cell", "elman-relu", "--steps", "500");
        AssertFails(await CommandLine.RunAsync(explosive), ExitCode.Numeric, "step ", "lower learning rate");
        Assert.Equal(before, _runs.Checkpoint("run", 40));
        foreach (string checkpoint in Directory.GetDirectories(_runs["burst"]))
        {
            CommandLine eval = await CommandLine.RunAsync("eval", "--model", checkpoint, "--data", _runs.Text, "--json");
            Assert.True(eval.Exit == ExitCode.Ok, eval.Error);
        }
    }

    [Fact]
    public async Task Directories_that_are_no_runs()
    {
        Directory.CreateDirectory(_runs["empty"]);
        foreach (string directory in new[] { _runs["none"], _runs["empty"], _runs.Text })
        {
            AssertFails(await CommandLine.RunAsync("sample", "--model", directory), ExitCode.Model, directory);
            AssertFails(await CommandLine.RunAsync("eval", "--model", directory, "--data", _runs.Text), ExitCode.Model, directory);
            AssertFails(await CommandLine.RunAsync("train", "charlm", "--resume", directory), ExitCode.Model, directory);
        }

        AssertFails(await CommandLine.RunAsync("sample", "--model", ""), ExitCode.Usage, "--model");
        AssertFails(await CommandLine.RunAsync(_runs.Options("text.txt/below")), ExitCode.InputOutput, "text.txt");
    }

    [Fact]
    public async Task A_text_that_changed_since_the_run_began()
    {
        Assert.Equal(ExitCode.Ok, (await CommandLine.RunAsync(_runs.Options("run"))).Exit);
        string other = _runs.Files.Write("other.txt", CharLmRuns.MakeText(6001));
        AssertFails(await CommandLine.RunAsync("train", "charlm", "--resume", _runs["run"], "--data", other), ExitCode.Data, "6,001 characters now, 6,000 then");
        string same = _runs.Files.Write("moved/copy.txt", File.ReadAllText(_runs.Text));
        Assert.Equal(ExitCode.Ok, (await CommandLine.RunAsync("train", "charlm", "--resume", _runs["run"], "--data", same)).Exit);
    }

    [Fact]
    public async Task Mutated_checkpoints_are_refused_and_the_one_before_is_taken()
    {
        Assert.Equal(ExitCode.Ok, (await CommandLine.RunAsync(_runs.Options("run"))).Exit);
        string newest = Path.Combine(_runs["run"], "step-000000040");
        string[] files = Directory.GetFiles(newest);
        Properties.Check(
            Prop.ForAll(
                (from file in Gen.Elements(files)
                 from kind in Gen.Choose(0, 3)
                 from at in Gen.Choose(0, 1_000_000)
                 from value in Gen.Choose(1, 255)
                 select (file, kind, at, value)).ToArbitrary(),
                mutation =>
                {
                    byte[] bytes = File.ReadAllBytes(mutation.file);
                    try
                    {
                        Mutate(mutation.file, bytes, mutation.kind, mutation.at % bytes.Length, (byte)mutation.value);
                        AssertFails(CommandLine.RunAsync("eval", "--model", newest, "--data", _runs.Text).Result, ExitCode.Model, newest);
                    }
                    finally
                    {
                        File.WriteAllBytes(mutation.file, bytes);
                    }
                }),
            cases: 60);

        // The run goes on from the checkpoint before, to the same end.
        byte[] model = File.ReadAllBytes(Path.Combine(newest, "model.safetensors"));
        File.WriteAllBytes(Path.Combine(newest, "model.safetensors"), model[..100]);
        CommandLine resumed = await CommandLine.RunAsync("train", "charlm", "--resume", _runs["run"], "--json");
        Assert.True(resumed.Exit == ExitCode.Ok, resumed.Error);
        Assert.True(resumed.Json.GetProperty("steps_by_this_process").GetInt64() > 0);
        Assert.Contains("passed over", resumed.Error, StringComparison.Ordinal);
        Assert.Equal(model, File.ReadAllBytes(Path.Combine(newest, "model.safetensors")));
    }

    private static void Mutate(string file, byte[] bytes, int kind, int at, byte value)
    {
        switch (kind)
        {
            case 0: File.Delete(file); break;
            case 1: File.WriteAllBytes(file, bytes[..at]); break;
            case 2: File.WriteAllBytes(file, [.. bytes, value]); break;
            default:
                byte[] flipped = [.. bytes];
                flipped[at] ^= value;
                File.WriteAllBytes(file, flipped);
                break;
        }
    }

    [Fact]
    public async Task A_disk_that_fills_while_saving_leaves_earlier_checkpoints_whole()
    {
        // A limit on file sizes (in KiB) below that of the weights stands for the full disk: writes fail from there on.
        Assert.Equal(ExitCode.Ok, (await CommandLine.RunAsync(_runs.Options("run"))).Exit);
        SortedDictionary<string, byte[]> before = _runs.Checkpoint("run", 40);
        string[] shell = ["bash", "-c", "trap '' XFSZ; ulimit -f 4; exec env DOTNET_EnableWriteXorExecute=0 \"$@\"", "bash"];
        using Process process = CharLmRuns.Start(["train", "charlm", "--resume", _runs["run"], "--steps", "60"], shell);
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        AssertFails(new CommandLine(process.ExitCode, await output, await error), ExitCode.InputOutput, _runs["run"]);
        Assert.Equal(before, _runs.Checkpoint("run", 40));
        Assert.DoesNotContain(Directory.GetDirectories(_runs["run"]), path => Path.GetFileName(path).StartsWith('.'));
        CommandLine resumed = await CommandLine.RunAsync("train", "charlm", "--resume", _runs["run"], "--steps", "60");
        Assert.True(resumed.Exit == ExitCode.Ok, resumed.Error);
    }

    [Fact]
    public async Task Any_bytes_as_training_text_train_or_fail_with_one_line()
    {
        byte[] text = Encoding.UTF8.GetBytes(CharLmRuns.MakeText(700));
        int number = 0, trained = 0;
        Properties.Check(
            Prop.ForAll(
                (from at in Gen.Choose(0, text.Length - 1)
                 from bytes in Gen.ArrayOf(Gen.Choose(0, 255))
                 select (at, bytes)).ToArbitrary(),
                mutation =>
                {
                    byte[] mutated = [.. text[..mutation.at], .. mutation.bytes.Select(b => (byte)b), .. text[mutation.at..]];
                    string name = $"any{number++}", file = _runs.Files.Write($"{name}.txt", mutated);
                    CommandLine run = CommandLine.RunAsync(
                        "train", "charlm", "--data", file, "--out", _runs[name], "--steps", "2", "--hidden", "4", "--embedding", "3",
                        "--seq-length", "8", "--batch", "4").Result;
                    if (run.Exit == ExitCode.Ok) { trained++; }
                    else { AssertFails(run, ExitCode.Data, file); }
                }),
            cases: 40);
        Assert.InRange(trained, 1, number - 1);
        await Task.CompletedTask;
    }
}
