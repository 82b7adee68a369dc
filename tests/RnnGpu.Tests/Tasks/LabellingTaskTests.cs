using System.Text.Json;
using RnnGpu.Cli;
using RnnGpu.Core;
using RnnGpu.Nn;
using RnnGpu.Nn.Checkpoints;
using RnnGpu.Nn.Data;
using RnnGpu.Tasks.Frame;
using RnnGpu.Tasks.Labelling;
using RnnGpu.Tasks.Segment;
using RnnGpu.Tasks.Slots;
using RnnGpu.Tasks.Tag;
using RnnGpu.Tests.Nn;
using Xunit;

namespace RnnGpu.Tests.Tasks;

/// <summary>The tasks that label sequences: their made-up data are learned to the known answer, files are read strictly.</summary>
public sealed class LabellingTaskTests : IDisposable
{
    private const string Token = "1\tGo\tgo\tVERB\tVB\t_\t0\troot\t_\t_\n";

    private readonly TemporaryDirectory _directory = new();

    private string Out => _directory["run"];

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Slots_and_intents_of_made_up_requests_are_learned()
    {
        JsonElement scores = await TrainDemo("slots");
        Assert.True(scores.GetProperty("slot_f1").GetDouble() > 0.98, $"{scores}");
        Assert.True(scores.GetProperty("intent_accuracy").GetDouble() > 0.98, $"{scores}");
        Answer answer = await Run("predict", "slots", "--model", Out, "--input", _directory.Write("in", "show me flights to new york from oakland on friday\n"u8.ToArray()));
        Assert.Equal("flight\tO O O O B-toloc I-toloc O B-fromloc O B-day\n", answer.Output);
        Answer json = await Run("predict", "slots", "--model", Out, "--json", "--input", _directory["in"]);
        Assert.Equal("flight", json.Json.GetProperty("predictions")[0].GetProperty("intent").GetString());
    }

    [Fact]
    public async Task Parts_of_speech_of_new_words_are_told_by_their_endings()
    {
        JsonElement scores = await TrainDemo("tag");
        Assert.True(scores.GetProperty("accuracy").GetDouble() > 0.97, $"{scores}");
        Assert.True(scores.GetProperty("accuracy_of_unknown_words").GetDouble() > 0.97, $"{scores}");
        Answer answer = await Run("predict", "tag", "--model", Out, "--input", _directory.Write("in", "doboness kiraly gapeing\n"u8.ToArray()));
        Assert.Equal("doboness\tNOUN\nkiraly\tADV\ngapeing\tVERB\n\n", answer.Output);
    }

    [Fact]
    public async Task Words_of_made_up_text_are_found_beyond_the_first_plane_too()
    {
        JsonElement scores = await TrainDemo("segment");
        Assert.True(scores.GetProperty("word_f1").GetDouble() > 0.99, $"{scores}");
        Answer answer = await Run("predict", "segment", "--model", Out, "--input", _directory.Write("in", "天上地𠮷𡈽上人 日\n\n"));
        Assert.Equal("天上  地  𠮷𡈽上  人  日\n\n", answer.Output);
    }

    [Theory]
    [InlineData("slots")]
    [InlineData("tag")]
    [InlineData("segment")]
    public void Demos_are_learned_on_the_emulator_as_on_the_cpu(string name)
    {
        LearningTask task = Tasks().Single(task => task.Name == name);
        Settings settings = task.DefaultSettings().With(task.DemoSettings).With([TrainingSettings.Batch.Is(4), TrainingSettings.Steps.Is(3)]);
        DataSplit data = task.Demo(settings);
        double[] cpu = Losses("Scalar"), emulator = Losses("emulator");
        for (int i = 0; i < cpu.Length; i++) { Assert.Equal(cpu[i], emulator[i], 1e-3 * cpu[0]); }
        Assert.NotEqual(cpu[0], cpu[^1]);

        double[] Losses(string backend)
        {
            using Device device = BackendDevices.Create(backend);
            using TaskModel model = task.Create(device, settings, CheckpointSection.Of(task.Describe(data.Training, settings), "description"));
            using TaskTraining training = model.Train(data.Training, settings);
            using Optimizer optimizer = model.MakeOptimizer(settings);
            var losses = new LossList();
            using ITrainer trainer = training.Start(optimizer, new TrainerOptions { MaxSteps = 3, ReportEvery = 1, Callbacks = [losses] });
            trainer.Run();
            model.Network.Eval();
            return [.. losses.Values, model.Evaluate(data.Validation.Subset([0, 1, 2, 3]), full: true).Objective];
        }
    }

    [Theory]
    [InlineData("tag")]
    [InlineData("segment")]
    public async Task A_resumed_run_ends_in_the_bytes_of_one_that_was_never_stopped(string task)
    {
        string data = task == "tag"
            ? string.Concat(Enumerable.Range(0, 40).Select(i => $"word{i % 7}\tN\nof{i % 3}\tP\n\n"))
            : string.Concat(Enumerable.Range(0, 40).Select(i => $"上{i % 5}  天{i % 3}地\n"));
        _directory.Write("data.txt", data);
        string[] Words(string directory, int epochs) =>
            ["train", task, "--data", _directory["data.txt"], "--out", directory, "--epochs", $"{epochs}", "--schedule", "constant", "--batch", "8", "--hidden", "8"];
        Assert.Equal(ExitCode.Ok, (await Run(Words(_directory["whole"], 4))).Exit);
        Assert.Equal(ExitCode.Ok, (await Run(Words(Out, 2))).Exit);
        Assert.Equal(ExitCode.Ok, (await Run("train", task, "--resume", Out, "--epochs", "4")).Exit);
        string Newest(string directory) => Directory.GetDirectories(directory, "step-*").Order(StringComparer.Ordinal).Last();
        Assert.Equal(File.ReadAllBytes(Path.Combine(Newest(_directory["whole"]), "model.safetensors")), File.ReadAllBytes(Path.Combine(Newest(Out), "model.safetensors")));
    }

    [Fact]
    public async Task Tags_and_intents_that_training_did_not_have_count_as_missed()
    {
        string[] training = Slots("train", "fly to boston\nfly to denver\n", "O O B-city\nO O B-city\n", "flight\nflight\n");
        string[] valid = Slots("valid", "fly to boston\nprice please now\n", "O O B-city\nB-what I-what O\n", "flight\nairfare\n");
        Answer trained = await Run(["train", "slots", "--out", Out, "--epochs", "20", "--lr", "0.02", "--json", "--data", .. training, "--valid", .. valid]);
        Assert.True(trained.Exit == ExitCode.Ok, trained.Error);
        JsonElement scores = trained.Json.GetProperty("scores");
        Assert.Equal(0.5, scores.GetProperty("intent_accuracy").GetDouble());
        Assert.InRange(scores.GetProperty("slot_recall").GetDouble(), 0, 0.5);
    }

    [Fact]
    public void Conllu_files_are_read_without_multiword_tokens_and_empty_nodes()
    {
        const string Text = "# text = don't\n1-2\tdon't\t_\t_\t_\t_\t_\t_\t_\t_\n1\tdo\tdo\tAUX\tVBP\t_\t0\troot\t_\t_\n2\tn't\tnot\tPART\tRB\t_\t1\tadvmod\t_\t_\n"
            + "2.1\tgone\tgo\tVERB\tVBN\t_\t_\t_\t_\t_\n3\t#\t#\tSYM\tNN\t_\t1\tdep\t_\t_\n\n" + Token;
        TaggedData data = TagReader.Read([TextSource.String("x", Text)], fine: false);
        Assert.Equal(["do n't #", "Go"], data.Sentences.Select(sentence => string.Join(' ', sentence.Words)));
        Assert.Equal(["AUX PART SYM", "VERB"], data.Sentences.Select(sentence => string.Join(' ', sentence.Tags)));
        Assert.Equal(["VBP RB NN", "VB"], TagReader.Read([TextSource.String("x", Text)], fine: true).Sentences.Select(sentence => string.Join(' ', sentence.Tags)));
    }

    [Fact]
    public void Two_columns_are_read_with_separators_of_one_tab_and_tokens_that_begin_like_comments()
    {
        TaggedData data = TagReader.Read([TextSource.String("x", "#fun\tO\nKyiv\tB-place\n\t\n \t \n\n#\tO\n# 1\tI-place\n")], fine: false);
        Assert.Equal(["#fun Kyiv", "# # 1"], data.Sentences.Select(sentence => string.Join(' ', sentence.Words)));
        Assert.Equal(["O B-place", "O I-place"], data.Sentences.Select(sentence => string.Join(' ', sentence.Tags)));
    }

    [Theory]
    [InlineData("# c\n" + Token + "2\tx\tx\tNOUN\t_\n", "x:3: 5 fields where 10 belong (CoNLL-U)")]
    [InlineData(Token + "2\tx\tx\tNOUNS\t_\t_\t_\t_\t_\t_\n", "x:2:7: 'NOUNS' is no universal part of speech")]
    [InlineData(Token + "2\tx\tx\t_\t_\t_\t_\t_\t_\t_\n", "x:2:7: the UPOS tag is missing")]
    [InlineData(Token + "two\tx\tx\tNOUN\t_\t_\t_\t_\t_\t_\n", "x:2:1: 'two' is not a whole number")]
    [InlineData(Token + "2\t\tx\tNOUN\t_\t_\t_\t_\t_\t_\n", "x:2:3: the word is missing")]
    [InlineData("a\tO\nb O\n", "x:2: 1 fields where 2 belong (token TAB tag)")]
    [InlineData("a\tO\nb\tB-x\nc\tlocation\n", "x:3:3: 'location' is no tag of a span")]
    [InlineData("a\tO\nb\t\n", "x:2:3: '' is no tag")]
    [InlineData("a\tO\n\tO\n", "x:2:1: the token is missing")]
    [InlineData("\n\t\n", "x: there are no sentences")]
    public void Malformed_tags_name_the_place(string text, string message) =>
        Assert.Contains(message, Assert.Throws<DataException>(() => TagReader.Read([TextSource.String("x", text)], fine: false)).Message);

    [Theory]
    [InlineData("a b\n", "O\n", "i\n", "tags:1: 1 tags for the 2 words of words:1")]
    [InlineData("a b\n", "O X-y\n", "i\n", "tags:1:3: 'X-y' is no slot tag")]
    [InlineData("a b\n", "O B\n", "i\n", "tags:1:3: 'B' is no slot tag")]
    [InlineData("a  b\n", "O O O\n", "i\n", "words:1:3: a word is missing")]
    [InlineData("a\nb\n", "O\n", "i\ni\n", "words:2: tags has no line for it")]
    [InlineData("a\n", "O\nO\n", "i\n", "tags:2: words has no line for it")]
    [InlineData("a\n", "O\n", " \n", "intents:1: the intent is missing")]
    [InlineData("", "", "", "words: there are no requests")]
    public void Malformed_requests_name_the_place(string words, string tags, string intents, string message) => Assert.Contains(
        message,
        Assert.Throws<DataException>(() => SlotsReader.Read([TextSource.String("words", words), TextSource.String("tags", tags), TextSource.String("intents", intents)])).Message);

    [Fact]
    public async Task Bad_input_is_told_in_a_line()
    {
        foreach ((string task, byte[] bytes, string message) in new (string, byte[], string)[]
        {
            ("tag", [.. "a\tO\nb\t"u8, 0xC3, 0x28, (byte)'\n'], ":2:3: not UTF-8 text: invalid byte 0xC3"),
            ("segment", "天 地\n天\t地\n"u8.ToArray(), ":2:2: a TAB"),
            ("segment", "天地\n"u8.ToArray(), "no line has more than one word"),
            ("segment", "\n\n"u8.ToArray(), "there are no sentences"),
            ("slots", "a b\n"u8.ToArray(), "1 files where threes belong"),
        })
        {
            Answer answer = await Run("train", task, "--data", _directory.Write("data", bytes), "--out", Out);
            Assert.Equal(ExitCode.Data, answer.Exit);
            Assert.Contains(message, answer.Error);
            Assert.Single(answer.Error.TrimEnd().Split('\n'));
        }
    }

    [Fact]
    public void Compressed_files_are_read_as_what_they_hold()
    {
        string path = _directory["data.conllu.gz"];
        using (var zip = new System.IO.Compression.GZipStream(File.Create(path), System.IO.Compression.CompressionLevel.Fastest))
        {
            zip.Write(System.Text.Encoding.UTF8.GetBytes(Token));
        }

        Assert.Equal(["Go"], TagReader.Read([TextSource.File(path)], fine: false).Words);
        string broken = _directory.Write("broken.gz", "no archive");
        Assert.Contains($"{broken}: cannot be read", Assert.Throws<DataException>(() => TagReader.Read([TextSource.File(broken)], fine: false)).Message);
    }

    private static LearningTask[] Tasks() => [new SlotsTask(), new TagTask(), new SegmentTask()];

    private static async Task<Answer> Run(params string[] words)
    {
        using StringWriter output = new(), error = new();
        int code = await Program.RunAsync([.. words, "--device", "cpu"], output, error, Tasks(), CancellationToken.None);
        return new Answer((ExitCode)code, output.ToString(), error.ToString());
    }

    private async Task<JsonElement> TrainDemo(string task)
    {
        Answer trained = await Run("train", task, "--demo", "--out", Out, "--json");
        Assert.True(trained.Exit == ExitCode.Ok, trained.Error);
        Answer measured = await Run("eval", task, "--model", Out, "--demo", "--json");
        JsonElement scores = trained.Json.GetProperty("scores");
        string first = scores.EnumerateObject().First().Name;
        Assert.Equal(scores.GetProperty(first).GetDouble(), measured.Json.GetProperty(first).GetDouble());
        return scores;
    }

    private string[] Slots(string name, string words, string tags, string intents) =>
        [_directory.Write($"{name}.in", words), _directory.Write($"{name}.out", tags), _directory.Write($"{name}.label", intents)];

    private sealed record Answer(ExitCode Exit, string Output, string Error)
    {
        public JsonElement Json => JsonDocument.Parse(Output).RootElement;
    }

    private sealed class LossList : ITrainingCallback
    {
        public List<double> Values { get; } = [];

        public void OnStep(in TrainingFigures figures) => Values.Add(figures.Loss);
    }
}
