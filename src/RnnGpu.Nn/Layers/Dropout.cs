using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>
/// Inverted dropout (Srivastava et al. 2014): in training mode each element is 0 with probability p, else divided by 1 - p; in
/// evaluation mode nothing happens. The mask depends on the device's seed and step and on the order in which layers were
/// made, on nothing else.
/// </summary>
public sealed class Dropout : Module
{
    private readonly uint _site;
    private long _stepStart;
    private long _drawn;

    /// <summary>A dropout layer.</summary>
    /// <param name="device">Its seed and step key the masks.</param>
    /// <param name="probability">p, at least 0 and below 1.</param>
    public Dropout(Device device, float probability)
        : base(device)
    {
        if (!(probability is >= 0f and < 1f))
        {
            throw new ArgumentOutOfRangeException(nameof(probability), $"a dropout probability must be at least 0 and below 1, not {probability}");
        }

        Probability = probability;
        _site = device.NextSites();
    }

    /// <summary>p.</summary>
    public float Probability { get; }

    /// <inheritdoc/>
    public override Tensor Forward(Tensor input)
    {
        if (!Training || Probability == 0f) { return input; }
        if (_stepStart != Device.StepStart)
        {
            _stepStart = Device.StepStart;
            _drawn = 0;
        }

        // A layer used twice in one step goes on in its stream, so that its masks differ.
        Tensor y = input.Dropout(Probability, new RandomKey(Device.Seed, Device.Step, _site), _drawn);
        _drawn += input.Length;
        return y;
    }
}
