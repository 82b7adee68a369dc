using RnnGpu.Cli;
using RnnGpu.Core;
using RnnGpu.Cpu;
using RnnGpu.Nn;
using RnnGpu.Nn.Checkpoints;
using RnnGpu.Nn.Data;
using RnnGpu.Tasks.Frame;
using RnnGpu.Tasks.Language;
using RnnGpu.Tasks.WordLm;
using RnnGpu.Tests.Nn;
using Xunit;

namespace RnnGpu.Tests.Tasks;

public sealed class WordLmTaskTests
{
    private static readonly WordLmTask Subject = new();

    [Fact]
    public async Task The_demo_is_learned_to_the_entropy_of_its_language()
    {
        using var runs = new TaskRuns();
        TaskAnswer trained = await runs.Run("train", "wordlm", "--demo", "--json", "--device", "cpu", "--threads", "1");
        Assert.Equal(ExitCode.Ok, trained.Exit);
        double perplexity = trained.Json.GetProperty("scores").GetProperty("perplexity").GetDouble();

        // 32^(1/6) = 1.782 is the least a model can have; the sample's own is within 1 % of it.
        Assert.InRange(perplexity, WordDemo.BestPerplexity * 0.99, WordDemo.BestPerplexity * 1.03);
        TaskAnswer measured = await runs.Run("eval", "wordlm", "--demo", "--json", "--device", "cpu", "--model", runs.Out);
        Assert.Equal(perplexity, measured.Json.GetProperty("perplexity").GetDouble());
        TaskAnswer used = await runs.Run("predict", "wordlm", "--model", runs.Out, "--input", runs.Write("the cat\n"), "--device", "cpu", "--temperature", "0.2");
        Assert.Matches("^the cat (scratches|sees) the (dog|cat|bird|child)\n$", used.Output);
    }

    [Fact]
    public void The_demo_is_learned_a_little_on_the_emulator_with_dropout_and_averaging()
    {
        using Device device = BackendDevices.Create("emulator");
        Settings settings = Subject.DefaultSettings().With(Subject.DemoSettings).With(
            [.. new LanguageConfig(12, 2, 0.05f, 0.1f, 0.1f, 0.1f, 0.1f).Values(), TrainingSettings.Averaging.Is("swa"), WordLmTask.SeqLength.Is(6), TrainingSettings.Batch.Is(8)]);
        DataSplit data = Subject.Split(new WordLmData(WordDemo.Lines(60, 1)), 0.2);
        using TaskModel model = Subject.Create(device, settings, CheckpointSection.Of(Subject.Describe(data.Training, settings), "description"));
        using TaskTraining training = model.Train(data.Training, settings);
        using Optimizer optimizer = model.MakeOptimizer(settings);
        using WeightAveraging? averaging = model.MakeAveraging(settings, 12);
        using ITrainer trainer = training.Start(optimizer, new TrainerOptions { MaxSteps = 12, Averaging = averaging, Clipping = GradientClipping.Norm(1f) });
        double before = Measure(model, data);
        trainer.Run();
        Assert.Equal(3, averaging!.Count);
        averaging.Swap();
        Assert.True(Measure(model, data) < before - 0.3, $"{before} before, {Measure(model, data)} after");
    }

    [Fact]
    public async Task A_streamed_text_is_learned_like_a_held_one_and_resumed_bit_for_bit()
    {
        string Text(int lines, ulong seed) => string.Concat(WordDemo.Lines(lines, seed).Select(static line => string.Join(' ', line[..^1]) + "\n"));
        using TaskRuns runs = new(), whole = new(), held = new(), uncutRuns = new();
        string data = runs.Write(Text(400, 1), "data.txt"), valid = runs.Write(Text(100, 2), "valid.txt");
        string[] Words(int epochs, string stream) =>
        [
            "train", "wordlm", "--data", data, "--valid", valid, "--stream", stream, "--preset", "small", "--units", "16", "--batch", "8", "--seq-length", "12",
            "--lr", "0.02", "--warmup", "0", "--schedule", "constant", "--epochs", $"{epochs}", "--json", "--device", "cpu", "--threads", "1",
        ];
        double streamed = Perplexity(await whole.Run(Words(20, "yes"))), inMemory = Perplexity(await held.Run(Words(20, "no")));
        Assert.InRange(streamed, WordDemo.BestPerplexity, 2.2);
        Assert.InRange(inMemory, WordDemo.BestPerplexity, 2.2);
        Perplexity(await runs.Run(Words(7, "yes")));
        Assert.Equal(streamed, Perplexity(await runs.Run("train", "wordlm", "--resume", runs.Out, "--epochs", "20", "--json", "--device", "cpu", "--threads", "1")));
        TaskAnswer uncut = await uncutRuns.Run("train", "wordlm", "--data", data, "--stream", "yes", "--device", "cpu");
        Assert.Equal(ExitCode.Data, uncut.Exit);
        Assert.Contains("--valid", uncut.Error, StringComparison.Ordinal);

        static double Perplexity(TaskAnswer answer)
        {
            Assert.True(answer.Exit == ExitCode.Ok, answer.Error);
            return answer.Json.GetProperty("scores").GetProperty("perplexity").GetDouble();
        }
    }

    [Fact]
    public void Lines_end_with_their_mark_and_prepared_unknown_words_are_the_vocabularys_own()
    {
        var data = (WordLmData)Subject.Read([TextSource.String("text", " a b <unk> \n\nb\tc\n")], Subject.DefaultSettings());
        Assert.Equal(["a", "b", "<unk>", "<eos>", "b", "c", "<eos>"], data.Lines.SelectMany(static line => line));
        WordVocabulary words = WordVocabulary.Read(CheckpointSection.Of(Subject.Describe(data, Subject.DefaultSettings()), "d"), "words");
        Assert.Equal(6, words.Size);
        Assert.Equal(WordVocabulary.UnknownId, data.Encode(words)[2]);
        Assert.Contains("2 lines, 7 words", data.Summary, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a b\nc <eos> d\n", "text:2:3: <eos> ends every line by itself")]
    [InlineData("a\n\0\n", "text:2:1: not text but binary")]
    [InlineData("\n\n", "there are no words")]
    public void Malformed_data_name_the_place(string text, string message) =>
        Assert.Contains(message, Assert.Throws<DataException>(() => Subject.Read([TextSource.String("text", text)], Subject.DefaultSettings())).Message, StringComparison.Ordinal);

    [Fact]
    public void Every_word_is_predicted_and_counted_once()
    {
        using var device = new Device(CpuBackend.Create(1), 1);
        Settings settings = Subject.DefaultSettings().With(Subject.DemoSettings);
        var data = new WordLmData(WordDemo.Lines(20, 1));
        using TaskModel model = Subject.Create(device, settings, CheckpointSection.Of(Subject.Describe(data, settings), "description"));
        model.Network.Eval();
        using (device.NoGrad())
        {
            // Zero weights: every word is as likely as any other.
            foreach (Parameter parameter in model.Network.Parameters()) { parameter.Load(new float[parameter.Shape.Length]); }
        }

        WordVocabulary words = WordVocabulary.Of(data.Lines.SelectMany(static line => line));
        Assert.Equal(words.Size, model.Evaluate(data, full: true).Primary.Value, 1e-3);
    }

    private static double Measure(TaskModel model, DataSplit data)
    {
        model.Network.Device.ReleaseStep();
        model.Network.Eval();
        return model.Evaluate(data.Validation, full: false).Objective;
    }
}
