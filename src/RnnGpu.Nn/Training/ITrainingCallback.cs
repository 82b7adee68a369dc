namespace RnnGpu.Nn;

/// <summary>Is told of a run's progress, on the training thread. To stop the run, cancel the token given to it.</summary>
public interface ITrainingCallback
{
    /// <summary>The run begins or goes on.</summary>
    void OnStart(in TrainingFigures figures)
    {
    }

    /// <summary>Every <see cref="TrainerOptions.ReportEvery"/> steps.</summary>
    void OnStep(in TrainingFigures figures)
    {
    }

    /// <summary>An epoch is over.</summary>
    void OnEpoch(in TrainingFigures figures)
    {
    }

    /// <summary>The model was validated.</summary>
    void OnValidation(in TrainingFigures figures)
    {
    }

    /// <summary>A checkpoint was saved.</summary>
    /// <param name="figures">Figures.</param>
    /// <param name="path">Its folder.</param>
    void OnCheckpoint(in TrainingFigures figures, string path)
    {
    }

    /// <summary>The run is over; not called after an exception.</summary>
    void OnEnd(in TrainingFigures figures, TrainingEnd end)
    {
    }
}
