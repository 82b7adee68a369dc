using RnnGpu.Nn;

namespace RnnGpu.Cli.Training;

/// <summary>Optimiser and schedule from their names in <see cref="TrainSettings"/>.</summary>
internal static class Rules
{
    /// <summary>The optimiser; biases do not decay.</summary>
    public static Optimizer MakeOptimizer(TrainSettings settings, Module model)
    {
        ParameterGroup[] groups = ParameterGroup.DecayMatricesOnly(model);
        float rate = (float)settings.LearningRate, decay = (float)settings.WeightDecay;
        return settings.Optimizer switch
        {
            "sgd" => new Sgd(groups, rate, momentum: 0.9f, weightDecay: decay),
            "rmsprop" => new RmsProp(groups, rate, weightDecay: decay),
            "adam" => new Adam(groups, rate, weightDecay: decay),
            _ => new AdamW(groups, rate, weightDecay: decay),
        };
    }

    /// <summary>The schedule over a number of steps. A warm-up is cut to a tenth of a short run.</summary>
    public static LearningRateSchedule MakeSchedule(TrainSettings settings, long totalSteps, double floor = 0)
    {
        long warmup = Math.Min(settings.Warmup, totalSteps / 10);
        return settings.Schedule == "constant"
            ? new ConstantSchedule(settings.LearningRate, settings.Warmup)
            : new CosineSchedule(settings.LearningRate, totalSteps, warmup, floor);
    }

    /// <summary>The schedule of a run whose length is a time.</summary>
    public static TimeBudget MakeTimedSchedule(TrainSettings settings, double minutes) => new(
        TimeSpan.FromMinutes(minutes),
        new ConstantSchedule(settings.LearningRate, settings.Warmup),
        total => MakeSchedule(settings, total, floor: settings.LearningRate / 100));
}
