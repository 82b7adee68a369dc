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

    public static TrainingProgress Read(CheckpointSection section) => new()
    {
        Step = section.Int64("step"),
        Epoch = section.Int64("epoch"),
        LossSum = section.Double("loss_sum"),
        LossCount = section.Int64("loss_count"),
        ValidationStep = section.Int64("validation_step"),
        ValidationLoss = section.Double("validation_loss"),
        BestStep = section.Int64("best_step"),
        BestLoss = section.Double("best_loss"),
        SinceBest = section.Int64("since_best"),
    };
}
