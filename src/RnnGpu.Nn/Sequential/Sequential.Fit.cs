using RnnGpu.Core;

namespace RnnGpu.Nn;

public sealed partial class Sequential
{
    private Optimizer? _optimizer;
    private Loss? _loss;
    private Metric[] _metrics = [];

    /// <summary>The optimiser, once compiled.</summary>
    public Optimizer? Optimizer => _optimizer;

    /// <summary>Figures of the <see cref="Fit"/> under way, or of the last one.</summary>
    public FitHistory? History { get; private set; }

    /// <summary>Says how the model is trained and judged.</summary>
    /// <param name="optimizer">Of this model's parameters; stays the caller's.</param>
    /// <param name="loss">What is made small.</param>
    /// <param name="metrics">Figures for people.</param>
    public void Compile(Optimizer optimizer, Loss loss, params ReadOnlySpan<Metric> metrics)
    {
        ArgumentNullException.ThrowIfNull(optimizer);
        ArgumentNullException.ThrowIfNull(loss);
        if (!ReferenceEquals(optimizer.Device, Device))
        {
            throw new ArgumentException("the optimiser's parameters live on another device", nameof(optimizer));
        }

        _optimizer = optimizer;
        _loss = loss;
        _metrics = metrics.ToArray();
    }

    /// <summary>
    /// Trains. The same seed and data give the same weights, bit for bit; to stop and resume a run, use <see cref="Trainer{TBatch}"/>.
    /// </summary>
    /// <param name="x">Inputs.</param>
    /// <param name="y">
    /// Targets: floats of the output's shape (a last axis of 1 may be left out), or integers, one for each row of class scores,
    /// a negative one masking its row.
    /// </param>
    /// <param name="batchSize">Samples of a batch; the last one of an epoch may be smaller.</param>
    /// <param name="epochs">Passes over the samples.</param>
    /// <param name="validationData">Judged after every epoch.</param>
    /// <param name="validationSplit">Or: part of the samples, at their end, that is for that; 0 to less than 1.</param>
    /// <param name="callbacks">Told of progress; <see cref="History"/> holds the epochs so far.</param>
    /// <param name="shuffleSeed">Seed of the order of samples, another one in every epoch; null keeps them as they are.</param>
    /// <param name="patience">Epochs without a new lowest validation loss after which training ends; 0: never.</param>
    /// <param name="restoreBest">Whether the weights of the lowest validation loss are put back at the end.</param>
    /// <param name="options">Clipping, schedule, accumulation, checkpoints and more; what the arguments above say goes first.</param>
    /// <param name="cancellation">Ends training after the step under way.</param>
    /// <exception cref="InvalidOperationException">Not compiled.</exception>
    /// <exception cref="ArgumentException">Samples that do not fit the model or one another.</exception>
    /// <exception cref="NumericFailureException">A loss or gradient is not finite.</exception>
    public FitHistory Fit(
        Samples x, Samples y, int batchSize = 32, int epochs = 1, (Samples X, Samples Y)? validationData = null, double validationSplit = 0,
        IReadOnlyList<ITrainingCallback>? callbacks = null, ulong? shuffleSeed = 0, int patience = 0, bool restoreBest = false,
        TrainerOptions? options = null, CancellationToken cancellation = default)
    {
        (Optimizer optimizer, _) = Compiled();
        Check(x, y, batchSize);
        ArgumentOutOfRangeException.ThrowIfLessThan(epochs, 1);
        if (!(validationSplit is >= 0 and < 1))
        {
            throw new ArgumentOutOfRangeException(
                nameof(validationSplit), $"the part for validation must be at least 0 and below 1, not {validationSplit}");
        }

        if (validationData is null && validationSplit > 0)
        {
            int held = (int)(x.Count * validationSplit), left = x.Count - held;
            if (held == 0)
            {
                throw new ArgumentException($"{validationSplit} of {x.Count} samples leaves none for validation", nameof(validationSplit));
            }

            validationData = (x.Slice(left, held), y.Slice(left, held));
            (x, y) = (x.Slice(0, left), y.Slice(0, left));
        }

        if (validationData is { } given) { Check(given.X, given.Y, batchSize); }
        if (restoreBest && validationData is null)
        {
            throw new ArgumentException("the best weights can only be known with validation data", nameof(restoreBest));
        }

        History = new FitHistory(Array.ConvertAll(_metrics, static m => m.Name));
        using var run = new FitRun(this, validationData, batchSize, restoreBest);
        options = (options ?? new TrainerOptions()) with { MaxEpochs = epochs };
        options = options with
        {
            Validate = validationData is null ? options.Validate : run.Validate,
            ValidateEachEpoch = validationData is not null || options.ValidateEachEpoch,
            Patience = patience > 0 ? patience : options.Patience,
            Callbacks = [run, .. options.Callbacks, .. callbacks ?? []],
        };
        var source = new SampleSource(x.Count, batchSize, shuffleSeed);
        using var trainer = new Trainer<SampleBatch>(run, optimizer, source, Batch(x, y, batchSize), options);
        History.End = trainer.Run(cancellation).End;
        run.PutBestBack();
        return History;
    }

    /// <summary>Loss and metrics over samples, without dropout.</summary>
    /// <exception cref="InvalidOperationException">Not compiled.</exception>
    /// <exception cref="ArgumentException">Samples that do not fit the model or one another.</exception>
    public Evaluation Evaluate(Samples x, Samples y, int batchSize = 32)
    {
        Compiled();
        Check(x, y, batchSize);
        using var mode = new EvaluationMode(this);
        return EvaluateAll(x, y, batchSize);
    }

    /// <summary>The model's output for every sample, without dropout: <c>[N, ..]</c>, or <c>[N, T, ..]</c> of sequences.</summary>
    /// <exception cref="ArgumentException">Samples that do not fit the model.</exception>
    public Samples Predict(Samples x, int batchSize = 32)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        x = Inputs(x);
        bool sequences = OutputsSequences(x.Shape, AreSequences(x));
        Shape one = OutputShape(SampleBuffer.ShapeOf(x.Shape, AreSequences(x), 1));
        int steps = sequences ? one[0] : 1, rest = (int)(one.Length / steps);
        Shape shape = sequences ? SampleBuffer.ShapeOf(one, sequences: true, one[0]).With(0, x.Count) : one.With(0, x.Count);
        var values = new float[shape.Length];
        var batch = new float[Math.Min(batchSize, x.Count) * steps * rest];
        var inputs = new SampleBuffer(x, AreSequences(x), Math.Min(batchSize, x.Count));
        var order = new int[x.Count];
        for (int i = 0; i < order.Length; i++) { order[i] = i; }
        using var mode = new EvaluationMode(this);
        for (int first = 0; first < x.Count; first += batchSize)
        {
            ReadOnlySpan<int> rows = order.AsSpan(first, Math.Min(batchSize, x.Count - first));
            inputs.Fill(rows);
            using NoGradScope scope = Device.NoGrad();
            Forward(inputs.Upload(Device, inputs.BatchShape)).CopyTo(batch.AsSpan(0, rows.Length * steps * rest));
            for (int b = 0; b < rows.Length; b++)
            {
                for (int t = 0; t < steps; t++)
                {
                    batch.AsSpan(((t * rows.Length) + b) * rest, rest).CopyTo(values.AsSpan((((first + b) * steps) + t) * rest));
                }
            }
        }

        return new Samples(values, shape);
    }

    /// <summary>Whether samples have time on their second axis.</summary>
    private static bool AreSequences(Samples x) => x.Shape.Rank >= (x.DType == DType.I32 ? 2 : 3);

    /// <summary>Numbers <c>[N]</c> as vectors <c>[N, 1]</c>.</summary>
    private static Samples Inputs(Samples x) => x.DType == DType.F32 && x.Shape.Rank == 1 ? new Samples(x.Floats, x.Shape.Append(1)) : x;

    private static void Check(Samples x, Samples y, int batchSize)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(y);
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        if (x.Count != y.Count) { throw new ArgumentException($"{x.Count} inputs {x} need as many targets, not {y.Count} {y}"); }
        if (x.Count == 0) { throw new ArgumentException("there are no samples"); }
    }

    private (Optimizer Optimizer, Loss Loss) Compiled() => _optimizer is not null && _loss is not null
        ? (_optimizer, _loss)
        : throw new InvalidOperationException("call Compile first: optimiser and loss are not known");

    private SampleBatch Batch(Samples x, Samples y, int size)
    {
        x = Inputs(x);
        bool sequences = AreSequences(x), results = OutputsSequences(x.Shape, sequences);
        if (results && y.Shape.Rank < 2)
        {
            throw new ArgumentException($"the model outputs a value for every time step, but the targets {y} have no time axis; "
                + "let the last recurrent layer return its final state only, or give targets [N, T, ..]");
        }

        size = Math.Min(size, x.Count);
        return new SampleBatch(new SampleBuffer(x, sequences, size), new SampleBuffer(y, results, size));
    }

    /// <summary>Evaluation of all samples; in evaluation mode already.</summary>
    private Evaluation EvaluateAll(Samples x, Samples y, int batchSize)
    {
        Loss loss = _loss!;
        SampleBatch batch = Batch(x, y, batchSize);
        var source = new SampleSource(x.Count, batchSize, shuffleSeed: null);
        double sum = 0;
        long count = 0;
        foreach (Metric metric in _metrics) { metric.Reset(); }
        do
        {
            source.Next(batch);
            using NoGradScope scope = Device.NoGrad();
            Tensor predictions = Forward(batch.Inputs(Device));
            Tensor targets = batch.Targets(predictions);
            long weight = LossWeight(batch);
            sum += weight * (double)loss.Forward(predictions, targets).Item();
            count += weight;
            foreach (Metric metric in _metrics) { metric.Update(predictions, targets); }
        }
        while (!source.EpochEnded);

        return new Evaluation(loss.Reduction == Reduction.Sum ? sum : sum / count, MetricValues());
    }

    private double[] MetricValues() => Array.ConvertAll(_metrics, static m => m.Value);

    /// <summary>The factor by which a batch's loss goes into a whole one's.</summary>
    private long LossWeight(SampleBatch batch) => _loss!.Reduction == Reduction.Sum ? 1 : batch.Weight;

    /// <summary>Evaluation mode for a while.</summary>
    private readonly struct EvaluationMode : IDisposable
    {
        private readonly Sequential _model;
        private readonly bool _training;

        public EvaluationMode(Sequential model)
        {
            _model = model;
            _training = model.Training;
            model.Device.ReleaseStep();
            model.Eval();
        }

        public void Dispose()
        {
            if (_training) { _model.Train(); }
        }
    }
}
