using System.CommandLine;
using RnnGpu.Core;
using RnnGpu.Tasks.CharLm;

namespace RnnGpu.Cli.Training;

/// <summary>The options of <c>train charlm</c>, and how they become <see cref="TrainSettings"/>.</summary>
internal sealed class TrainOptions
{
    public Option<string[]> Data { get; } = new("--data")
    {
        Description = "Text files or directories to learn; without it, the project's own sources and documents",
        HelpName = "FILE|DIR",
        AllowMultipleArgumentsPerToken = true,
        Arity = ArgumentArity.OneOrMore,
    };

    public Option<string?> Out { get; } = new("--out") { Description = "Directory for checkpoints and learning curve (default: runs/charlm)", HelpName = "DIR" };

    public Option<string?> Resume { get; } = new("--resume") { Description = "Continue the run in this directory, bit for bit", HelpName = "DIR" };

    public Option<string?> Preset { get; } = NumberOptions.Word(
        "--preset", "Settings that the other options start from (default: small)", TrainSettings.Presets);

    public Option<string?> Cell { get; } = NumberOptions.Word("--cell", "Recurrent cell", CommonOptions.Cells);

    public Option<int?> Layers { get; } = NumberOptions.Int32("--layers", "Recurrent layers", 1, CharModelConfig.MaxLayers);

    public Option<int?> Hidden { get; } = NumberOptions.Int32("--hidden", "Units of each recurrent layer", 1, CharModelConfig.MaxUnits);

    public Option<int?> Embedding { get; } = NumberOptions.Int32("--embedding", "Size of a character's vector", 1, CharModelConfig.MaxUnits);

    public Option<int?> SeqLength { get; } = NumberOptions.Int32("--seq-length", "Characters of a training window (truncated BPTT)", 1, TrainSettings.MaxCount);

    public Option<int?> Batch { get; } = NumberOptions.Int32("--batch", "Streams of text side by side", 1, TrainSettings.MaxCount);

    public Option<double?> Dropout { get; } = NumberOptions.Real("--dropout", "Probability of dropout", 0, 0.99);

    public Option<string?> Optimizer { get; } = NumberOptions.Word("--optimizer", "Update rule", TrainSettings.Optimizers);

    public Option<double?> LearningRate { get; } = NumberOptions.Real("--lr", "Peak learning rate", 0, 1000, withoutLow: true);

    public Option<string?> Schedule { get; } = NumberOptions.Word("--schedule", "Learning rate over the run", TrainSettings.Schedules);

    public Option<int?> Warmup { get; } = NumberOptions.Int32("--warmup", "Updates in which the learning rate rises to its peak", 0, int.MaxValue);

    public Option<double?> WeightDecay { get; } = NumberOptions.Real("--weight-decay", "Weight decay", 0, 1000);

    public Option<double?> Clip { get; } = NumberOptions.Real("--clip", "Largest norm of the gradient; 0 for no clipping", 0, 1e9);

    public Option<int?> Epochs { get; } = NumberOptions.Int32("--epochs", "Length of the run: passes over the text", 1, 1_000_000);

    public Option<long?> Steps { get; } = NumberOptions.Int64("--steps", "Length of the run: updates", 1, 1_000_000_000);

    public Option<double?> Minutes { get; } = NumberOptions.Real(
        "--minutes", "Length of the run: minutes; the number of updates that fit is measured at its start", 0, 1_000_000, withoutLow: true);

    public Option<double?> Validation { get; } = NumberOptions.Real(
        "--validation", "Part of the text, at its end, that is kept for validation (default: 0.1)", 0, 1, withoutLow: true, withoutHigh: true);

    public Option<int?> ValidateEvery { get; } = NumberOptions.Int32("--validate-every", "Updates between validations", 1, int.MaxValue);

    public Option<int?> CheckpointEvery { get; } = NumberOptions.Int32("--checkpoint-every", "Updates between checkpoints (default: as validations)", 1, int.MaxValue);

    public Option<ulong?> Seed { get; } = NumberOptions.Seed("--seed", "Seed of initialisation, dropout and order of data (default: 1)");

    public DeviceOptions Device { get; } = new();

    /// <summary>Adds all options to a verb.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in new Option[]
                 {
                     Data, Out, Resume, Preset, Cell, Layers, Hidden, Embedding, SeqLength, Batch, Dropout, Optimizer, LearningRate, Schedule,
                     Warmup, WeightDecay, Clip, Epochs, Steps, Minutes, Validation, ValidateEvery, CheckpointEvery, Seed,
                 })
        {
            command.Add(option);
        }

        Device.AddTo(command, strategy: true);

        command.Validators.Add(result =>
        {
            int lengths = new Option[] { Epochs, Steps, Minutes }.Count(option => result.GetResult(option) is { Implicit: false });
            if (lengths > 1) { result.AddError("--epochs, --steps and --minutes exclude one another"); }
        });
    }

    /// <summary>The settings of a new run.</summary>
    public TrainSettings NewRun(ParseResult given)
    {
        TrainSettings start = TrainSettings.Preset(given.GetValue(Preset) ?? TrainSettings.Presets[0]);
        return Apply(given, start) with { Length = GivenLength(given) ?? start.Length };
    }

    /// <summary>
    /// The settings of a run that continues: those it was started with, and another length if one is given.
    /// </summary>
    /// <exception cref="UsageException">An option says something else than the run being resumed.</exception>
    public TrainSettings Resumed(ParseResult given, TrainSettings saved)
    {
        if (given.GetValue(Preset) is not null)
        {
            throw new UsageException("--preset cannot go with --resume: the run's own settings are taken");
        }

        TrainSettings asked = Apply(given, saved);
        Same(Cell, Layouts.Name(saved.Model.Cell), Layouts.Name(asked.Model.Cell));
        Same(Layers, saved.Model.Layers, asked.Model.Layers);
        Same(Hidden, saved.Model.Hidden, asked.Model.Hidden);
        Same(Embedding, saved.Model.Embedding, asked.Model.Embedding);
        Same(Dropout, saved.Model.Dropout, asked.Model.Dropout);
        Same(SeqLength, saved.SeqLength, asked.SeqLength);
        Same(Batch, saved.Batch, asked.Batch);
        Same(Optimizer, saved.Optimizer, asked.Optimizer);
        Same(LearningRate, saved.LearningRate, asked.LearningRate);
        Same(Schedule, saved.Schedule, asked.Schedule);
        Same(Warmup, saved.Warmup, asked.Warmup);
        Same(WeightDecay, saved.WeightDecay, asked.WeightDecay);
        Same(Clip, saved.Clip, asked.Clip);
        Same(Validation, saved.Validation, asked.Validation);
        Same(ValidateEvery, saved.ValidateEvery, asked.ValidateEvery);
        Same(Device.PrecisionOption, DeviceOptions.NameOf(saved.Precision), DeviceOptions.NameOf(asked.Precision));
        Same(Seed, saved.Seed, asked.Seed);
        return saved with { Length = GivenLength(given) ?? saved.Length };
    }

    private RunLength? GivenLength(ParseResult given)
    {
        if (given.GetValue(Steps) is { } steps) { return RunLength.OfSteps(steps); }
        if (given.GetValue(Epochs) is { } epochs) { return RunLength.OfEpochs(epochs); }
        return given.GetValue(Minutes) is { } minutes ? RunLength.OfMinutes(minutes) : null;
    }

    private TrainSettings Apply(ParseResult given, TrainSettings start) => start with
    {
        Model = new CharModelConfig(
            given.GetValue(Cell) is { } name && Layouts.TryParseCell(name, out CellKind cell) ? cell : start.Model.Cell,
            given.GetValue(Layers) ?? start.Model.Layers,
            given.GetValue(Hidden) ?? start.Model.Hidden,
            given.GetValue(Embedding) ?? start.Model.Embedding,
            (float?)given.GetValue(Dropout) ?? start.Model.Dropout),
        SeqLength = given.GetValue(SeqLength) ?? start.SeqLength,
        Batch = given.GetValue(Batch) ?? start.Batch,
        Optimizer = given.GetValue(Optimizer) ?? start.Optimizer,
        LearningRate = given.GetValue(LearningRate) ?? start.LearningRate,
        Schedule = given.GetValue(Schedule) ?? start.Schedule,
        Warmup = given.GetValue(Warmup) ?? start.Warmup,
        WeightDecay = given.GetValue(WeightDecay) ?? start.WeightDecay,
        Clip = given.GetValue(Clip) ?? start.Clip,
        Validation = given.GetValue(Validation) ?? start.Validation,
        ValidateEvery = given.GetValue(ValidateEvery) ?? start.ValidateEvery,
        Precision = Device.Precision(given) ?? start.Precision,
        Seed = given.GetValue(Seed) ?? start.Seed,
    };

    private static void Same<T>(Option option, T saved, T asked)
    {
        if (!EqualityComparer<T>.Default.Equals(saved, asked))
        {
            throw new UsageException($"{option.Name}: {asked} conflicts with {saved} of the run being resumed; leave it out");
        }
    }
}
