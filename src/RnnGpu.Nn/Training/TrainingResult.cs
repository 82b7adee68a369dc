namespace RnnGpu.Nn;

/// <summary>Why a run is over.</summary>
public enum TrainingEnd
{
    /// <summary><see cref="TrainerOptions.MaxSteps"/>.</summary>
    StepLimit,

    /// <summary><see cref="TrainerOptions.MaxEpochs"/>.</summary>
    EpochLimit,

    /// <summary><see cref="TrainerOptions.MaxDuration"/>.</summary>
    TimeLimit,

    /// <summary>Validation got no better for <see cref="TrainerOptions.Patience"/> times.</summary>
    EarlyStopping,

    /// <summary>The token was cancelled: the step under way was finished and a checkpoint saved.</summary>
    Interrupted,
}

/// <summary>What <see cref="Trainer{TBatch}.Run"/> returns.</summary>
/// <param name="End">Why it is over.</param>
/// <param name="Figures">Last figures.</param>
/// <param name="Checkpoint">Folder of the last checkpoint saved or restored; null without <see cref="TrainerOptions.CheckpointDirectory"/>.</param>
public readonly record struct TrainingResult(TrainingEnd End, TrainingFigures Figures, string? Checkpoint);
