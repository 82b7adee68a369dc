using System.Text.Json.Nodes;
using RnnGpu.Nn.Checkpoints;

namespace RnnGpu.Nn;

/// <summary>
/// The learning rate over a run. Most are functions of the step alone; one that is not overrides <see cref="Observe"/>,
/// <see cref="Save"/> and <see cref="Restore"/>.
/// </summary>
public abstract class LearningRateSchedule
{
    /// <summary>The learning rate of an update.</summary>
    /// <param name="step">Updates done before it: 0 for the first.</param>
    public abstract double Rate(long step);

    /// <summary>Takes note of a validation loss.</summary>
    public virtual void Observe(double validationLoss)
    {
    }

    /// <summary>Puts what <see cref="Rate"/> depends on, besides the step, into a checkpoint's section.</summary>
    public virtual void Save(JsonObject state)
    {
    }

    /// <summary>Takes back what <see cref="Save"/> put.</summary>
    /// <exception cref="CheckpointException">It is missing or malformed.</exception>
    public virtual void Restore(CheckpointSection state)
    {
    }

    private protected static double Positive(double value, string name) => value > 0 && double.IsFinite(value)
        ? value
        : throw new ArgumentOutOfRangeException(name, $"{name} must be more than 0, and finite, not {value}");

    private protected static double NotNegative(double value, string name) => value >= 0 && double.IsFinite(value)
        ? value
        : throw new ArgumentOutOfRangeException(name, $"{name} must be 0 or more, and finite, not {value}");

    private protected static double Fraction(double value, string name) => value is > 0 and <= 1
        ? value
        : throw new ArgumentOutOfRangeException(name, $"{name} must be more than 0 and at most 1, not {value}");

    private protected static long AtLeast(long value, long least, string name) => value >= least
        ? value
        : throw new ArgumentOutOfRangeException(name, $"{name} must be at least {least}, not {value}");
}
