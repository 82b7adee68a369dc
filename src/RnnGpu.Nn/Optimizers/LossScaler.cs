using System.Text.Json.Nodes;
using RnnGpu.Nn.Checkpoints;

namespace RnnGpu.Nn;

/// <summary>
/// Dynamic loss scaling: the backward pass starts from <see cref="Scale"/> instead of 1, gradients are unscaled before anything looks at them, a step
/// whose gradients are not finite is skipped and halves the scale, many good ones in a row double it.
/// <code>
/// scaler.Backward(loss);
/// bool updated = scaler.Step(optimizer, GradientClipping.Norm(1));
/// </code>
/// Every step waits for the device once, to learn whether its gradients are finite. Allocates nothing; deterministic. With scales that are powers
/// of two, and nothing out of range, gradients are those of an unscaled step, bit for bit.
/// </summary>
public sealed class LossScaler
{
    /// <summary>The scale does not fall below this: gradients that are too large for fp16 as they are will not get better.</summary>
    internal const float Least = 1f;

    private const string ScaleField = "loss_scale", GoodField = "loss_scale_good_steps", SkippedField = "loss_scale_skipped_steps";

    private readonly LossScaling _scaling;
    private int _good;

    /// <param name="scaling">Rules; null: the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">Numbers that no scaling can work with.</exception>
    public LossScaler(LossScaling? scaling = null)
    {
        _scaling = scaling ?? new LossScaling();
        _scaling.Check();
        Scale = _scaling.Initial;
    }

    /// <summary>Factor of the loss in the next backward pass.</summary>
    public float Scale { get; private set; }

    /// <summary>Steps without an update so far, since their gradients were not finite.</summary>
    public long Skipped { get; private set; }

    /// <summary>Gradients of <see cref="Scale"/> times the loss.</summary>
    /// <inheritdoc cref="Tensor.Backward()" path="/exception"/>
    public void Backward(Tensor loss) => loss.Backward(Scale);

    /// <summary>An update by the unscaled gradients, within limits; or none, and a lower scale, where they are not finite.</summary>
    /// <param name="optimizer">Of the parameters whose gradients <see cref="Backward"/> made.</param>
    /// <param name="clipping">Limits of the unscaled, averaged gradients.</param>
    /// <param name="accumulated">Backward passes that the gradients are sums of.</param>
    /// <returns>Whether the parameters were updated.</returns>
    /// <exception cref="ArithmeticException">Gradients are not finite at the least scale, 1.</exception>
    public bool Step(Optimizer optimizer, GradientClipping clipping = default, int accumulated = 1)
    {
        ArgumentNullException.ThrowIfNull(optimizer);
        if (optimizer.TryStep(clipping, accumulated, Scale))
        {
            if (++_good < _scaling.GrowthInterval) { return true; }
            _good = 0;
            if (float.IsFinite(Scale * _scaling.Growth)) { Scale *= _scaling.Growth; }
            return true;
        }

        if (Scale <= Least)
        {
            throw new ArithmeticException("the gradients are not finite even at a loss scale of 1: lower the learning rate or the limit of the gradient norm, or compute in bf16");
        }

        _good = 0;
        Skipped++;
        Scale = Math.Max(Least, Scale * _scaling.Backoff);
        return false;
    }

    /// <summary>Adds the scale and its counters to a section of a checkpoint.</summary>
    public void Save(JsonObject section)
    {
        section[ScaleField] = CheckpointSection.Number(Scale);
        section[GoodField] = _good;
        section[SkippedField] = Skipped;
    }

    /// <summary>Whether a section has what <see cref="Save"/> writes.</summary>
    public static bool IsIn(CheckpointSection section) => section.Has(ScaleField);

    /// <summary>Goes on from what <see cref="Save"/> wrote. Changes nothing if it throws.</summary>
    /// <exception cref="CheckpointException">A field is missing or out of range.</exception>
    public void Restore(CheckpointSection section)
    {
        float scale = section.Single(ScaleField);
        if (!float.IsFinite(scale) || scale < Least) { throw section.Bad(ScaleField, $"a finite number from {Least} up"); }
        int good = section.Int32(GoodField);
        if (good < 0) { throw section.Bad(GoodField, "a whole number from 0 up"); }
        long skipped = TrainingProgress.Count(section, SkippedField);
        (Scale, _good, Skipped) = (scale, good, skipped);
    }
}
