namespace RnnGpu.Nn;

/// <summary>An activation as a layer of its own.</summary>
public sealed class ActivationLayer(Device device, Activation activation) : Module(device)
{
    /// <summary>The function.</summary>
    public Activation Activation { get; } = activation;

    /// <inheritdoc/>
    public override bool IsPointwise => true;

    /// <inheritdoc/>
    public override Tensor Forward(Tensor input) => Activation.Apply(input);
}
