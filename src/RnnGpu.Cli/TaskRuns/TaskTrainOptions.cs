using System.CommandLine;
using RnnGpu.Nn.Checkpoints;
using RnnGpu.Tasks.Frame;

namespace RnnGpu.Cli.TaskRuns;

/// <summary>The options of <c>train TASK</c>.</summary>
internal sealed class TaskTrainOptions
{
    private readonly LearningTask _task;
    private readonly TaskOptions _settings;
    private readonly Option<string?>? _preset;

    public TaskTrainOptions(LearningTask task)
    {
        _task = task;
        Settings defaults = task.DefaultSettings();
        _settings = new TaskOptions(defaults.Declared, task.Presets.Count > 0 ? defaults.With(task.Presets[0].Values) : defaults);
        Data = Files("--data", $"Files to learn: {task.DataFormat}");
        Valid = Files("--valid", "Files of the same form to measure on; without them a part of --data is kept for it");
        Out = new Option<string?>("--out") { Description = $"Directory for checkpoints and pictures (default: runs/{task.Name})", HelpName = "DIR" };
        if (task.Presets.Count > 0)
        {
            _preset = NumberOptions.Word(
                "--preset",
                $"Settings that the other options start from: {string.Join("; ", task.Presets.Select(preset => $"{preset.Name}, {preset.Summary}"))} (default: {task.Presets[0].Name})",
                [.. task.Presets.Select(preset => preset.Name)]);
        }
    }

    public Option<string[]> Data { get; }

    public Option<string[]> Valid { get; }

    public Option<bool> Demo { get; } = new("--demo") { Description = "Learn small made-up data instead of files" };

    public Option<string?> Out { get; }

    public Option<string?> Resume { get; } = new("--resume") { Description = "Continue the run in this directory, bit for bit", HelpName = "DIR" };

    public Option<int?> FoldCount { get; } = NumberOptions.Int32("--folds", "Cross-validate in so many folds instead of training one model; leaves no checkpoint", 2, 1000);

    public Option<bool> FindRate { get; } = new("--find-lr") { Description = "Show the loss over the learning rate, by 100 updates that are taken back, and train nothing" };

    public DeviceOptions Device { get; } = new();

    /// <summary>Adds all options to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { Data, Valid, Demo, Out, Resume, FoldCount, FindRate }) { command.Add(option); }
        if (_preset is not null) { command.Add(_preset); }
        _settings.AddTo(command);
        Device.AddTo(command, strategy: true);
        command.Validators.Add(result =>
        {
            bool Given(Option option) => result.GetResult(option) is { Implicit: false };
            if (Given(Demo) && (Given(Data) || Given(Valid))) { result.AddError("--demo makes its own data: leave --data and --valid out"); }
            if (!Given(Demo) && !Given(Data) && !Given(Resume)) { result.AddError($"no data: name files with --data ({_task.DataFormat}), or try --demo"); }
            if (Given(FindRate) && (Given(Resume) || Given(FoldCount) || Given(Out))) { result.AddError("--find-lr trains nothing: leave --resume, --folds and --out out"); }
            if (Given(FoldCount) && (Given(Valid) || Given(Resume))) { result.AddError("--folds measures on the folds of --data: leave --valid and --resume out"); }
        });
    }

    /// <summary>The settings of a new run.</summary>
    /// <param name="given">The command line.</param>
    /// <param name="demo">Whether it learns made-up data.</param>
    public Settings NewRun(ParseResult given, bool demo)
    {
        Settings settings = _task.DefaultSettings();
        string? chosen = _preset is null ? null : given.GetValue(_preset);
        if (_task.Presets.Count > 0) { settings = settings.With(_task.Presets.First(preset => chosen is null || preset.Name == chosen).Values); }
        if (demo) { settings = settings.With(_task.DemoSettings); }
        return settings.With(_settings.Given(given));
    }

    /// <summary>The settings of a run that continues: those it was started with; only its length may be another.</summary>
    /// <exception cref="UsageException">An option says something else than the run being resumed.</exception>
    public Settings Resumed(ParseResult given, Settings saved)
    {
        if (_preset is not null && given.GetValue(_preset) is not null) { throw new UsageException("--preset cannot go with --resume: the run's own settings are taken"); }
        SettingValue[] values = [.. _settings.Given(given)];
        foreach (SettingValue value in values)
        {
            bool length = value.Setting == TrainingSettings.Epochs || value.Setting == TrainingSettings.Steps;
            object before = saved.Value(value.Setting);
            if (!length && !value.Value.Equals(before))
            {
                throw new UsageException($"--{value.Setting.Name}: {value.Value} conflicts with {before} of the run being resumed; leave it out");
            }
        }

        return saved.With(values);
    }

    private static Option<string[]> Files(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "FILE",
        AllowMultipleArgumentsPerToken = true,
        Arity = ArgumentArity.OneOrMore,
    };
}
