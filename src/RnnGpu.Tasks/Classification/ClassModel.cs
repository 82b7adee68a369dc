using RnnGpu.Core;
using RnnGpu.Nn;
using RnnGpu.Nn.Data;
using RnnGpu.Tasks.Frame;

namespace RnnGpu.Tasks.Classification;

/// <summary>
/// What every task that tells classes of sequences shares: training with a softmax cross-entropy or focal loss over batches of like length, accuracy,
/// macro-F1 and figures of every class, the confusion matrix. A task adds how inputs fill a batch and how logits follow from it.
/// </summary>
/// <typeparam name="TInput">Words, numbers, letters.</typeparam>
public abstract class ClassModel<TInput> : TaskModel
{
    private const int EvaluationBatch = 64;

    private readonly ClassBatch _batch = new();

    /// <summary>For some classes.</summary>
    protected ClassModel(LabelSet labels)
    {
        Labels = labels;
    }

    /// <summary>The classes.</summary>
    public LabelSet Labels { get; }

    /// <summary>What speed is counted in.</summary>
    protected abstract string Unit { get; }

    /// <summary>Steps of an input as the model sees it: after cutting.</summary>
    protected abstract int Length(TInput input);

    /// <summary>Numbers a step, or 0 where steps are symbols.</summary>
    protected abstract int Features { get; }

    /// <summary>Puts an input into a batch.</summary>
    /// <param name="batch">Already of the right size.</param>
    /// <param name="row">Where.</param>
    /// <param name="input">What.</param>
    /// <param name="label">Its class, or -1.</param>
    protected abstract void Fill(ClassBatch batch, int row, TInput input, int label);

    /// <summary>Scores of every class: <c>[B, C]</c>.</summary>
    protected abstract Tensor Logits(ClassBatch batch);

    /// <summary>Reads inputs without known classes, as they come.</summary>
    /// <param name="request">What is asked for.</param>
    protected abstract IEnumerable<TInput> Inputs(PredictionRequest request);

    /// <summary>The loss of a run.</summary>
    /// <param name="counts">Samples of each class in the training part.</param>
    /// <param name="settings">Of the run.</param>
    protected virtual Loss MakeLoss(long[] counts, Settings settings) => new SoftmaxCrossEntropy();

    /// <summary>What the best checkpoint is lowest in.</summary>
    /// <param name="matrix">Of the validation part.</param>
    /// <param name="nats">Mean cross-entropy there.</param>
    protected virtual double Objective(ConfusionMatrix matrix, double nats) => 1 - matrix.Accuracy;

    /// <inheritdoc/>
    public override TaskTraining Train(TaskData data, Settings settings)
    {
        var samples = (ClassData<TInput>)data;
        int[] lengths = [.. Enumerable.Range(0, samples.Count).Select(i => Length(samples.Samples[i].Input))];
        int[] classes = [.. samples.Samples.Select(sample => Labels.Find(sample.Label))];
        var counts = new long[Labels.Count];
        foreach (int label in classes) { counts[label]++; }
        Loss loss = MakeLoss(counts, settings);
        var source = new BucketedBatches<ClassBatch>(
            lengths, settings.Get(TrainingSettings.Batch), (batch, rows) => FillRows(batch, samples, lengths, classes, rows), (ulong)settings.Get(TrainingSettings.Seed));
        var trainable = new Trainable<ClassBatch>(Network, batch => loss.Forward(Logits(batch), batch.ClassTensor(Network.Device)));
        return new TaskTraining<ClassBatch>(trainable, source, new ClassBatch(), source.BatchesPerEpoch, Unit, static batch => batch.Tokens);
    }

    /// <inheritdoc/>
    public override Scores Evaluate(TaskData data, bool full, CancellationToken stop = default)
    {
        var samples = (ClassData<TInput>)data;
        var matrix = new ConfusionMatrix(Labels.Count);
        double nats = Measure(samples, matrix, stop);
        var scores = new Scores(Objective(matrix, nats / samples.Count),
        [
            new Score("accuracy", matrix.Accuracy, "P2"),
            new Score("macro_f1", matrix.MacroF1, "P2"),
            new Score("macro_recall", matrix.MacroRecall, "P2"),
            new Score("loss", nats / samples.Count),
        ]);
        return full ? scores with { Tables = [ClassTable(matrix)] } : scores;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<TaskPicture> Pictures(TaskData data)
    {
        var matrix = new ConfusionMatrix(Labels.Count);
        Measure((ClassData<TInput>)data, matrix, CancellationToken.None);
        var counts = new long[Labels.Count, Labels.Count];
        for (int target = 0; target < Labels.Count; target++)
        {
            for (int prediction = 0; prediction < Labels.Count; prediction++) { counts[target, prediction] = matrix[target, prediction]; }
        }

        return [new ConfusionPicture("confusion", $"{matrix.Total:N0} samples, accuracy {matrix.Accuracy:P2}", Labels.Names, counts)];
    }

    /// <inheritdoc/>
    public override void Predict(PredictionRequest request, Action<Prediction> answer, CancellationToken stop = default)
    {
        foreach (TInput input in Inputs(request))
        {
            stop.ThrowIfCancellationRequested();
            float[] probabilities = Probabilities(input);
            int best = Array.IndexOf(probabilities, probabilities.Max());
            var each = new System.Text.Json.Nodes.JsonObject();
            for (int c = 0; c < probabilities.Length; c++) { each[Labels.Names[c]] = probabilities[c]; }
            answer(new Prediction(
                string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Labels.Names[best]}\t{probabilities[best]:F4}"),
                new System.Text.Json.Nodes.JsonObject { ["class"] = Labels.Names[best], ["probability"] = probabilities[best], ["probabilities"] = each }));
        }
    }

    /// <summary>Probability of every class.</summary>
    public float[] Probabilities(TInput input)
    {
        using NoGradScope scope = Network.Device.NoGrad();
        _batch.Resize(1, Length(input), Features);
        Fill(_batch, 0, input, -1);
        return Logits(_batch).Softmax().ToArray();
    }

    private void FillRows(ClassBatch batch, ClassData<TInput> samples, int[] lengths, int[] classes, ReadOnlySpan<int> rows)
    {
        int longest = 0;
        foreach (int row in rows) { longest = Math.Max(longest, lengths[row]); }
        batch.Resize(rows.Length, longest, Features);
        for (int b = 0; b < rows.Length; b++) { Fill(batch, b, samples.Samples[rows[b]].Input, classes[rows[b]]); }
    }

    /// <returns>Sum of the cross-entropies.</returns>
    private double Measure(ClassData<TInput> samples, ConfusionMatrix matrix, CancellationToken stop)
    {
        int[] lengths = [.. samples.Samples.Select(sample => Length(sample.Input))], classes = [.. samples.Samples.Select(ClassOf)];
        var loss = new SoftmaxCrossEntropy(reduction: Reduction.Sum);
        double nats = 0;
        foreach (int[] rows in LengthOrder.Batches(lengths, EvaluationBatch))
        {
            stop.ThrowIfCancellationRequested();
            using NoGradScope scope = Network.Device.NoGrad();
            FillRows(_batch, samples, lengths, classes, rows);
            Tensor logits = Logits(_batch);
            nats += loss.Forward(logits, _batch.ClassTensor(Network.Device)).Item();
            int[] found = logits.ArgMax().ToIntArray();
            for (int i = 0; i < rows.Length; i++) { matrix.Add(classes[rows[i]], found[i]); }
        }

        return nats;
    }

    private int ClassOf(ClassSample<TInput> sample) => Labels.Find(sample.Label) is >= 0 and int label
        ? label
        : throw new DataException($"the model does not know the class '{sample.Label}'; it knows {string.Join(", ", Labels.Names.Take(20))}");

    private ScoreTable ClassTable(ConfusionMatrix matrix) => new(
        "classes", ["class", "samples", "precision", "recall", "f1"],
        [.. Enumerable.Range(0, Labels.Count).Select(c => new ScoreRow(
            Labels.Names[c], [matrix.Targets(c), matrix.Precision(c), matrix.Recall(c), matrix.F1(c)]))]);
}
