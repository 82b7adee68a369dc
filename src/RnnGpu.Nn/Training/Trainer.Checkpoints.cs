using System.Text.Json.Nodes;
using RnnGpu.Nn.Checkpoints;

namespace RnnGpu.Nn;

/// <summary>
/// What a checkpoint of a run holds: <c>model.safetensors</c>; <c>optimizer.safetensors</c>, its state tensors;
/// <c>state.safetensors</c>, carried recurrent state; and in the manifest the sections <c>training</c> (counters, generator, learning rate),
/// <c>data</c> (the cursor), <c>schedule</c> and <c>history</c>. With weight averaging, the section <c>averaging</c>; and once it has begun,
/// <c>model.safetensors</c> is the mean, and <c>training.safetensors</c> the weights that training goes on with.
/// </summary>
public sealed partial class Trainer<TBatch>
{
    private const string OptimizerFile = "optimizer.safetensors", StateFile = "state.safetensors";
    private const string TrainingWeightsFile = "training.safetensors", AveragingSection = "averaging";
    private const string TrainingSection = "training", DataSection = "data", ScheduleSection = "schedule", HistorySection = "history";

    private bool _unsaved = true;
    private string? _checkpoint;

    /// <summary>Saves a checkpoint of the present step and removes old ones, as the options say.</summary>
    /// <returns>Its folder.</returns>
    /// <exception cref="InvalidOperationException">No <see cref="TrainerOptions.CheckpointDirectory"/>.</exception>
    /// <exception cref="CheckpointException">It cannot be saved; earlier ones are whole.</exception>
    /// <exception cref="NumericFailureException">A loss or gradient since the last report is not finite; nothing is saved.</exception>
    public string Save()
    {
        string directory = _options.CheckpointDirectory
            ?? throw new InvalidOperationException($"no folder for checkpoints: set {nameof(TrainerOptions.CheckpointDirectory)}");
        ReadFigures();
        _checkpoint = CheckpointFolder.Save(directory, _progress.Step, Write, _options.CreateFile);
        _unsaved = false;
        CheckpointFolder.Prune(directory, _options.KeepCheckpoints, [_progress.Step, _progress.BestStep]);
        Tell(Moment.Checkpoint, _checkpoint);
        return _checkpoint;
    }

    /// <summary>
    /// Takes up a run where a checkpoint left it: weights, optimiser, generator, data, carried state, schedule, history. A learning rate
    /// or options that differ from the saved run's are then the caller's to set. Weights and counters stay as they are if the
    /// checkpoint does not fit.
    /// </summary>
    /// <exception cref="CheckpointException">The checkpoint is of another model, optimiser, seed or data, or incomplete.</exception>
    public void Restore(Checkpoint checkpoint)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        CheckpointSection training = checkpoint.Manifest.Section(TrainingSection);
        CheckSame(checkpoint, "optimiser", training.String("optimizer"), _optimizer.Name);
        CheckSame(checkpoint, "seed", $"{training.UInt64("seed")}", $"{_device.Seed}");
        ulong deviceStep = training.UInt64("device_step");
        long updates = TrainingProgress.Count(training, "updates");
        float learningRate = training.Single("learning_rate");
        if (!(learningRate >= 0f && float.IsFinite(learningRate))) { throw training.Bad("learning_rate", "a learning rate"); }
        CheckSame(checkpoint, "loss scaling", LossScaler.IsIn(training) ? "dynamic" : "none", _scaler is null ? "none" : "dynamic");
        TrainingProgress progress = TrainingProgress.Read(training);
        if (progress.Step != checkpoint.Step) { throw training.Bad("step", $"{checkpoint.Step}, the checkpoint's step"); }
        TrainingHistory history = TrainingHistory.Read(checkpoint.Manifest.Section(HistorySection));
        using SafeTensorsFile model = checkpoint.OpenTensors(ModelFile.Name);
        using SafeTensorsFile optimizer = checkpoint.OpenTensors(OptimizerFile);
        using SafeTensorsFile state = checkpoint.OpenTensors(StateFile);
        NamedTensors.Check(model, ModelFile.State(_model));
        if (checkpoint.Manifest.Sections.ContainsKey(AveragingSection) != (_options.Averaging is not null))
        {
            throw new CheckpointException(
                checkpoint.Path, $"it was made {(_options.Averaging is null ? "with" : "without")} weight averaging, unlike this run", "Use the settings it was made with");
        }

        NamedTensors.Check(optimizer, _optimizer.State());
        NamedTensors.Check(state, _trainable.CarriedState);
        _source.Restore(checkpoint.Manifest.Section(DataSection));
        _options.Schedule?.Restore(checkpoint.Manifest.Section(ScheduleSection));
        _scaler?.Restore(training);
        History = history;
        RestoreWeights(checkpoint, model);
        _optimizer.ReadState(optimizer, updates);
        _optimizer.LearningRate = learningRate;
        NamedTensors.Read(state, _trainable.CarriedState);
        _device.ReleaseStep();
        _device.Step = deviceStep;
        _progress = progress;
        _figures.Clear();
        (_reportSum, _reportCount, _reportedLoss, _norm) = (0, 0, double.NaN, double.NaN);
        _unsaved = false;
        _checkpoint = checkpoint.Path;
    }

    /// <summary>The weights that training goes on with, and the mean where there is one.</summary>
    private void RestoreWeights(Checkpoint checkpoint, SafeTensorsFile model)
    {
        if (_options.Averaging is not { } averaging)
        {
            ModelFile.Read(model, _model);
            return;
        }

        averaging.Restore(checkpoint.Manifest.Section(AveragingSection));
        ModelFile.Read(model, _model);
        if (averaging.Count == 0) { return; }
        averaging.Swap();
        using SafeTensorsFile training = checkpoint.OpenTensors(TrainingWeightsFile);
        ModelFile.Read(training, _model);
    }

    private static void CheckSame(Checkpoint checkpoint, string what, string saved, string mine)
    {
        if (saved != mine)
        {
            throw new CheckpointException(
                checkpoint.Path,
                $"it was made with the {what} {CheckpointException.Quote(saved)}, this run has '{mine}'",
                "Use the settings it was made with");
        }
    }

    private void WriteWeights(CheckpointWriter writer)
    {
        if (_options.Averaging is { Count: > 0 } averaging)
        {
            writer.Tensors(TrainingWeightsFile, file => ModelFile.Write(file, _model));
            averaging.Swap();
            try
            {
                writer.Tensors(ModelFile.Name, file => ModelFile.Write(file, _model));
            }
            finally
            {
                averaging.Swap();
            }
        }
        else
        {
            writer.Tensors(ModelFile.Name, file => ModelFile.Write(file, _model));
        }

        if (_options.Averaging is null) { return; }
        var section = new JsonObject();
        _options.Averaging.Save(section);
        writer.Section(AveragingSection, section);
    }

    private void SaveIfWanted()
    {
        if (_options.CheckpointDirectory is not null) { Save(); }
    }

    private void Write(CheckpointWriter writer)
    {
        WriteWeights(writer);
        writer.Tensors(OptimizerFile, _optimizer.WriteState);
        writer.Tensors(StateFile, file => NamedTensors.Write(file, _trainable.CarriedState));
        var training = new JsonObject
        {
            ["seed"] = _device.Seed,
            ["device_step"] = _device.Step,
            ["optimizer"] = _optimizer.Name,
            ["updates"] = _optimizer.Updates,
            ["learning_rate"] = CheckpointSection.Number(_optimizer.LearningRate),
        };
        _progress.Save(training);
        _scaler?.Save(training);
        writer.Section(TrainingSection, training);
        var data = new JsonObject();
        _source.Save(data);
        writer.Section(DataSection, data);
        var schedule = new JsonObject();
        _options.Schedule?.Save(schedule);
        writer.Section(ScheduleSection, schedule);
        writer.Section(HistorySection, History.Save());
        _options.AddToCheckpoint?.Invoke(writer);
    }
}
