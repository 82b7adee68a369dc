using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>
/// A decoder whose weight is the embedding's (Press and Wolf 2017; Inan et al. 2017): <c>y = x E^T + b</c>, <c>[.., E] -> [.., V]</c>. Both
/// uses add to the gradient of the one parameter, which optimisers update and checkpoints store once, under its first name.
/// </summary>
public sealed class TiedDense : Module
{
    /// <summary>A decoder on an embedding's weight.</summary>
    /// <param name="embedding">Whose <c>weight [V, E]</c> is shared.</param>
    /// <param name="bias">Whether there is a bias <c>[V]</c>, zeros at first.</param>
    public TiedDense(Embedding embedding, bool bias = true)
        : base((embedding ?? throw new ArgumentNullException(nameof(embedding))).Device)
    {
        Weight = AddShared("weight", embedding.Weight);
        if (bias) { Bias = AddParameter("bias", new Shape(embedding.Symbols)); }
    }

    /// <summary><c>[V, E]</c>, the embedding's.</summary>
    public Parameter Weight { get; }

    /// <summary><c>[V]</c>, or null.</summary>
    public Parameter? Bias { get; }

    /// <inheritdoc/>
    public override bool IsPointwise => true;

    /// <inheritdoc/>
    /// <param name="input"><c>[.., E]</c>; a model whose last layer has another size projects to E first.</param>
    public override Tensor Forward(Tensor input) => input.Linear(Weight, Bias is null ? default : Bias.Value);

    /// <inheritdoc/>
    public override Shape OutputShape(Shape input) => input.WithColumns(Weight.Shape[0]);
}
