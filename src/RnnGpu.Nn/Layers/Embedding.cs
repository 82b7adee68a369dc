using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>
/// A learned vector for each of V symbols: integers <c>[..] -> [.., E]</c>; a negative index gives zeros. Parameter as PyTorch's
/// <c>nn.Embedding</c>: <c>weight [V, E]</c>, standard normal at first.
/// </summary>
public sealed class Embedding : Module
{
    /// <summary>An embedding.</summary>
    /// <param name="device">Where its parameters live.</param>
    /// <param name="symbols">V.</param>
    /// <param name="size">E.</param>
    public Embedding(Device device, int symbols, int size)
        : base(device)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(symbols);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size);
        Symbols = symbols;
        Size = size;
        Weight = AddParameter("weight", new Shape(symbols, size));
        new NormalInit(1f).Apply(Weight);
    }

    /// <summary>V.</summary>
    public int Symbols { get; }

    /// <summary>E.</summary>
    public int Size { get; }

    /// <summary><c>[V, E]</c>.</summary>
    public Parameter Weight { get; }

    /// <inheritdoc/>
    public override Tensor Forward(Tensor input) => Weight.Value.Gather(input);

    /// <inheritdoc/>
    public override Shape OutputShape(Shape input) => input.Append(Size);
}
