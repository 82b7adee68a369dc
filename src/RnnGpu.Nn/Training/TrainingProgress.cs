using System.Text.Json.Nodes;
using RnnGpu.Nn.Checkpoints;

namespace RnnGpu.Nn;

/// <summary>Where a run stands: counters and figures that decide how it goes on. Equal in equal runs.</summary>
internal sealed class TrainingProgress
{
    public long Step { get; set; }

    public long Epoch { get; set; }

    /// <summary>Sum of the losses of the steps since the last point of the history.</summary>
    public double LossSum { get; set; }

    public long LossCount { get; set; }

    public long ValidationStep { get; private set; } = -1;

    public double ValidationLoss { get; private set; } = double.NaN;

    public long BestStep { get; private set; }

    public double BestLoss { get; private set; } = double.NaN;

    /// <summary>Validations since the best one.</summary>
    public long SinceBest { get; private set; }

    /// <summary>Takes note of a validation.</summary>
    /// <returns>Whether it is the best so far.</returns>
    public bool Validated(double loss, double minDelta)
    {
        ValidationStep = Step;
        ValidationLoss = loss;
        if (loss >= BestLoss - minDelta)
        {
            SinceBest++;
            return false;
        }

        BestStep = Step;
        BestLoss = loss;
        SinceBest = 0;
        return true;
    }

    public void Save(JsonObject section)
    {
        section["step"] = Step;
        section["epoch"] = Epoch;
        section["loss_sum"] = CheckpointSection.Number(LossSum);
        section["loss_count"] = LossCount;
        section["validation_step"] = ValidationStep;
        section["validation_loss"] = CheckpointSection.Number(ValidationLoss);
        section["best_step"] = BestStep;
        section["best_loss"] = CheckpointSection.Number(BestLoss);
        section["since_best"] = SinceBest;
    }

    /// <exception cref="CheckpointException">A field is missing, malformed or below what it can be.</exception>
    public static TrainingProgress Read(CheckpointSection section) => new()
    {
        Step = Count(section, "step"),
        Epoch = Count(section, "epoch"),
        LossSum = section.Double("loss_sum"),
        LossCount = Count(section, "loss_count"),
        ValidationStep = Count(section, "validation_step", least: -1),
        ValidationLoss = section.Double("validation_loss"),
        BestStep = Count(section, "best_step"),
        BestLoss = section.Double("best_loss"),
        SinceBest = Count(section, "since_best"),
    };

    public static long Count(CheckpointSection section, string name, long least = 0)
    {
        long value = section.Int64(name);
        return value >= least ? value : throw section.Bad(name, $"a whole number from {least} up");
    }
}
