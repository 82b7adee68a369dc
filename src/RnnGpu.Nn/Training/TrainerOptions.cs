using RnnGpu.Nn.Checkpoints;

namespace RnnGpu.Nn;

/// <summary>How a <see cref="Trainer{TBatch}"/> goes about it. Steps are updates; 0 means "never" where a number says how often.</summary>
public sealed record TrainerOptions
{
    /// <summary>Updates after which the run is over.</summary>
    public long MaxSteps { get; init; } = long.MaxValue;

    /// <summary>Epochs after which it is over.</summary>
    public long MaxEpochs { get; init; } = long.MaxValue;

    /// <summary>Time after which it is over, from the call of Run. Such a run is not repeatable to the step.</summary>
    public TimeSpan? MaxDuration { get; init; }

    /// <summary>
    /// Batches whose gradients are averaged into one update; fewer at the end of an epoch. Equals one big batch where every
    /// batch's loss is a mean over equally many elements.
    /// </summary>
    public int Accumulate { get; init; } = 1;

    /// <summary>Limits of the gradients.</summary>
    public GradientClipping Clipping { get; init; }

    /// <summary>
    /// Scaling of the loss, for products in fp16; null: none. A step whose gradients are out of range makes no update but counts as a step. Every
    /// step then waits for the device.
    /// </summary>
    public LossScaling? LossScaling { get; init; }

    /// <summary>Sets the optimiser's learning rate before every update; null leaves it alone.</summary>
    public LearningRateSchedule? Schedule { get; init; }

    /// <summary>The running mean of the weights that validation measures and checkpoints hand out; null for none. Stays the caller's.</summary>
    public WeightAveraging? Averaging { get; init; }

    /// <summary>
    /// Steps between calls of <see cref="ITrainingCallback.OnStep"/>. Losses are read back from the device then, not at every step.
    /// </summary>
    public long ReportEvery { get; init; } = 10;

    /// <summary>Steps between points of <see cref="TrainingHistory.Training"/>.</summary>
    public long HistoryEvery { get; init; } = 100;

    /// <summary>
    /// The validation loss. Called in evaluation mode inside <see cref="Device.NoGrad"/>; must not touch carried state, nor
    /// depend on anything but the parameters.
    /// </summary>
    public Func<double>? Validate { get; init; }

    /// <summary>Steps between validations.</summary>
    public long ValidateEvery { get; init; }

    /// <summary>Whether every epoch ends with a validation.</summary>
    public bool ValidateEachEpoch { get; init; }

    /// <summary>Validations without a new lowest loss after which the run is over.</summary>
    public int Patience { get; init; }

    /// <summary>How much lower a loss must be to count as a new lowest.</summary>
    public double MinDelta { get; init; }

    /// <summary>The run's folder for checkpoints; null saves none.</summary>
    public string? CheckpointDirectory { get; init; }

    /// <summary>Steps between checkpoints. One is saved at the end in any case.</summary>
    public long CheckpointEvery { get; init; }

    /// <summary>Whether every new lowest validation loss is saved; the best checkpoint outlives <see cref="KeepCheckpoints"/>.</summary>
    public bool SaveBest { get; init; } = true;

    /// <summary>How many of the newest checkpoints are kept, besides the best.</summary>
    public int KeepCheckpoints { get; init; } = 3;

    /// <summary>Adds files and sections to every checkpoint: settings, vocabularies. Must write the same for the same run.</summary>
    public Action<CheckpointWriter>? AddToCheckpoint { get; init; }

    /// <summary>Are told of progress, in this order.</summary>
    public IReadOnlyList<ITrainingCallback> Callbacks { get; init; } = [];

    /// <summary>Makes checkpoint files, given their path; null for the ordinary way.</summary>
    internal Func<string, Stream>? CreateFile { get; init; }

    internal void Check()
    {
        Require(MaxSteps >= 0, nameof(MaxSteps), MaxSteps);
        Require(MaxEpochs >= 0, nameof(MaxEpochs), MaxEpochs);
        Require(MaxDuration is not { } time || time > TimeSpan.Zero, nameof(MaxDuration), MaxDuration);
        Require(Accumulate >= 1, nameof(Accumulate), Accumulate);
        LossScaling?.Check();
        Require(ReportEvery >= 0, nameof(ReportEvery), ReportEvery);
        Require(HistoryEvery >= 0, nameof(HistoryEvery), HistoryEvery);
        Require(ValidateEvery >= 0, nameof(ValidateEvery), ValidateEvery);
        Require(Patience >= 0, nameof(Patience), Patience);
        Require(MinDelta >= 0 && double.IsFinite(MinDelta), nameof(MinDelta), MinDelta);
        Require(CheckpointEvery >= 0, nameof(CheckpointEvery), CheckpointEvery);
        Require(KeepCheckpoints >= 1, nameof(KeepCheckpoints), KeepCheckpoints);
        if (Validate is null && (ValidateEvery > 0 || ValidateEachEpoch || Patience > 0))
        {
            throw new ArgumentException($"validation and early stopping need a {nameof(Validate)} function", nameof(Validate));
        }

        if (CheckpointDirectory is null && CheckpointEvery > 0)
        {
            throw new ArgumentException($"checkpoints need a {nameof(CheckpointDirectory)}", nameof(CheckpointDirectory));
        }
    }

    private static void Require(bool good, string name, object? value)
    {
        if (!good) { throw new ArgumentOutOfRangeException(name, $"{name} cannot be {value}"); }
    }
}
