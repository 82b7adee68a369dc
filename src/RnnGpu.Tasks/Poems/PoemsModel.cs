using System.Text;
using System.Text.Json.Nodes;
using RnnGpu.Core;
using RnnGpu.Nn;
using RnnGpu.Nn.Data;
using RnnGpu.Tasks.Frame;
using RnnGpu.Tasks.Language;

namespace RnnGpu.Tasks.Poems;

/// <summary>Poems side by side: characters <c>[T, B]</c> and those that follow them, padded; lengths <c>[B]</c>.</summary>
public sealed class PoemBatch
{
    internal int Rows, Steps;
    internal int[] Inputs = [], Targets = [], Lengths = [];
}

/// <summary>A character language model of whole poems.</summary>
public sealed class PoemsModel : TaskModel
{
    private const int MostCharacters = 200;

    private readonly Device _device;
    private readonly WordVocabulary _characters;
    private readonly LanguageModel _network;
    private readonly SoftmaxCrossEntropy _loss = new();
    private readonly double _sampleTemperature;
    private readonly ulong _seed;
    private readonly int _end;

    internal PoemsModel(Device device, LanguageConfig config, WordVocabulary characters, double sampleTemperature, ulong seed)
    {
        _device = device;
        _characters = characters;
        _sampleTemperature = sampleTemperature;
        _seed = seed;
        _end = characters.Id(PoemsData.End);
        _network = new LanguageModel(device, config, characters.Size);
    }

    /// <inheritdoc/>
    public override Module Network => _network;

    /// <inheritdoc/>
    public override TaskTraining Train(TaskData data, Settings settings)
    {
        int[][] poems = ((PoemsData)data).Encode(_characters);
        var source = new BucketedBatches<PoemBatch>(
            [.. poems.Select(static poem => poem.Length - 1)], settings.Get(TrainingSettings.Batch), (batch, rows) => Fill(batch, poems, rows),
            (ulong)settings.Get(TrainingSettings.Seed));
        return new TaskTraining<PoemBatch>(
            new Trainable<PoemBatch>(_network, batch => _loss.Forward(Logits(batch), Targets(batch))), source, new PoemBatch(), source.BatchesPerEpoch,
            "characters", static batch => Sum(batch.Lengths, batch.Rows));
    }

    /// <inheritdoc/>
    public override Scores Evaluate(TaskData data, bool full, CancellationToken stop = default)
    {
        int[][] poems = ((PoemsData)data).Encode(_characters);
        var sum = new SoftmaxCrossEntropy(reduction: Reduction.Sum);
        var batch = new PoemBatch();
        double nats = 0;
        long characters = 0;
        foreach (int[] rows in LengthOrder.Batches([.. poems.Select(static poem => poem.Length - 1)], 64))
        {
            stop.ThrowIfCancellationRequested();
            Fill(batch, poems, rows);
            using (_device.NoGrad()) { nats += sum.Forward(Logits(batch), Targets(batch)).Item(); }
            characters += Sum(batch.Lengths, batch.Rows);
        }

        nats /= characters;
        Score[] scores = [new Score("perplexity", Math.Exp(nats), "F2"), new Score("nats_per_character", nats)];
        if (!full) { return new Scores(nats, scores); }
        IReadOnlyList<string> written = Write(PoemsTask.SampleCount, _sampleTemperature, _seed, stop);
        double kept = (double)written.Count(PoemForm.Keeps) / written.Count;
        return new Scores(nats, [new Score("form_kept", kept, "P1"), .. scores, new Score("sample_temperature", _sampleTemperature, "F2")]);
    }

    /// <inheritdoc/>
    public override void Predict(PredictionRequest request, Action<Prediction> answer, CancellationToken stop = default)
    {
        IReadOnlyList<string> poems = Write(
            request.Settings.Get(PoemsTask.Count), request.Settings.Get(PoemsTask.Temperature), (ulong)request.Settings.Get(TrainingSettings.Seed), stop);
        foreach (string poem in poems)
        {
            answer(new Prediction(poem, new JsonObject { ["poem"] = poem, ["keeps_form"] = PoemForm.Keeps(poem) }));
        }
    }

    /// <summary>
    /// Writes poems, up to 100 side by side. Nothing constrains them but what the model learned: any character of its vocabulary may follow
    /// any other, and a poem ends where the model ends it, at the latest after 200 characters. Poem i depends on the seed and i only.
    /// </summary>
    private List<string> Write(int count, double temperature, ulong seed, CancellationToken stop)
    {
        var poems = new List<string>(count);
        for (int first = 0; first < count; first += 100)
        {
            StringBuilder[] texts = [.. Enumerable.Range(0, Math.Min(100, count - first)).Select(static _ => new StringBuilder())];
            var open = new bool[texts.Length];
            Array.Fill(open, true);
            using var writer = new TokenWriter(_network, _characters.Size, temperature, topP: 1, seed + (ulong)first, texts.Length);
            int[] ends = new int[texts.Length];
            Array.Fill(ends, _end);
            writer.Read(ends);
            for (int i = 0; i < MostCharacters && open.Contains(true); i++)
            {
                stop.ThrowIfCancellationRequested();
                ReadOnlySpan<int> next = writer.Draw(never: WordVocabulary.UnknownId);
                for (int b = 0; b < texts.Length; b++)
                {
                    open[b] &= next[b] != _end;
                    if (open[b]) { texts[b].Append(_characters.Word(next[b])); }
                }

                writer.Read(next);
            }

            poems.AddRange(texts.Select(static text => text.ToString()));
        }

        return poems;
    }

    private Tensor Logits(PoemBatch batch) => _network.Forward(
        _device.Tensor(batch.Inputs.AsSpan(0, batch.Steps * batch.Rows), new Shape(batch.Steps, batch.Rows)),
        _device.Tensor(batch.Lengths.AsSpan(0, batch.Rows), new Shape(batch.Rows)));

    private Tensor Targets(PoemBatch batch) =>
        _device.Tensor(batch.Targets.AsSpan(0, batch.Steps * batch.Rows), new Shape(batch.Steps, batch.Rows));

    private static void Fill(PoemBatch batch, int[][] poems, ReadOnlySpan<int> rows)
    {
        (batch.Rows, batch.Steps) = (rows.Length, 0);
        foreach (int row in rows) { batch.Steps = Math.Max(batch.Steps, poems[row].Length - 1); }
        if (batch.Inputs.Length < batch.Rows * batch.Steps)
        {
            (batch.Inputs, batch.Targets) = (new int[batch.Rows * batch.Steps], new int[batch.Rows * batch.Steps]);
        }

        if (batch.Lengths.Length < batch.Rows) { batch.Lengths = new int[batch.Rows]; }
        batch.Inputs.AsSpan().Clear(); // padding is id 0
        batch.Targets.AsSpan().Fill(-1);
        for (int b = 0; b < rows.Length; b++)
        {
            int[] poem = poems[rows[b]];
            batch.Lengths[b] = poem.Length - 1;
            for (int t = 0; t + 1 < poem.Length; t++)
            {
                batch.Inputs[(t * batch.Rows) + b] = poem[t];
                batch.Targets[(t * batch.Rows) + b] = poem[t + 1];
            }
        }
    }

    private static long Sum(int[] lengths, int rows)
    {
        long sum = 0;
        for (int b = 0; b < rows; b++) { sum += lengths[b]; }
        return sum;
    }
}
