using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>
/// A learned vector for each of V symbols: integers <c>[..] -> [.., E]</c>; a negative index gives zeros. Parameter as PyTorch's
/// <c>nn.Embedding</c>: <c>weight [V, E]</c>, standard normal at first.
/// <para>
/// With embedding dropout (Gal and Ghahramani 2016), in training mode whole symbols are missing: each of the V vectors is 0 with
/// probability p, else divided by 1 - p, the same wherever the symbol stands in the batch. The table itself is not copied: the
/// looked-up vectors are multiplied by their symbol's factor.
/// </para>
/// </summary>
public sealed class Embedding : Module
{
    private readonly DropoutSite? _site;

    /// <summary>An embedding.</summary>
    /// <param name="device">Where its parameters live.</param>
    /// <param name="symbols">V.</param>
    /// <param name="size">E.</param>
    /// <param name="dropout">p, at least 0 and below 1.</param>
    public Embedding(Device device, int symbols, int size, float dropout = 0f)
        : base(device)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(symbols);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size);
        Symbols = symbols;
        Size = size;
        Dropout = DropoutSite.Check(dropout);
        if (dropout > 0f) { _site = new DropoutSite(device); }
        Weight = AddParameter("weight", new Shape(symbols, size));
        new NormalInit(1f).Apply(Weight);
    }

    /// <summary>V.</summary>
    public int Symbols { get; }

    /// <summary>E.</summary>
    public int Size { get; }

    /// <summary>p: part of the symbols that a training step does without.</summary>
    public float Dropout { get; }

    /// <summary><c>[V, E]</c>.</summary>
    public Parameter Weight { get; }

    /// <inheritdoc/>
    public override bool IsPointwise => true;

    /// <inheritdoc/>
    public override Tensor Forward(Tensor input)
    {
        Tensor x = Weight.Value.Gather(input);
        if (!Training || _site is null) { return x; }
        Tensor symbols = _site.Mask(new Shape(Symbols, 1), Dropout);
        Tensor factors = symbols.Gather(input);
        symbols.Release();
        Tensor y = x * factors;
        x.Release();
        factors.Release();
        return y;
    }

    /// <inheritdoc/>
    public override Shape OutputShape(Shape input) => input.Append(Size);
}
