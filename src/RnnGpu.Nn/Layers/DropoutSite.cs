using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>
/// One place in a network that draws masks: keys them by seed, step and site, so that a resumed run draws the same, and moves
/// on in its stream where it is asked several times in one step, so that the masks differ.
/// </summary>
internal sealed class DropoutSite(Device device)
{
    private readonly uint _site = device.NextSites();
    private long _stepStart;
    private long _drawn;

    /// <summary>The next numbers of the step's stream.</summary>
    /// <param name="count">How many.</param>
    /// <param name="first">Index of the first one.</param>
    public RandomKey Take(long count, out long first)
    {
        if (_stepStart != device.StepStart)
        {
            _stepStart = device.StepStart;
            _drawn = 0;
        }

        first = _drawn;
        _drawn += count;
        return new RandomKey(device.Seed, device.Step, _site);
    }

    /// <summary>A mask of inverted dropout, a constant: 0 with probability p, else 1 / (1 - p).</summary>
    public Tensor Mask(Shape shape, float probability)
    {
        RandomKey key = Take(shape.Length, out long first);
        Tensor mask = device.Ones(shape);
        device.Backend.Dropout(mask.View, probability, key, first, mask.View);
        return mask;
    }

    /// <summary>A probability that dropout can have.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Below 0, or 1 and above.</exception>
    public static float Check(float probability) => probability is >= 0f and < 1f
        ? probability
        : throw new ArgumentOutOfRangeException(
            nameof(probability), $"a dropout probability must be at least 0 and below 1, not {probability}");
}
