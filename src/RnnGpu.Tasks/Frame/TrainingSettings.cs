using RnnGpu.Nn;

namespace RnnGpu.Tasks.Frame;

/// <summary>The settings of training that every task has. A task gives them its own defaults in <see cref="LearningTask.Defaults"/>.</summary>
public static class TrainingSettings
{
    /// <summary>Passes over the training data.</summary>
    public static readonly Setting<int> Epochs = Setting.Int("epochs", 10, 1, 1_000_000, "Passes over the training data");

    /// <summary>Updates after which the run ends in any case.</summary>
    public static readonly Setting<int> Steps = Setting.Int("steps", 0, 0, 1_000_000_000, "Updates after which the run ends; 0: as many as --epochs makes");

    /// <summary>Samples of an update.</summary>
    public static readonly Setting<int> Batch = Setting.Int("batch", 32, 1, 1 << 20, "Samples of an update");

    /// <summary>Update rule.</summary>
    public static readonly Setting<string> Optimizer = Setting.Word("optimizer", "adam", ["sgd", "rmsprop", "adam", "adamw"], "Update rule");

    /// <summary>Peak learning rate.</summary>
    public static readonly Setting<double> LearningRate = Setting.Real("lr", 1e-3, 1e-12, 1000, "Peak learning rate");

    /// <summary>Learning rate over the run.</summary>
    public static readonly Setting<string> Schedule = Setting.Word("schedule", "cosine", ["constant", "cosine"], "Learning rate over the run");

    /// <summary>Updates in which the learning rate rises to its peak.</summary>
    public static readonly Setting<int> Warmup = Setting.Int("warmup", 0, 0, int.MaxValue, "Updates in which the learning rate rises to its peak");

    /// <summary>Momentum of plain gradient descent.</summary>
    public static readonly Setting<double> Momentum = Setting.Real("momentum", 0.9, 0, 0.999999, "Momentum of --optimizer sgd");

    /// <summary>Weight decay.</summary>
    public static readonly Setting<double> WeightDecay = Setting.Real("weight-decay", 0, 0, 1000, "Weight decay, of matrices only");

    /// <summary>Largest norm of the gradient.</summary>
    public static readonly Setting<double> Clip = Setting.Real("clip", 1, 0, 1e9, "Largest norm of the gradient; 0 for no clipping");

    /// <summary>Averaging of weights; for tasks that declare it among their own settings.</summary>
    public static readonly Setting<string> Averaging = Setting.Word(
        "averaging", "none", ["none", "swa", "nt-asgd"], "Average the weights: swa, over the last quarter of the run; nt-asgd, once validation stops getting better");

    /// <summary>Updates between validations.</summary>
    public static readonly Setting<int> ValidateEvery = Setting.Int("validate-every", 0, 0, int.MaxValue, "Updates between validations; 0: one an epoch");

    /// <summary>Validations without a new best after which the run ends.</summary>
    public static readonly Setting<int> Patience = Setting.Int("patience", 0, 0, int.MaxValue, "Validations without a new best after which the run ends; 0: never");

    /// <summary>Part of the data for validation where no file is named for it.</summary>
    public static readonly Setting<double> Validation = Setting.Real("validation", 0.1, 1e-6, 0.999999, "Part of the data, at its end, kept for validation where --valid names no file");

    /// <summary>Seed of initialisation, dropout and order.</summary>
    public static readonly Setting<int> Seed = Setting.Int("seed", 1, 0, int.MaxValue, "Seed of initialisation, dropout and order of data");

    /// <summary>All of them.</summary>
    public static IReadOnlyList<Setting> All { get; } =
        [Epochs, Steps, Batch, Optimizer, LearningRate, Schedule, Warmup, Momentum, WeightDecay, Clip, ValidateEvery, Patience, Validation, Seed];

    /// <summary>The optimiser that the settings name, over all parameters of a network; biases do not decay.</summary>
    public static Optimizer MakeOptimizer(Settings settings, Module network)
    {
        ParameterGroup[] groups = ParameterGroup.DecayMatricesOnly(network);
        float rate = (float)settings.Get(LearningRate), decay = (float)settings.Get(WeightDecay);
        return settings.Get(Optimizer) switch
        {
            "sgd" => new Sgd(groups, rate, momentum: (float)settings.Get(Momentum), weightDecay: decay),
            "rmsprop" => new RmsProp(groups, rate, weightDecay: decay),
            "adam" => new Adam(groups, rate, weightDecay: decay),
            _ => new AdamW(groups, rate, weightDecay: decay),
        };
    }

    /// <summary>The schedule that the settings name, over a number of updates. A warm-up is cut to a tenth of a short run.</summary>
    public static LearningRateSchedule MakeSchedule(Settings settings, long totalSteps)
    {
        double rate = settings.Get(LearningRate);
        return settings.Get(Schedule) == "constant"
            ? new ConstantSchedule(rate, settings.Get(Warmup))
            : new CosineSchedule(rate, totalSteps, Math.Min(settings.Get(Warmup), totalSteps / 10));
    }

    /// <summary>The averaging that the settings name, or null.</summary>
    public static WeightAveraging? MakeAveraging(Settings settings, Module network, long totalSteps) => settings.Get(Averaging) switch
    {
        "swa" => WeightAveraging.Stochastic(network, totalSteps - (totalSteps / 4)),
        "nt-asgd" => WeightAveraging.NonMonotonic(network),
        _ => null,
    };
}
