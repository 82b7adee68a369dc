using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>
/// Variational ("locked") dropout of a sequence (Gal and Ghahramani 2016): one mask <c>[1, B, F]</c> holds at all time steps, so
/// that a feature is missing for a whole sequence: <c>y[t, b, f] = x[t, b, f] m[b, f]</c>, m = 0 with probability p, else 1 / (1 - p).
/// In evaluation mode nothing happens. The mask depends on the device's seed and step and on the order in which layers were made.
/// </summary>
public sealed class LockedDropout : Module
{
    private readonly DropoutSite _site;

    /// <summary>A dropout layer for sequences.</summary>
    /// <param name="device">Its seed and step key the masks.</param>
    /// <param name="probability">p, at least 0 and below 1.</param>
    public LockedDropout(Device device, float probability)
        : base(device)
    {
        Probability = DropoutSite.Check(probability);
        _site = new DropoutSite(device);
    }

    /// <summary>p.</summary>
    public float Probability { get; }

    /// <inheritdoc/>
    /// <param name="input"><c>[T, B, F]</c>.</param>
    /// <exception cref="ArgumentException">Another number of axes.</exception>
    public override Tensor Forward(Tensor input)
    {
        if (input.Rank != 3) { throw new ArgumentException($"LockedDropout takes a sequence [T, B, F], not {input.Shape}", nameof(input)); }
        if (!Training || Probability == 0f) { return input; }
        Tensor mask = _site.Mask(new Shape(1, input.Shape[1], input.Shape[2]), Probability);
        Tensor y = input * mask;
        mask.Release();
        return y;
    }
}
