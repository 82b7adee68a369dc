using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>How two directions become one output.</summary>
public enum MergeMode
{
    /// <summary>Side by side: <c>[.., 2H]</c>.</summary>
    Concat,

    /// <summary>Sum: <c>[.., H]</c>.</summary>
    Sum,

    /// <summary>Mean: <c>[.., H]</c>.</summary>
    Average,
}

/// <summary>
/// Merges the two directions of a bidirectional recurrent layer: <c>[T, B, I] -> [T, B, H]</c> (or <c>2H</c>), or <c>[B, H]</c> where
/// the layer returns its final state only. The layer's parameters are under <c>module.</c>
/// </summary>
public sealed class Bidirectional : Module
{
    /// <summary>Around a bidirectional layer.</summary>
    /// <exception cref="ArgumentException">A layer with one direction.</exception>
    public Bidirectional(Recurrent layer, MergeMode merge = MergeMode.Concat)
        : base((layer ?? throw new ArgumentNullException(nameof(layer))).Device)
    {
        if (!layer.Spec.Bidirectional)
        {
            throw new ArgumentException($"this {layer.GetType().Name} has one direction; make it with bidirectional: true", nameof(layer));
        }

        Inner = AddModule("module", layer);
        Merge = merge;
    }

    /// <summary>What runs.</summary>
    public Recurrent Inner { get; }

    /// <summary>How the directions become one.</summary>
    public MergeMode Merge { get; }

    /// <inheritdoc/>
    public override string? Remark => Inner.Remark;

    /// <inheritdoc/>
    public override Tensor Forward(Tensor input)
    {
        Tensor both = Inner.Forward(input);
        if (Merge == MergeMode.Concat) { return both; }
        int h = Inner.Spec.HiddenSize;
        Tensor forward = both.Slice(-1, 0, h), reverse = both.Slice(-1, h, h);
        Tensor sum = forward + reverse;
        both.Release();
        forward.Release();
        reverse.Release();
        if (Merge == MergeMode.Sum) { return sum; }
        Tensor mean = sum / 2f;
        sum.Release();
        return mean;
    }

    /// <inheritdoc/>
    public override Shape OutputShape(Shape input)
    {
        Shape both = Inner.OutputShape(input);
        return Merge == MergeMode.Concat ? both : both.WithColumns(Inner.Spec.HiddenSize);
    }
}
