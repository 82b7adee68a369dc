using System.Text.Json.Nodes;
using RnnGpu.Nn.Checkpoints;

namespace RnnGpu.Nn;

/// <summary>
/// A lower rate whenever validation has stopped getting better, as PyTorch's <c>ReduceLROnPlateau</c> (mode min): when more than
/// <c>patience</c> validations in a row were not below <c>best (1 - threshold)</c>, the rate is multiplied by <c>factor</c>, but
/// not below <c>floor</c>, and the count starts anew after <c>cooldown</c> validations.
/// </summary>
public sealed class PlateauSchedule : LearningRateSchedule
{
    private readonly double _factor;
    private readonly double _threshold;
    private readonly double _floor;
    private readonly long _patience;
    private readonly long _cooldown;
    private double _rate;
    private double _best = double.PositiveInfinity;
    private long _bad;
    private long _resting;

    /// <summary>A schedule.</summary>
    /// <param name="rate">First rate.</param>
    /// <param name="factor">More than 0, at most 1.</param>
    /// <param name="patience">Validations without progress that are let pass.</param>
    /// <param name="threshold">Relative progress that counts; at least 0, below 1.</param>
    /// <param name="cooldown">Validations after a reduction that are not counted.</param>
    /// <param name="floor">Lowest rate.</param>
    public PlateauSchedule(double rate, double factor = 0.1, long patience = 10, double threshold = 1e-4, long cooldown = 0, double floor = 0)
    {
        _rate = NotNegative(rate, nameof(rate));
        _factor = Fraction(factor, nameof(factor));
        _patience = AtLeast(patience, 0, nameof(patience));
        _threshold = threshold is >= 0 and < 1
            ? threshold
            : throw new ArgumentOutOfRangeException(nameof(threshold), $"threshold must be at least 0 and below 1, not {threshold}");
        _cooldown = AtLeast(cooldown, 0, nameof(cooldown));
        _floor = NotNegative(floor, nameof(floor));
    }

    /// <summary>The present rate; the step does not matter.</summary>
    public override double Rate(long step) => _rate;

    /// <inheritdoc/>
    public override void Observe(double validationLoss)
    {
        // In the best loss's own sign, so that progress below zero counts as well.
        if (validationLoss < _best - (_threshold * Math.Abs(_best)) || double.IsPositiveInfinity(_best))
        {
            _best = validationLoss;
            _bad = 0;
        }
        else { _bad++; }

        if (_resting > 0)
        {
            _resting--;
            _bad = 0;
        }

        if (_bad <= _patience) { return; }
        _rate = Math.Max(_rate * _factor, _floor);
        _resting = _cooldown;
        _bad = 0;
    }

    /// <inheritdoc/>
    public override void Save(JsonObject state)
    {
        ArgumentNullException.ThrowIfNull(state);
        state["rate"] = CheckpointSection.Number(_rate);
        state["best"] = CheckpointSection.Number(_best);
        state["bad"] = _bad;
        state["resting"] = _resting;
    }

    /// <inheritdoc/>
    public override void Restore(CheckpointSection state)
    {
        ArgumentNullException.ThrowIfNull(state);
        (double rate, double best) = (state.Double("rate"), state.Double("best"));
        (long bad, long resting) = (state.Int64("bad"), state.Int64("resting"));
        if (!(rate >= 0 && double.IsFinite(rate))) { throw state.Bad("rate", "a learning rate"); }
        (_rate, _best, _bad, _resting) = (rate, best, bad, resting);
    }
}
