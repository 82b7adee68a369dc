using System.Text.Json.Nodes;
using RnnGpu.Nn.Checkpoints;
using RnnGpu.Tasks.CharLm;

namespace RnnGpu.Cli.Training;

/// <summary>How <see cref="TrainSettings"/> stand in a checkpoint's manifest. The model's sizes have a section of their own.</summary>
internal static class TrainSettingsFormat
{
    /// <summary>Name of the section.</summary>
    public const string SectionName = "settings";

    /// <summary>The section.</summary>
    public static JsonObject ToJson(TrainSettings settings) => new()
    {
        ["seq_length"] = settings.SeqLength,
        ["batch"] = settings.Batch,
        ["optimizer"] = settings.Optimizer,
        ["learning_rate"] = CheckpointSection.Number(settings.LearningRate),
        ["schedule"] = settings.Schedule,
        ["warmup"] = settings.Warmup,
        ["weight_decay"] = CheckpointSection.Number(settings.WeightDecay),
        ["clip"] = CheckpointSection.Number(settings.Clip),
        ["steps"] = settings.Length.Steps,
        ["epochs"] = settings.Length.Epochs,
        ["minutes"] = settings.Length.Minutes,
        ["validation"] = CheckpointSection.Number(settings.Validation),
        ["validate_every"] = settings.ValidateEvery,
        ["precision"] = DeviceOptions.NameOf(settings.Precision),
        ["seed"] = settings.Seed,
    };

    /// <summary>Reads the section back.</summary>
    /// <exception cref="CheckpointException">A field is missing, wrong or out of range.</exception>
    public static TrainSettings Read(Checkpoint checkpoint, CharModelConfig model)
    {
        CheckpointSection section = checkpoint.Manifest.Section(SectionName);
        var settings = new TrainSettings
        {
            Model = model,
            SeqLength = section.Int32("seq_length"),
            Batch = section.Int32("batch"),
            Optimizer = section.String("optimizer"),
            LearningRate = section.Double("learning_rate"),
            Schedule = section.String("schedule"),
            Warmup = section.Int32("warmup"),
            WeightDecay = section.Double("weight_decay"),
            Clip = section.Double("clip"),
            Length = new RunLength(
                section.Has("steps") ? section.Int64("steps") : null,
                section.Has("epochs") ? section.Int32("epochs") : null,
                section.Has("minutes") ? section.Double("minutes") : null),
            Validation = section.Double("validation"),
            ValidateEvery = section.Int32("validate_every"),
            Precision = RunPrecision.Read(section),
            Seed = section.UInt64("seed"),
        };
        return Wrong(settings) is not { } field
            ? settings
            : throw new CheckpointException(
                $"{checkpoint.Path}: {SectionName}", $"the field '{field}' is out of range", "The manifest was edited: use another checkpoint");
    }

    private static string? Wrong(TrainSettings settings) =>
        settings.SeqLength is < 1 or > TrainSettings.MaxCount ? "seq_length"
        : settings.Batch is < 1 or > TrainSettings.MaxCount ? "batch"
        : !TrainSettings.Optimizers.Contains(settings.Optimizer, StringComparer.Ordinal) ? "optimizer"
        : !TrainSettings.Schedules.Contains(settings.Schedule, StringComparer.Ordinal) ? "schedule"
        : settings.LearningRate is not (> 0 and <= 1000) ? "learning_rate"
        : settings.Warmup < 0 ? "warmup"
        : settings.WeightDecay is not (>= 0 and <= 1000) ? "weight_decay"
        : settings.Clip is not (>= 0 and <= 1e9) ? "clip"
        : settings.Validation is not (> 0 and < 1) ? "validation"
        : settings.ValidateEvery < 1 ? "validate_every"
        : settings.Length is not ({ Steps: > 0 } or { Epochs: > 0 } or { Minutes: > 0 }) ? "steps"
        : null;
}
