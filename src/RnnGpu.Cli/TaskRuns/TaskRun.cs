using System.CommandLine;
using System.Text.Json.Nodes;
using RnnGpu.Cli.Charts;
using RnnGpu.Cli.Training;
using RnnGpu.Core;
using RnnGpu.Nn;
using RnnGpu.Nn.Checkpoints;
using RnnGpu.Tasks.Frame;

namespace RnnGpu.Cli.TaskRuns;

/// <summary>One run of <c>train TASK</c>: from the command line to the checkpoints, scores and pictures that it leaves.</summary>
internal sealed class TaskRun : IDisposable
{
    private readonly CommandContext _context;
    private readonly LearningTask _task;
    private readonly Settings _settings;
    private readonly TaskSource _source;
    private readonly DataSplit _data;
    private readonly JsonObject _description;
    private readonly ComputeMode _mode;
    private readonly Device _device;
    private readonly TaskModel _model;
    private readonly TaskTraining _training;
    private readonly Optimizer _optimizer;
    private readonly WeightAveraging? _averaging;
    private Scores? _scores;

    private TaskRun(CommandContext context, LearningTask task, Settings settings, TaskSource source, DataSplit data, JsonObject description, IBackend backend, ComputeMode mode)
    {
        (_context, _task, _settings, _source, _data, _description, _mode) = (context, task, settings, source, data, description, mode);
        _device = new Device(backend, (ulong)settings.Get(TrainingSettings.Seed));
        _model = task.Create(_device, settings, CheckpointSection.Of(description, "description"));
        _training = _model.Train(data.Training, settings);
        _optimizer = _model.MakeOptimizer(settings);
        _averaging = _model.MakeAveraging(settings, TotalSteps);
    }

    private long TotalSteps
    {
        get
        {
            long steps = _settings.Get(TrainingSettings.Epochs) * _training.BatchesPerEpoch;
            return _settings.Get(TrainingSettings.Steps) is > 0 and int most ? Math.Min(most, steps) : steps;
        }
    }

    /// <summary>Does what the command line asks for.</summary>
    /// <returns>Exit code.</returns>
    public static int Execute(CommandContext context, LearningTask task, TaskTrainOptions options, ParseResult given, CancellationToken stop)
    {
        if (given.GetValue(options.Resume) is { } resume) { return Resume(context, task, options, given, resume, stop); }
        bool demo = given.GetValue(options.Demo);
        Settings settings = options.NewRun(given, demo);
        TaskSource source = TaskSource.Of(demo, given.GetValue(options.Data) ?? [], given.GetValue(options.Valid) ?? []);
        if (given.GetValue(options.FoldCount) is { } folds)
        {
            return CrossValidation.Execute(context, task, settings, source, folds, options.Device.Read(given), stop);
        }

        if (given.GetValue(options.FindRate)) { return ShowRates(context, task, settings, source, options.Device.Read(given)); }
        string directory = RunDirectory.ForNewRun(task.Name, given.GetValue(options.Out));
        DataSplit data = source.Read(task, settings);
        Directory.CreateDirectory(directory);
        stop.ThrowIfCancellationRequested();
        using TaskRun run = Start(context, task, settings, source, data, task.Describe(data.Training, settings), options.Device.Read(given));
        return run.Train(directory, null, stop);
    }

    /// <summary>Trains on some data without leaving anything, and measures on other data.</summary>
    public static Scores TrainOnce(CommandContext context, LearningTask task, Settings settings, TaskSource source, DataSplit data, DeviceChoice device, CancellationToken stop)
    {
        using TaskRun run = Start(context, task, settings, source, data, task.Describe(data.Training, settings), device);
        using ITrainer trainer = run._training.Start(run._optimizer, new TrainerOptions
        {
            MaxSteps = run.TotalSteps,
            Clipping = run.Clipping,
            LossScaling = RunPrecision.ScalingOf(run._mode),
            Schedule = run._model.MakeSchedule(settings, run.TotalSteps),
            Averaging = run._averaging,
            Callbacks = run._model.Callbacks(settings),
        });
        if (trainer.Run(stop).End == TrainingEnd.Interrupted) { throw new OperationCanceledException(stop); }
        run._averaging?.Swap();
        return run.Measure(full: false, stop);
    }

    /// <summary>Prints the loss over the learning rate.</summary>
    private static int ShowRates(CommandContext context, LearningTask task, Settings settings, TaskSource source, DeviceChoice device)
    {
        DataSplit data = source.Read(task, settings);
        using TaskRun run = Start(context, task, settings, source, data, task.Describe(data.Training, settings), device);
        LearningRateCurve curve = run._training.FindRate(run._optimizer, run.Clipping);
        context.Text.Write(curve.Chart());
        context.WriteResult(new JsonObject
        {
            ["suggested"] = CommandContext.Figure(curve.Suggested),
            ["rates"] = new JsonArray([.. curve.Points.Select(static point => (JsonNode)point.Rate)]),
            ["losses"] = new JsonArray([.. curve.Points.Select(static point => (JsonNode)point.Loss)]),
        });
        return (int)ExitCode.Ok;
    }

    /// <summary>Frees the device with all on it.</summary>
    public void Dispose()
    {
        _averaging?.Dispose();
        _optimizer.Dispose();
        _training.Dispose();
        _model.Dispose();
        _device.Dispose();
    }

    private GradientClipping Clipping => _settings.Get(TrainingSettings.Clip) is > 0 and double clip ? GradientClipping.Norm((float)clip) : default;

    private static int Resume(CommandContext context, LearningTask task, TaskTrainOptions options, ParseResult given, string directory, CancellationToken stop)
    {
        if (given.GetValue(options.Out) is { } other && Path.GetFullPath(other) != Path.GetFullPath(directory))
        {
            throw new UsageException($"--out: {other} conflicts with --resume {directory}; a run continues in its own directory, leave --out out");
        }

        Checkpoint checkpoint = RunDirectory.OpenToResume(directory, context.Text.WriteLine);
        Settings settings = options.Resumed(given, TaskCheckpoint.ReadSettings(task, checkpoint));
        TaskSource source = TaskSource.Resumed(
            checkpoint.Manifest.Section(TaskSource.SectionName), given.GetValue(options.Data) ?? [], given.GetValue(options.Valid) ?? []);
        DataSplit data = source.Read(task, settings);
        JsonObject description = task.Describe(data.Training, settings);
        DeviceChoice device = RunPrecision.Resumed(options.Device, given, RunPrecision.Read(checkpoint));
        using TaskRun run = Start(context, task, settings, source, data, description, device);
        return run.Train(directory, checkpoint, stop);
    }

    /// <summary>A run that owns the backend; one that can't start releases it.</summary>
    private static TaskRun Start(
        CommandContext context, LearningTask task, Settings settings, TaskSource source, DataSplit data, JsonObject description, DeviceChoice device)
    {
        IBackend backend = Backends.Create(device);
        try
        {
            return new TaskRun(context, task, settings, source, data, description, backend, device.Mode);
        }
        catch
        {
            backend.Dispose();
            throw;
        }
    }

    private int Train(string directory, Checkpoint? resumed, CancellationToken stop)
    {
        long total = TotalSteps;
        int every = _settings.Get(TrainingSettings.ValidateEvery);
        TrainDisplay display = TrainDisplay.For(_context);
        var progress = new ProgressReport(display, _training.Unit, () => _training.Units, () => string.Join(", ", _scores!.All.Take(3)), new RunGoal(total, null));
        using ITrainer trainer = _training.Start(_optimizer, new TrainerOptions
        {
            MaxSteps = total,
            Clipping = Clipping,
            LossScaling = RunPrecision.ScalingOf(_mode),
            Schedule = _model.MakeSchedule(_settings, total),
            Averaging = _averaging,
            ReportEvery = 1,
            HistoryEvery = Math.Max(1, Math.Min(every > 0 ? every : _training.BatchesPerEpoch, total) / 10),
            Validate = () => (_scores = _model.Evaluate(_data.Validation, full: false, CancellationToken.None)).Objective,
            ValidateEvery = every,
            ValidateEachEpoch = every == 0,
            Patience = _settings.Get(TrainingSettings.Patience),
            CheckpointDirectory = directory,
            CheckpointEvery = every > 0 ? every : _training.BatchesPerEpoch,
            KeepCheckpoints = 2,
            AddToCheckpoint = Describe,
            Callbacks = [.. _model.Callbacks(_settings), progress],
        });
        if (resumed is not null) { trainer.Restore(resumed); }
        var summary = new TaskSummary(_context, _task, _settings, directory);
        summary.Begin(_data, _model.Network.ParameterCount(), _device.Backend, total, resumed);
        TrainingResult result = default;
        display.Run(() => result = trainer.Run(stop));
        LearningCurve curve = RunDirectory.Curve($"{_task.Name}: loss", "loss", trainer.History);
        string curvePath = RunDirectory.WriteCurve(directory, curve);
        if (result.End == TrainingEnd.Interrupted) { return summary.Interrupted(result, progress); }
        Checkpoint best = RunDirectory.OpenModel(directory);
        ModelFile.Read(best, _model.Network);
        Scores scores = Measure(full: true, stop);
        IReadOnlyList<TaskPicture> pictures = _model.Pictures(_data.Validation);
        return summary.Done(result, progress, scores, best.Path, curve, curvePath, pictures);
    }

    private Scores Measure(bool full, CancellationToken stop)
    {
        _device.ReleaseStep();
        _model.Network.Eval();
        return _model.Evaluate(_data.Validation, full, stop);
    }

    private void Describe(CheckpointWriter writer)
    {
        writer.Section(TaskCheckpoint.SectionName, TaskCheckpoint.ToJson(_task, _settings, (JsonObject)_description.DeepClone()));
        writer.Section(TaskSource.SectionName, _source.ToJson());
        writer.Section(RunPrecision.SectionName, RunPrecision.ToJson(_mode));
    }
}
