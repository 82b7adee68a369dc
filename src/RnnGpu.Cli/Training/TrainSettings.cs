using RnnGpu.Core;
using RnnGpu.Tasks.CharLm;

namespace RnnGpu.Cli.Training;

/// <summary>
/// Everything that decides what a training run computes; a checkpoint stores it, and two runs with equal settings on equal
/// data give the same bits. Where it runs and what is printed is not in here.
/// </summary>
internal sealed record TrainSettings
{
    /// <summary>Model sizes.</summary>
    public required CharModelConfig Model { get; init; }

    /// <summary>T: characters of a window of truncated BPTT.</summary>
    public required int SeqLength { get; init; }

    /// <summary>B: streams side by side.</summary>
    public required int Batch { get; init; }

    /// <summary><c>sgd</c>, <c>rmsprop</c>, <c>adam</c> or <c>adamw</c>.</summary>
    public required string Optimizer { get; init; }

    /// <summary>Peak learning rate.</summary>
    public required double LearningRate { get; init; }

    /// <summary><c>constant</c>, or <c>cosine</c>: from the peak down to nothing at the last step. Both rise to the peak first.</summary>
    public required string Schedule { get; init; }

    /// <summary>Steps in which the learning rate rises linearly to its peak.</summary>
    public required int Warmup { get; init; }

    /// <summary>Weight decay.</summary>
    public required double WeightDecay { get; init; }

    /// <summary>Largest norm of the gradient; 0 for no clipping.</summary>
    public required double Clip { get; init; }

    /// <summary>Length of the run.</summary>
    public required RunLength Length { get; init; }

    /// <summary>Part of the text, at its end, that is for validation.</summary>
    public double Validation { get; init; } = 0.1;

    /// <summary>Steps between validations.</summary>
    public required int ValidateEvery { get; init; }

    /// <summary>Precision of matrix products; with fp16 the loss is scaled.</summary>
    public ComputeMode Precision { get; init; }

    /// <summary>Of initialisation, dropout and the order of data.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Largest batch and sequence length.</summary>
    public const int MaxCount = 1 << 20;

    /// <summary>Values of <see cref="Optimizer"/>.</summary>
    public static readonly string[] Optimizers = ["sgd", "rmsprop", "adam", "adamw"];

    /// <summary>Values of <see cref="Schedule"/>.</summary>
    public static readonly string[] Schedules = ["constant", "cosine"];

    /// <summary>Names of the presets.</summary>
    public static readonly string[] Presets = ["small", "shakespeare"];

    /// <summary>A preset by name.</summary>
    public static TrainSettings Preset(string name) => name switch
    {
        "small" => new TrainSettings
        {
            Model = new CharModelConfig(CellKind.Lstm, Layers: 1, Hidden: 256, Embedding: 64, Dropout: 0),
            SeqLength = 64,
            Batch = 32,
            Optimizer = "adamw",
            LearningRate = 4e-3,
            Schedule = "cosine",
            Warmup = 100,
            WeightDecay = 0.01,
            Clip = 1,
            Length = RunLength.OfSteps(3000),
            ValidateEvery = 250,
        },
        "shakespeare" => new TrainSettings
        {
            Model = new CharModelConfig(CellKind.Lstm, Layers: 2, Hidden: 512, Embedding: 128, Dropout: 0.4f),
            SeqLength = 64,
            Batch = 64,
            Optimizer = "adamw",
            LearningRate = 3e-3,
            Schedule = "cosine",
            Warmup = 100,
            WeightDecay = 0.01,
            Clip = 1,
            Length = RunLength.OfSteps(2640),
            ValidateEvery = 220,
        },
        _ => throw new UsageException($"--preset: there is no preset '{name}'"),
    };
}

/// <summary>How long a run is: a number of steps, of passes over the training text, or of minutes. One of them is set.</summary>
internal sealed record RunLength(long? Steps, int? Epochs, double? Minutes)
{
    /// <summary>The number of steps that a run of minutes has settled on; set when such a run is resumed.</summary>
    public long? SettledSteps { get; init; }

    /// <summary>Optimiser updates.</summary>
    public static RunLength OfSteps(long steps) => new(steps, null, null);

    /// <summary>Passes over the training text.</summary>
    public static RunLength OfEpochs(int epochs) => new(null, epochs, null);

    /// <summary>Wall-clock time. The number of steps is measured at the start of the run, and fixed from then on.</summary>
    public static RunLength OfMinutes(double minutes) => new(null, null, minutes);

    /// <summary>The number of steps, where it can be known before the run.</summary>
    public long? TotalSteps(int windowsPerEpoch) => SettledSteps ?? Steps ?? (long?)Epochs * windowsPerEpoch;

    /// <inheritdoc/>
    public override string ToString() => Steps is not null ? $"{Steps:#,0} steps" : Epochs is not null ? $"{Epochs} epochs" : $"{Minutes} minutes";
}
