using RnnGpu.Core;
using RnnGpu.Cpu;
using RnnGpu.Nn;
using RnnGpu.Nn.Checkpoints;
using RnnGpu.Nn.Data;
using RnnGpu.Tasks;
using RnnGpu.Tasks.CharLm;
using RnnGpu.Tasks.Language;
using Xunit;

namespace RnnGpu.Tests.Tasks;

public sealed class CharModelTests : IDisposable
{
    private static readonly Vocabulary Characters = Vocabulary.Of(TextCorpus.FromString("abcdefgh \n").CodePoints.Span);

    private readonly Device _device = new(CpuBackend.Create(threads: 2), seed: 5);

    public static TheoryData<CellKind> Cells() => [.. Enum.GetValues<CellKind>()];

    public void Dispose() => _device.Dispose();

    private CharModel Model(CellKind cell = CellKind.Lstm, float dropout = 0) =>
        new(_device, new CharModelConfig(cell, Layers: 2, Hidden: 20, Embedding: 7, dropout), Characters.Size);

    /// <summary>Ids of a text that is the same every time.</summary>
    private static int[] Text(int length)
    {
        var random = new Random(3);
        return [.. Enumerable.Range(0, length).Select(_ => random.Next(1, Characters.Size))];
    }

    [Theory]
    [MemberData(nameof(Cells))]
    public void Parameter_count_is_known_from_the_sizes(CellKind cell)
    {
        using CharModel model = Model(cell);
        Assert.Equal(model.ParameterCount(), model.Config.ParameterCount(Characters.Size));
    }

    [Fact]
    public void Recurrent_weights_start_orthogonal_and_forget_gates_at_one()
    {
        using CharModel model = Model();
        int h = model.Config.Hidden;
        Parameter Of(string name) => model.NamedParameters().Single(entry => entry.Name == name).Parameter;
        float[] weights = Of("rnn.weight_hh_l1").ToArray();
        for (int gate = 0; gate < 4; gate++)
        {
            for (int i = 0; i < h; i++)
            {
                for (int j = 0; j <= i; j++)
                {
                    double dot = 0;
                    for (int k = 0; k < h; k++) { dot += (double)weights[(((gate * h) + i) * h) + k] * weights[(((gate * h) + j) * h) + k]; }

                    // Rows rounded to float: errors of some 1e-7 in each of 20 terms.
                    Assert.Equal(i == j ? 1 : 0, dot, 1e-5);
                }
            }
        }

        Assert.All(Of("rnn.bias_ih_l0").ToArray()[h..(2 * h)], bias => Assert.Equal(1f, bias));
        Assert.All(Of("rnn.bias_hh_l0").ToArray()[h..(2 * h)], bias => Assert.Equal(0f, bias));
    }

    [Theory]
    [MemberData(nameof(Cells))]
    public void Evaluation_is_the_mean_surprise_of_reading_character_by_character(CellKind cell)
    {
        using CharModel model = Model(cell);
        int[] text = Text(150);
        double nats = 0;
        model.Eval();
        using (var session = new StreamSession(model))
        {
            var logits = new float[Characters.Size];
            for (int i = 0; i + 1 < text.Length; i++)
            {
                session.Step(text[i], logits);
                nats += Math.Log(logits.Sum(logit => Math.Exp(logit))) - logits[text[i + 1]];
            }
        }

        using var exact = new CharEvaluator(model, text, streams: 1);
        CharScore score = exact.Evaluate();
        Assert.Equal(text.Length - 1, score.Characters);

        // Losses of about 2.4, each with float rounding of some 1e-7 relative in logits and log-sum-exp.
        Assert.Equal(nats / score.Characters, score.NatsPerCharacter, 1e-5);
        Assert.Equal(score.NatsPerCharacter / Math.Log(2), score.BitsPerCharacter, 1e-12);

        // A warm-up longer than the text makes parallel streams exact, but for the order of the sum.
        using var parallel = new CharEvaluator(model, text, streams: 9);
        Assert.Equal(score.NatsPerCharacter, parallel.Evaluate().NatsPerCharacter, 1e-5);
        Assert.Equal(parallel.Evaluate(), parallel.Evaluate());
    }

    [Fact]
    public void Evaluation_leaves_dropout_and_training_mode_as_they_were()
    {
        using CharModel dropping = Model(dropout: 0.5f);
        using var evaluator = new CharEvaluator(dropping, Text(100), streams: 1);
        CharScore first = evaluator.Evaluate();
        Assert.True(dropping.Training);
        Assert.Equal(first, evaluator.Evaluate());
        dropping.Eval();
        Assert.Equal(first, evaluator.Evaluate());
        Assert.False(dropping.Training);
    }

    [Fact]
    public void Unknown_characters_are_counted()
    {
        using CharModel model = Model();
        using var evaluator = new CharEvaluator(model, [0, 1, 0, 2, 0], streams: 1);
        Assert.Equal(2, evaluator.Evaluate().UnknownCharacters);
    }

    [Fact]
    public void Training_allocates_nothing_after_the_first_steps()
    {
        using CharModel model = Model(dropout: 0.2f);
        using var task = new CharTask(model, streams: 6);
        using var optimizer = new AdamW(model);
        var stream = new TokenStream(Text(2000), 6, 11, seed: 1);
        var batch = new TokenBatch(11, 6);
        void Step()
        {
            stream.Next(batch);
            task.Loss(batch).Backward();
            optimizer.Step(GradientClipping.Norm(1f));
            model.ZeroGrad();
            if (stream.EpochEnded) { task.ResetState(); }
        }

        for (int i = 0; i < 3; i++) { Step(); }
        long blocks = _device.AllocationCount, bytes = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 60; i++) { Step(); }
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - bytes);
        Assert.Equal(blocks, _device.AllocationCount);
        Assert.True(stream.Cursor.Epoch >= 2);
    }

    [Fact]
    public void Writing_reads_what_it_was_given_and_repeats_itself()
    {
        using CharModel model = Model();
        model.Eval();
        using var writer = new CharWriter(model, Characters);
        string Write(string prime, ulong seed)
        {
            writer.Read(TextCorpus.FromString(prime).CodePoints.Span);
            var sampler = new TokenSampler(Characters.Size, 1, 1, seed);
            return Characters.Decode([.. Enumerable.Range(0, 60).Select(_ => writer.Next(sampler))]);
        }

        Assert.Equal(Write("abc", 1), Write("abc", 1));
        Assert.NotEqual(Write("abc", 1), Write("abc", 2));
        Assert.NotEqual(Write("abc", 1), Write("hhh", 1));
        Assert.Equal(Write("", 1), Write("\n", 1));
    }

    [Theory]
    [MemberData(nameof(Cells))]
    public void Sizes_and_vocabulary_stand_in_a_checkpoint(CellKind cell)
    {
        using var directory = new TemporaryDirectory();
        using CharModel model = Model(cell, dropout: 0.25f);
        string path = Save(directory.Path, model, model.Config);
        (CharModelConfig config, Vocabulary vocabulary) = CharModelFormat.Read(Checkpoint.Open(path));
        Assert.Equal(model.Config, config);
        Assert.Equal(Characters.CodePoints, vocabulary.CodePoints);
    }

    [Fact]
    public void Sizes_that_lie_are_refused_before_anything_is_allocated()
    {
        using var directory = new TemporaryDirectory();
        using CharModel model = Model();
        foreach ((CharModelConfig lie, string reason) in new[]
                 {
                     (model.Config with { Hidden = 65536 }, "weights, but it holds"),
                     (model.Config with { Layers = 1 }, "weights, but it holds"),
                     (model.Config with { Cell = CellKind.ElmanTanh }, "weights, but it holds"),
                     (model.Config with { Hidden = 0 }, "Hidden 0 is out of range"),
                     (model.Config with { Layers = 1_000_000 }, "Layers 1000000 is out of range"),
                     (model.Config with { Dropout = 1f }, "Dropout 1 is out of range"),
                 })
        {
            string path = Save(directory.Path, model, lie);
            string message = Assert.Throws<CheckpointException>(() => CharModelFormat.Read(Checkpoint.Open(path))).Message;
            Assert.Contains(reason, message, StringComparison.Ordinal);
        }
    }

    private static string Save(string directory, CharModel model, CharModelConfig config) => CheckpointFolder.Save(directory, 1, writer =>
    {
        writer.Tensors(ModelFile.Name, file => ModelFile.Write(file, model));
        writer.Section(CharModelFormat.SectionName, CharModelFormat.ToJson(config, Characters));
    });
}
