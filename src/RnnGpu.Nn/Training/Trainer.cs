using System.Diagnostics;

namespace RnnGpu.Nn;

/// <summary>
/// The training loop: batch, forward, loss, backward, clip, update, report, validate, save. After the first step it allocates
/// nothing on the managed heap, reports, validations and checkpoints apart. A run that was stopped, by whatever, and
/// restored from a checkpoint ends bit for bit where one that never stopped ends, checkpoint files included; so do two runs
/// with one seed.
/// </summary>
/// <typeparam name="TBatch">A batch on the host.</typeparam>
public sealed partial class Trainer<TBatch> : ITrainer
{
    private const int MostStepsUnread = 64;

    private readonly ITrainable<TBatch> _trainable;
    private readonly Module _model;
    private readonly Device _device;
    private readonly Optimizer _optimizer;
    private readonly IBatchSource<TBatch> _source;
    private readonly TBatch _batch;
    private readonly TrainerOptions _options;
    private readonly StepFigures _figures;
    private readonly LossScaler? _scaler;
    private readonly Stopwatch _clock = new();
    private TrainingProgress _progress = new();
    private double _reportSum;
    private long _reportCount;
    private double _reportedLoss = double.NaN;
    private double _norm = double.NaN;

    /// <summary>A trainer at step 0.</summary>
    /// <param name="trainable">Model and loss.</param>
    /// <param name="optimizer">Of the model's parameters. Stays the caller's.</param>
    /// <param name="source">Batches.</param>
    /// <param name="batch">The arrays that the source fills and the trainable reads.</param>
    /// <param name="options">The rest.</param>
    /// <exception cref="ArgumentException">Options out of range; optimiser and model on different devices.</exception>
    public Trainer(ITrainable<TBatch> trainable, Optimizer optimizer, IBatchSource<TBatch> source, TBatch batch, TrainerOptions options)
    {
        ArgumentNullException.ThrowIfNull(trainable);
        ArgumentNullException.ThrowIfNull(optimizer);
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        if (!ReferenceEquals(optimizer.Device, trainable.Model.Device))
        {
            throw new ArgumentException("the optimiser's parameters live on another device than the model", nameof(optimizer));
        }

        _trainable = trainable;
        _model = trainable.Model;
        _device = _model.Device;
        _optimizer = optimizer;
        _source = source;
        _batch = batch;
        _options = options;
        _scaler = options.LossScaling is { } scaling ? new LossScaler(scaling) : null;
        int unread = options.ReportEvery > 0 ? (int)Math.Min(options.ReportEvery, MostStepsUnread) : MostStepsUnread;
        _figures = new StepFigures(_device, unread, options.Accumulate);
    }

    /// <summary>Steps done: updates, and those that <see cref="TrainerOptions.LossScaling"/> skipped.</summary>
    public long Step => _progress.Step;

    /// <summary>Epochs complete.</summary>
    public long Epoch => _progress.Epoch;

    /// <summary>The learning curve.</summary>
    public TrainingHistory History { get; private set; } = new();

    /// <summary>Present figures.</summary>
    public TrainingFigures Figures => new()
    {
        Step = _progress.Step,
        Epoch = _progress.Epoch,
        Loss = _reportCount > 0 ? _reportSum / _reportCount : _reportedLoss,
        GradientNorm = _norm,
        LearningRate = _optimizer.LearningRate,
        ValidationLoss = _progress.ValidationLoss,
        BestValidationLoss = _progress.BestLoss,
        BestStep = _progress.BestStep,
        LossScale = _scaler?.Scale ?? 1,
        SkippedSteps = _scaler?.Skipped ?? 0,
        Elapsed = _clock.Elapsed,
    };

    /// <summary>Trains until a limit is reached; called again, it goes on, to other limits if it may.</summary>
    /// <param name="cancellation">Ends the run: the step under way is finished and a checkpoint saved.</param>
    /// <exception cref="NumericFailureException">A loss or gradient is not finite. Nothing of it is saved.</exception>
    /// <exception cref="Checkpoints.CheckpointException">A checkpoint cannot be saved; earlier ones are whole.</exception>
    public TrainingResult Run(CancellationToken cancellation = default)
    {
        _clock.Restart();
        if (_progress.Step == 0) { _trainable.ResetState(); }
        _model.Train();
        ZeroGrad();
        Tell(Moment.Start);
        TrainingEnd? end = End(cancellation);
        while (end is null)
        {
            Update();
            if (_figures.IsFull || IsDue(_options.ReportEvery)) { ReadFigures(); }
            if (IsDue(_options.ReportEvery)) { Report(); }
            bool epochEnded = _source.EpochEnded;
            if (epochEnded) { EndEpoch(); }
            bool best = (IsDue(_options.ValidateEvery) || (epochEnded && _options.ValidateEachEpoch)) && Validate();
            end = End(cancellation);
            if (end is null && (IsDue(_options.CheckpointEvery) || (best && _options.SaveBest))) { SaveIfWanted(); }
        }

        return Finish(end.Value);
    }

    /// <summary>Frees what the trainer itself holds on the device.</summary>
    public void Dispose() => _figures.Dispose();

    private void Update()
    {
        if (_options.Schedule is { } schedule) { _optimizer.LearningRate = (float)schedule.Rate(_progress.Step); }
        int batches = 0;
        do
        {
            _source.Next(_batch);
            Tensor loss = _trainable.Loss(_batch);
            _figures.AddLoss(loss);
            loss.Backward(_scaler?.Scale ?? 1f);
            _trainable.CarryOver();
            batches++;
        }
        while (batches < _options.Accumulate && !_source.EpochEnded);

        if (_scaler is null)
        {
            _optimizer.Step(_options.Clipping, batches);
            EndStep(lossScale: 1f);
        }
        else
        {
            StepScaled(_scaler, batches);
        }

        ZeroGrad();
        _options.Averaging?.AfterUpdate(_progress.Step);
        _unsaved = true;
    }

    private void StepScaled(LossScaler scaler, int batches)
    {
        float scale = scaler.Scale;
        try
        {
            EndStep(scaler.Step(_optimizer, _options.Clipping, batches) ? scale : 0f);
        }
        catch (ArithmeticException)
        {
            // Where the loss itself is not finite, that is the failure to tell.
            EndStep(lossScale: 0f);
            ReadFigures();
            throw new NumericFailureException(_progress.Step, "the norm of the gradient, at a loss scale of 1,", Math.Sqrt(_optimizer.MeasuredSumOfSquares));
        }
    }

    private void EndStep(float lossScale)
    {
        _figures.EndStep(_optimizer.GradientSumOfSquares, lossScale);
        _progress.Step++;
    }

    private void ZeroGrad()
    {
        _model.ZeroGrad();
        _optimizer.ZeroGrad();
    }

    private bool IsDue(long every) => every > 0 && _progress.Step % every == 0;

    private TrainingEnd? End(CancellationToken cancellation)
    {
        if (_options.Patience > 0 && _progress.SinceBest >= _options.Patience) { return TrainingEnd.EarlyStopping; }
        if (_progress.Step >= _options.MaxSteps) { return TrainingEnd.StepLimit; }
        if (_progress.Epoch >= _options.MaxEpochs) { return TrainingEnd.EpochLimit; }
        if (cancellation.IsCancellationRequested) { return TrainingEnd.Interrupted; }
        return _options.MaxDuration is { } time && _clock.Elapsed >= time ? TrainingEnd.TimeLimit : null;
    }

    private TrainingResult Finish(TrainingEnd end)
    {
        ReadFigures();

        // An interrupted run is to go on as if nothing had happened: no validation that the run without the stop has not.
        if (end != TrainingEnd.Interrupted && _options.Validate is not null && _progress.ValidationStep != _progress.Step) { Validate(); }
        if (_unsaved) { SaveIfWanted(); }
        Tell(Moment.End, end: end);
        return new TrainingResult(end, Figures, _checkpoint);
    }

    /// <summary>Reads the figures of the steps since the last reading, and adds them to report and history.</summary>
    private void ReadFigures()
    {
        _figures.Download();
        long first = _progress.Step - _figures.Count + 1;
        for (int i = 0; i < _figures.Count; i++)
        {
            double loss = _figures.Loss(i);
            if (!double.IsFinite(loss)) { throw new NumericFailureException(first + i, "the training loss", loss); }
            if (!_figures.IsSkipped(i)) { _norm = _figures.Norm(i); }
            if (!_figures.IsSkipped(i) && !double.IsFinite(_norm)) { throw new NumericFailureException(first + i, "the norm of the gradient", _norm); }
            _reportSum += loss;
            _reportCount++;
            _progress.LossSum += loss;
            _progress.LossCount++;
            if (_options.HistoryEvery > 0 && (first + i) % _options.HistoryEvery == 0) { AddHistory(first + i); }
        }

        _figures.Clear();
    }

    private void AddHistory(long step)
    {
        History.AddTraining(step, _progress.LossSum / _progress.LossCount);
        _progress.LossSum = 0;
        _progress.LossCount = 0;
    }

    private void Report()
    {
        Tell(Moment.Step);
        _reportedLoss = _reportSum / _reportCount;
        _reportSum = 0;
        _reportCount = 0;
    }

    private void EndEpoch()
    {
        ReadFigures();
        _progress.Epoch++;
        _trainable.ResetState();
        Tell(Moment.Epoch);
    }

    /// <returns>Whether the loss is the lowest so far.</returns>
    private bool Validate()
    {
        ReadFigures();
        _device.ReleaseStep();
        double loss;
        _model.Eval();
        _options.Averaging?.Swap();
        try
        {
            using (_device.NoGrad()) { loss = _options.Validate!(); }
        }
        finally
        {
            _options.Averaging?.Swap();
        }

        _model.Train();
        if (!double.IsFinite(loss)) { throw new NumericFailureException(_progress.Step, "the validation loss", loss); }
        bool best = _progress.Validated(loss, _options.MinDelta);
        _unsaved = true;
        History.AddValidation(_progress.Step, loss);
        _options.Schedule?.Observe(loss);
        _options.Averaging?.Observe(loss);
        Tell(Moment.Validation);
        return best;
    }

    private void Tell(Moment moment, string path = "", TrainingEnd end = default)
    {
        if (_options.Callbacks.Count == 0) { return; }
        TrainingFigures figures = Figures;
        for (int i = 0; i < _options.Callbacks.Count; i++)
        {
            ITrainingCallback callback = _options.Callbacks[i];
            switch (moment)
            {
                case Moment.Start: callback.OnStart(figures); break;
                case Moment.Step: callback.OnStep(figures); break;
                case Moment.Epoch: callback.OnEpoch(figures); break;
                case Moment.Validation: callback.OnValidation(figures); break;
                case Moment.Checkpoint: callback.OnCheckpoint(figures, path); break;
                default: callback.OnEnd(figures, end); break;
            }
        }
    }

    private enum Moment
    {
        Start,
        Step,
        Epoch,
        Validation,
        Checkpoint,
        End,
    }
}
