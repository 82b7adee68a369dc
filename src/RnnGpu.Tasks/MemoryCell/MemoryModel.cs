using System.Globalization;
using System.Text.Json.Nodes;
using RnnGpu.Core;
using RnnGpu.Nn;
using RnnGpu.Nn.Data;
using RnnGpu.Tasks.Frame;

namespace RnnGpu.Tasks.MemoryCell;

/// <summary>An LSTM and a linear output: <c>y = scale (V lstm(x) + b)</c>.</summary>
internal sealed class MemoryNetwork : Module
{
    private readonly Lstm _lstm;
    private readonly Dense _output;

    public MemoryNetwork(Device device, int hidden)
        : base(device)
    {
        _lstm = AddModule("lstm", new Lstm(device, 3, hidden));
        _lstm.SetForgetGateBias(1f);
        _output = AddModule("output", new Dense(device, hidden, 1));
    }

    public Tensor Forward(Tensor inputs, Tensor lengths) => _output.Forward(_lstm.Run(inputs, lengths: lengths).Output);
}

/// <summary>Sequences of a batch: inputs <c>[T, B, 3]</c>, outputs over the scale and weights <c>[T, B, 1]</c>, lengths <c>[B]</c>.</summary>
internal sealed class MemoryBatch
{
    public int Rows, Steps;
    public float[] Inputs = [], Outputs = [], Weights = [];
    public int[] Lengths = [];
}

/// <summary>The model, measured by how many unseen sequences it answers exactly: every step's output rounds to the truth.</summary>
internal sealed class MemoryModel(Device device, int hidden, float scale) : TaskModel
{
    private readonly MemoryNetwork _network = new(device, hidden);
    private readonly Mse _loss = new();

    public override Module Network => _network;

    public override TaskTraining Train(TaskData data, Settings settings)
    {
        IReadOnlyList<MemorySequence> sequences = ((MemoryData)data).Sequences;
        var source = new BucketedBatches<MemoryBatch>(
            [.. sequences.Select(static sequence => sequence.Steps)], settings.Get(TrainingSettings.Batch), (batch, rows) => Fill(batch, sequences, rows),
            (ulong)settings.Get(TrainingSettings.Seed));
        return new TaskTraining<MemoryBatch>(
            new Trainable<MemoryBatch>(_network, batch =>
            {
                var shape = new Shape(batch.Steps, batch.Rows, 1);
                int count = batch.Steps * batch.Rows;
                return _loss.Forward(
                    Outputs(batch), device.Tensor(batch.Outputs.AsSpan(0, count), shape), device.Tensor(batch.Weights.AsSpan(0, count), shape));
            }),
            source, new MemoryBatch(), source.BatchesPerEpoch, "steps", static batch => (long)batch.Steps * batch.Rows);
    }

    public override Scores Evaluate(TaskData data, bool full, CancellationToken stop = default)
    {
        IReadOnlyList<MemorySequence> sequences = ((MemoryData)data).Sequences;
        long exact = 0, steps = 0, right = 0;
        double squares = 0;
        float[][] all = Answers(sequences, stop);
        for (int i = 0; i < all.Length; i++)
        {
            bool whole = true;
            for (int t = 0; t < all[i].Length; t++)
            {
                double error = all[i][t] - sequences[i].Outputs[t];
                bool same = Math.Abs(error) < 0.5;
                squares += error * error;
                right += same ? 1 : 0;
                whole &= same;
            }

            steps += all[i].Length;
            exact += whole ? 1 : 0;
        }

        double rmse = Math.Sqrt(squares / steps);
        return new Scores(rmse, [new Score("exact_sequences", exact / (double)all.Length, "P2"), new Score("exact_steps", right / (double)steps, "P2"), new Score("rmse", rmse)]);
    }

    public override IReadOnlyList<TaskPicture> Pictures(TaskData data)
    {
        MemorySequence first = ((MemoryData)data).Sequences[0];
        float[] answer = Answers([first], default)[0];
        return [new LinesPicture(
            "memory", "Output of a sequence", "step", "y",
            [new("truth", [.. first.Outputs.Select(static y => (double)y)]), new("network", [.. answer.Select(static y => (double)y)])])];
    }

    public override void Predict(PredictionRequest request, Action<Prediction> answer, CancellationToken stop = default)
    {
        foreach (MemorySequence sequence in MemoryReader.Read(request.Lines(), outputs: false))
        {
            stop.ThrowIfCancellationRequested();
            float[] y = Answers([sequence], stop)[0];
            answer(new Prediction(
                string.Join(' ', y.Select(static value => (value + 0f).ToString("F2", CultureInfo.InvariantCulture))),
                new JsonObject { ["outputs"] = new JsonArray([.. y.Select(static value => (JsonNode)value)]) }));
        }
    }

    private float[][] Answers(IReadOnlyList<MemorySequence> sequences, CancellationToken stop)
    {
        var answers = new float[sequences.Count][];
        var batch = new MemoryBatch();
        foreach (int[] rows in LengthOrder.Batches([.. sequences.Select(static sequence => sequence.Steps)], 256))
        {
            stop.ThrowIfCancellationRequested();
            Fill(batch, sequences, rows);
            using NoGradScope scope = device.NoGrad();
            float[] y = Outputs(batch).ToArray();
            for (int b = 0; b < rows.Length; b++)
            {
                float[] answer = answers[rows[b]] = new float[sequences[rows[b]].Steps];
                for (int t = 0; t < answer.Length; t++) { answer[t] = scale * y[(t * rows.Length) + b]; }
            }
        }

        return answers;
    }

    private Tensor Outputs(MemoryBatch batch) => _network.Forward(
        device.Tensor(batch.Inputs.AsSpan(0, 3 * batch.Steps * batch.Rows), new Shape(batch.Steps, batch.Rows, 3)),
        device.Tensor(batch.Lengths.AsSpan(0, batch.Rows), new Shape(batch.Rows)));

    private void Fill(MemoryBatch batch, IReadOnlyList<MemorySequence> sequences, ReadOnlySpan<int> rows)
    {
        batch.Rows = rows.Length;
        batch.Steps = 1;
        foreach (int row in rows) { batch.Steps = Math.Max(batch.Steps, sequences[row].Steps); }
        int count = batch.Steps * batch.Rows;
        if (batch.Outputs.Length < count) { (batch.Inputs, batch.Outputs, batch.Weights) = (new float[3 * count], new float[count], new float[count]); }
        if (batch.Lengths.Length < batch.Rows) { batch.Lengths = new int[batch.Rows]; }
        batch.Inputs.AsSpan().Clear();
        batch.Weights.AsSpan().Clear();
        for (int b = 0; b < rows.Length; b++)
        {
            MemorySequence sequence = sequences[rows[b]];
            batch.Lengths[b] = sequence.Steps;
            for (int t = 0; t < sequence.Steps; t++)
            {
                int cell = (t * batch.Rows) + b;
                sequence.Inputs.AsSpan(3 * t, 3).CopyTo(batch.Inputs.AsSpan(3 * cell));
                batch.Outputs[cell] = sequence.Outputs[t] / scale;
                batch.Weights[cell] = 1f;
            }
        }
    }
}
