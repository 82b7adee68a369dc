using System.Text.Json.Nodes;
using RnnGpu.Core;
using RnnGpu.Nn;
using RnnGpu.Nn.Checkpoints;
using RnnGpu.Nn.Data;
using RnnGpu.Tasks.Frame;

namespace RnnGpu.Tests.Frame;

/// <summary>A task for tests of the frame, as docs/tasks.md describes one: words labelled <c>odd</c> or <c>even</c> by how many of them are <c>one</c>.</summary>
internal sealed class ParityTask : LearningTask
{
    public static readonly Setting<int> Hidden = Setting.Int("hidden", 16, 1, 1024, "Units of the LSTM");

    public override string Name => "parity";

    public override string Summary => "Tell whether an odd number of words is 'one'";

    public override string DataFormat => "label TAB words";

    public override IReadOnlyList<Setting> OwnSettings => [Hidden];

    public override IReadOnlyList<SettingValue> Defaults =>
        [TrainingSettings.Epochs.Is(30), TrainingSettings.Batch.Is(16), TrainingSettings.LearningRate.Is(0.02)];

    public override IReadOnlyList<TaskPreset> Presets =>
        [new("small", "16 units", []), new("large", "32 units", [Hidden.Is(32)])];

    public override TaskData Read(IReadOnlyList<TextSource> sources, Settings settings)
    {
        var samples = new List<ParitySample>();
        foreach (TextLine line in TextLines.Read(sources))
        {
            TextField[] fields = line.Split('\t', 2, DataFormat);
            if (fields[0].Text is not ("odd" or "even")) { throw fields[0].Error($"there is no label '{fields[0].Text}'; use odd or even"); }
            samples.Add(new ParitySample(fields[0].Text, fields[1].Text.Split(' ')));
        }

        return samples.Count > 0 ? new ParityData(samples) : throw new DataException($"{sources[0].Name}: there are no samples");
    }

    public override DataSplit Demo(Settings settings)
    {
        var key = new RandomKey((ulong)settings.Get(TrainingSettings.Seed), 0, 1);
        Span<uint> words = stackalloc uint[4];
        var samples = new List<ParitySample>();
        for (int i = 0; i < 300; i++)
        {
            Philox.Block(key, (ulong)i, words);
            int length = 1 + (int)(words[0] % 5);
            string[] text = new string[length];
            for (int j = 0; j < length; j++) { text[j] = (words[1] >> j & 1) != 0 ? "one" : "zero"; }
            samples.Add(new ParitySample(text.Count(word => word == "one") % 2 != 0 ? "odd" : "even", text));
        }

        return Split(new ParityData(samples), 0.2);
    }

    public override JsonObject Describe(TaskData training, Settings settings) =>
        new() { ["words"] = WordVocabulary.Of(((ParityData)training).Samples.SelectMany(sample => sample.Words)).ToJson() };

    public override TaskModel Create(Device device, Settings settings, CheckpointSection description) =>
        new ParityModel(device, WordVocabulary.Read(description, "words"), settings.Get(Hidden));
}

internal sealed record ParitySample(string Label, string[] Words);

internal sealed class ParityData(IReadOnlyList<ParitySample> samples) : TaskData
{
    public IReadOnlyList<ParitySample> Samples { get; } = samples;

    public override int Count => Samples.Count;

    public override string Summary => $"{Count} texts";

    public override TaskData Subset(IReadOnlyList<int> indices) => new ParityData([.. indices.Select(i => Samples[i])]);
}

/// <summary>Texts of a batch: words <c>[T, B]</c>, padded; lengths <c>[B]</c>; labels <c>[B]</c>.</summary>
internal sealed class ParityBatch
{
    public int Rows, Steps;
    public int[] Words = [], Lengths = [], Labels = [];
}

internal sealed class ParityNetwork : Module
{
    private readonly Embedding _embedding;
    private readonly Lstm _lstm;
    private readonly Dense _output;

    public ParityNetwork(Device device, int words, int hidden)
        : base(device)
    {
        _embedding = AddModule("embedding", new Embedding(device, words, 8));
        _lstm = AddModule("lstm", new Lstm(device, 8, hidden));
        _output = AddModule("output", new Dense(device, hidden, 2));
    }

    public Tensor Forward(Tensor words, Tensor lengths)
    {
        RecurrentOutput y = _lstm.Run(_embedding.Forward(words), lengths: lengths, outputs: false);
        return _output.Forward(_lstm.Last(y.Hidden));
    }
}

internal sealed class ParityModel(Device device, WordVocabulary words, int hidden) : TaskModel
{
    private readonly ParityNetwork _network = new(device, words.Size, hidden);
    private readonly SoftmaxCrossEntropy _loss = new();

    public override Module Network => _network;

    public override TaskTraining Train(TaskData data, Settings settings)
    {
        IReadOnlyList<ParitySample> samples = ((ParityData)data).Samples;
        var source = new BucketedBatches<ParityBatch>(
            [.. samples.Select(sample => sample.Words.Length)], settings.Get(TrainingSettings.Batch),
            (batch, rows) => Fill(batch, samples, rows), (ulong)settings.Get(TrainingSettings.Seed), window: 4);
        return new TaskTraining<ParityBatch>(
            new Trainable<ParityBatch>(_network, batch => _loss.Forward(Logits(batch), device.Tensor(batch.Labels.AsSpan(0, batch.Rows), new Shape(batch.Rows)))),
            source, new ParityBatch(), source.BatchesPerEpoch, "texts", batch => batch.Rows);
    }

    public override Scores Evaluate(TaskData data, bool full, CancellationToken stop = default)
    {
        IReadOnlyList<ParitySample> samples = ((ParityData)data).Samples;
        var batch = new ParityBatch();
        var accuracy = new Accuracy();
        foreach (int[] rows in LengthOrder.Batches([.. samples.Select(sample => sample.Words.Length)], 64))
        {
            stop.ThrowIfCancellationRequested();
            Fill(batch, samples, rows);
            using (device.NoGrad()) { accuracy.Update(Logits(batch), device.Tensor(batch.Labels.AsSpan(0, batch.Rows), new Shape(batch.Rows))); }
        }

        return new Scores(1 - accuracy.Value, [new Score("accuracy", accuracy.Value, "P2")]);
    }

    public override IReadOnlyList<TaskPicture> Pictures(TaskData data) =>
        [new LinesPicture("lengths", "Lengths of texts", "text", "words", [new PictureLine("words", [.. ((ParityData)data).Samples.Select(sample => (double)sample.Words.Length)])])];

    public override void Predict(PredictionRequest request, Action<Prediction> answer, CancellationToken stop = default)
    {
        var batch = new ParityBatch();
        foreach (TextLine line in request.Lines())
        {
            stop.ThrowIfCancellationRequested();
            Fill(batch, [new ParitySample("even", line.Text.Split(' '))], [0]);
            using (device.NoGrad())
            {
                string label = Logits(batch).ArgMax().ToIntArray()[0] == 1 ? "odd" : "even";
                answer(new Prediction(label, new JsonObject { ["label"] = label }));
            }
        }
    }

    private Tensor Logits(ParityBatch batch) => _network.Forward(
        device.Tensor(batch.Words.AsSpan(0, batch.Steps * batch.Rows), new Shape(batch.Steps, batch.Rows)),
        device.Tensor(batch.Lengths.AsSpan(0, batch.Rows), new Shape(batch.Rows)));

    private void Fill(ParityBatch batch, IReadOnlyList<ParitySample> samples, ReadOnlySpan<int> rows)
    {
        batch.Rows = rows.Length;
        batch.Steps = 1;
        foreach (int row in rows) { batch.Steps = Math.Max(batch.Steps, samples[row].Words.Length); }
        if (batch.Words.Length < batch.Rows * batch.Steps) { batch.Words = new int[batch.Rows * batch.Steps]; }
        if (batch.Lengths.Length < batch.Rows) { (batch.Lengths, batch.Labels) = (new int[batch.Rows], new int[batch.Rows]); }
        batch.Words.AsSpan().Clear();
        for (int b = 0; b < rows.Length; b++)
        {
            ParitySample sample = samples[rows[b]];
            for (int t = 0; t < sample.Words.Length; t++) { batch.Words[(t * batch.Rows) + b] = words.Id(sample.Words[t]); }
            batch.Lengths[b] = sample.Words.Length;
            batch.Labels[b] = sample.Label == "odd" ? 1 : 0;
        }
    }
}
