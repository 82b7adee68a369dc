using System.CommandLine;
using System.Text.Json.Nodes;
using RnnGpu.Core;
using RnnGpu.Nn;
using RnnGpu.Nn.Checkpoints;
using RnnGpu.Nn.Data;
using RnnGpu.Tasks.CharLm;
using RnnGpu.Tasks.Language;

namespace RnnGpu.Cli.Training;

/// <summary>One run of <c>train charlm</c>: from the command line to the checkpoints, curve and sample that it leaves.</summary>
internal sealed class CharLmRun : IDisposable
{
    private const string TextSection = "text";

    private readonly CommandContext _context;
    private readonly TrainSettings _settings;
    private readonly TrainingText _text;
    private readonly string _directory;
    private readonly Device _device;
    private readonly CharModel _model;
    private readonly CharTask _task;
    private readonly TokenStream _stream;
    private readonly CharEvaluator _evaluator;
    private readonly Optimizer _optimizer;
    private readonly Checkpoint? _resumed;

    private CharLmRun(
        CommandContext context, TrainSettings settings, TrainingText text, string directory, IBackend backend, Checkpoint? resumed)
    {
        _context = context;
        _settings = settings;
        _text = text;
        _directory = directory;
        _resumed = resumed;
        _stream = new TokenStream(text.Training, settings.Batch, settings.SeqLength, settings.Seed);
        _device = new Device(backend, settings.Seed);
        _model = new CharModel(_device, settings.Model, text.Vocabulary.Size);
        _task = new CharTask(_model, settings.Batch);
        _evaluator = new CharEvaluator(_model, text.Validation);
        _optimizer = Rules.MakeOptimizer(settings, _model);
    }

    /// <summary>Does what the command line asks for.</summary>
    /// <returns>Exit code.</returns>
    public static int Execute(CommandContext context, TrainOptions options, ParseResult given, CancellationToken stop)
    {
        (TrainSettings settings, TrainingText text, string directory, Checkpoint? resumed) =
            given.GetValue(options.Resume) is { } resume ? Resume(context, options, given, resume) : Begin(options, given);
        Directory.CreateDirectory(directory);
        stop.ThrowIfCancellationRequested();
        DeviceChoice device = options.Device.Read(given) with { Mode = settings.Precision, ModeIsTheRuns = resumed is not null };
        using CharLmRun run = Start(context, settings, text, directory, Backends.Create(device), resumed);
        return run.Train(given.GetValue(options.CheckpointEvery) ?? settings.ValidateEvery, stop);
    }

    /// <summary>A run that owns the backend; one that can't start releases it.</summary>
    private static CharLmRun Start(
        CommandContext context, TrainSettings settings, TrainingText text, string directory, IBackend backend, Checkpoint? resumed)
    {
        try
        {
            MemoryCheck.Require(settings, text.Vocabulary.Size, backend.Name, backend.AvailableBytes);
            return new CharLmRun(context, settings, text, directory, backend, resumed);
        }
        catch
        {
            backend.Dispose();
            throw;
        }
    }

    /// <summary>Frees the device with all on it.</summary>
    public void Dispose()
    {
        _evaluator.Dispose();
        _task.Dispose();
        _optimizer.Dispose();
        _model.Dispose();
        _device.Dispose();
    }

    private static (TrainSettings Settings, TrainingText Text, string Directory, Checkpoint? Resumed) Begin(TrainOptions options, ParseResult given)
    {
        TrainSettings settings = options.NewRun(given);
        string directory = RunDirectory.ForNewRun("charlm", given.GetValue(options.Out));
        return (settings, TrainingText.Read(given.GetValue(options.Data) ?? [], settings.Validation), directory, null);
    }

    private static (TrainSettings Settings, TrainingText Text, string Directory, Checkpoint? Resumed) Resume(
        CommandContext context, TrainOptions options, ParseResult given, string directory)
    {
        if (given.GetValue(options.Out) is { } other && Path.GetFullPath(other) != Path.GetFullPath(directory))
        {
            throw new UsageException($"--out: {other} conflicts with --resume {directory}; a run continues in its own directory, leave --out out");
        }

        Checkpoint checkpoint = RunDirectory.OpenToResume(directory, context.Text.WriteLine);
        (CharModelConfig model, Vocabulary vocabulary) = CharModelFormat.Read(checkpoint);
        TrainSettings saved = TrainSettingsFormat.Read(checkpoint, model), settings = options.Resumed(given, saved);
        if (settings.Length == saved.Length && TimeBudget.SavedTotal(checkpoint.Manifest.Section("schedule")) is { } total)
        {
            settings = settings with { Length = settings.Length with { SettledSteps = total } };
        }

        CheckpointSection source = checkpoint.Manifest.Section(TextSection);
        string[] paths = given.GetValue(options.Data) is { Length: > 0 } named ? named : source.Strings("paths");
        TrainingText text = TrainingText.Read(paths, settings.Validation, vocabulary);
        return text.Fingerprint == source.String("fingerprint")
            ? (settings, text, directory, checkpoint)
            : throw new DataException(
                $"{(paths.Length == 0 ? "the project's sources" : string.Join(", ", paths))}: not the text that the run was started with "
                + $"({text.Corpus.Length:N0} characters now, {source.Int64("characters"):N0} then); give that text with --data, or start a new run");
    }

    private int Train(int checkpointEvery, CancellationToken stop)
    {
        TimeBudget? timed = _settings.Length is { Minutes: { } minutes, SettledSteps: null } ? Rules.MakeTimedSchedule(_settings, minutes) : null;
        long? total = _settings.Length.TotalSteps(_stream.WindowsPerEpoch);
        TimeSpan? time = timed is null ? null : TimeSpan.FromMinutes(_settings.Length.Minutes!.Value);
        TrainDisplay display = TrainDisplay.For(_context);
        var progress = new ProgressReport(display, "characters", _stream.TokensPerWindow, "nats/character", new RunGoal(total, time));
        using var trainer = new Trainer<TokenBatch>(_task, _optimizer, _stream, new TokenBatch(_settings.SeqLength, _settings.Batch), new TrainerOptions
        {
            MaxSteps = total ?? long.MaxValue,
            MaxDuration = time,
            Clipping = _settings.Clip > 0 ? GradientClipping.Norm((float)_settings.Clip) : default,
            LossScaling = RunPrecision.ScalingOf(_settings.Precision),
            Schedule = timed ?? Rules.MakeSchedule(_settings, total!.Value),
            ReportEvery = 1,
            HistoryEvery = Math.Max(1, _settings.ValidateEvery / 10),
            Validate = () => _evaluator.Evaluate(CancellationToken.None).NatsPerCharacter,
            ValidateEvery = _settings.ValidateEvery,
            CheckpointDirectory = _directory,
            CheckpointEvery = checkpointEvery,
            KeepCheckpoints = 2,
            AddToCheckpoint = Describe,
            Callbacks = timed is null ? [progress] : [timed, progress],
        });
        if (_resumed is not null) { trainer.Restore(_resumed); }
        var summary = new RunSummary(_context, _settings, _text, _model, _device.Backend, _directory);
        summary.Begin(_resumed, total);
        TrainingResult result = default;
        display.Run(() => result = trainer.Run(stop));
        string curve = RunDirectory.WriteCurve(_directory, RunSummary.Curve(trainer.History));
        if (result.End == TrainingEnd.Interrupted) { return summary.Interrupted(result, trainer.History, progress); }
        Checkpoint best = RunDirectory.OpenModel(_directory);
        ModelFile.Read(best, _model);
        return summary.Done(result, trainer.History, progress, best.Path, curve);
    }

    private void Describe(CheckpointWriter writer)
    {
        writer.Section(CharModelFormat.SectionName, CharModelFormat.ToJson(_settings.Model, _text.Vocabulary));
        writer.Section(TrainSettingsFormat.SectionName, TrainSettingsFormat.ToJson(_settings));
        writer.Section(TextSection, new JsonObject
        {
            ["paths"] = new JsonArray([.. _text.Paths.Select(path => (JsonNode)path)]),
            ["characters"] = _text.Corpus.Length,
            ["fingerprint"] = _text.Fingerprint,
        });
    }
}
