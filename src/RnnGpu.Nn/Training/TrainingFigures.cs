namespace RnnGpu.Nn;

/// <summary>Figures of a run at some moment, as <see cref="ITrainingCallback"/> gets them.</summary>
public readonly record struct TrainingFigures
{
    /// <summary>Updates done.</summary>
    public required long Step { get; init; }

    /// <summary>Epochs complete.</summary>
    public required long Epoch { get; init; }

    /// <summary>Mean training loss of the steps since the figures of the report before; NaN if there was none.</summary>
    public required double Loss { get; init; }

    /// <summary>Norm of the averaged gradient before clipping by norm, at the last step that made an update; NaN if there was none.</summary>
    public required double GradientNorm { get; init; }

    /// <summary>Learning rate of the last step.</summary>
    public required double LearningRate { get; init; }

    /// <summary>The last validation loss; NaN before the first.</summary>
    public required double ValidationLoss { get; init; }

    /// <summary>The lowest validation loss; NaN before the first.</summary>
    public required double BestValidationLoss { get; init; }

    /// <summary>Step of the lowest validation loss.</summary>
    public required long BestStep { get; init; }

    /// <summary>Factor of the loss in the next backward pass; 1 without <see cref="TrainerOptions.LossScaling"/>.</summary>
    public required double LossScale { get; init; }

    /// <summary>Steps that made no update, since their gradients were out of range for their loss scale.</summary>
    public required long SkippedSteps { get; init; }

    /// <summary>Time since <see cref="Trainer{TBatch}.Run"/> began; the only figure that differs between equal runs.</summary>
    public required TimeSpan Elapsed { get; init; }
}
