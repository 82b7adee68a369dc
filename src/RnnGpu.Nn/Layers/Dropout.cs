using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>
/// Inverted dropout (Srivastava et al. 2014): in training mode each element is 0 with probability p, else divided by 1 - p; in
/// evaluation mode nothing happens. The mask depends on the device's seed and step and on the order in which layers were
/// made, on nothing else.
/// </summary>
public sealed class Dropout : Module
{
    private readonly DropoutSite _site;

    /// <summary>A dropout layer.</summary>
    /// <param name="device">Its seed and step key the masks.</param>
    /// <param name="probability">p, at least 0 and below 1.</param>
    public Dropout(Device device, float probability)
        : base(device)
    {
        Probability = DropoutSite.Check(probability);
        _site = new DropoutSite(device);
    }

    /// <summary>p.</summary>
    public float Probability { get; }

    /// <inheritdoc/>
    public override bool IsPointwise => true;

    /// <inheritdoc/>
    public override Tensor Forward(Tensor input)
    {
        if (!Training || Probability == 0f) { return input; }
        RandomKey key = _site.Take(input.Length, out long first);
        return input.Dropout(Probability, key, first);
    }
}
