using RnnGpu.Nn;
using RnnGpu.Nn.Data;

namespace RnnGpu.Tasks.Frame;

/// <summary>A task's model on a device, new or from a checkpoint, with what it knows of its training data (vocabularies, scaling).</summary>
public abstract class TaskModel : IDisposable
{
    /// <summary>Whose parameters are trained and saved.</summary>
    public abstract Module Network { get; }

    /// <summary>Prepares training. Called once.</summary>
    /// <param name="data">The training part.</param>
    /// <param name="settings">Of the run.</param>
    /// <exception cref="Nn.Data.DataException">The data do not do.</exception>
    public abstract TaskTraining Train(TaskData data, Settings settings);

    /// <summary>The optimiser of a run; where a task has rules of its own, it overrides this.</summary>
    public virtual Optimizer MakeOptimizer(Settings settings) => TrainingSettings.MakeOptimizer(settings, Network);

    /// <summary>The learning rate over a run; where a task has rules of its own, it overrides this.</summary>
    public virtual LearningRateSchedule MakeSchedule(Settings settings, long totalSteps) => TrainingSettings.MakeSchedule(settings, totalSteps);

    /// <summary>Averaging of the weights over a run; none by default. See <see cref="TrainingSettings.Averaging"/>.</summary>
    public virtual WeightAveraging? MakeAveraging(Settings settings, long totalSteps) => null;

    /// <summary>Listeners of a run beside the program's own.</summary>
    public virtual IReadOnlyList<ITrainingCallback> Callbacks(Settings settings) => [];

    /// <summary>
    /// Measures the model on data with known answers. Called in evaluation mode; must not touch the state of a training run, nor
    /// depend on anything but the parameters.
    /// </summary>
    /// <param name="data">Of the task's own kind.</param>
    /// <param name="full">Whether everything is wanted, for a final report: tables, baselines. Between epochs it is not.</param>
    /// <param name="stop">Ends it early.</param>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public abstract Scores Evaluate(TaskData data, bool full, CancellationToken stop = default);

    /// <summary>Pictures for the end of a run or an evaluation. Called in evaluation mode.</summary>
    public virtual IReadOnlyList<TaskPicture> Pictures(TaskData data) => [];

    /// <summary>Answers samples one after the other, as they are read. Called in evaluation mode.</summary>
    /// <param name="request">Inputs and settings.</param>
    /// <param name="answer">Gets each answer, in order.</param>
    /// <param name="stop">Ends it early.</param>
    /// <exception cref="Nn.Data.DataException">An input is malformed; the message says where.</exception>
    public abstract void Predict(PredictionRequest request, Action<Prediction> answer, CancellationToken stop = default);

    /// <summary>Frees the network.</summary>
    public virtual void Dispose()
    {
        Network.Dispose();
        GC.SuppressFinalize(this);
    }
}
