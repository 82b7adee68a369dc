using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>What becomes of the steps of a sequence.</summary>
public enum Pooling
{
    /// <summary>The largest of each feature.</summary>
    Max,

    /// <summary>The mean of each feature.</summary>
    Mean,

    /// <summary>The last step.</summary>
    Last,
}

/// <summary>
/// Pools a sequence over time: <c>[T, B, F] -> [B, F]</c>, over the first <c>lengths[b]</c> steps of each row. A row of length 0 gives 0 and gets no
/// gradient. Values behind a row's length do not count, but must be finite.
/// </summary>
public sealed class TimePooling : Module
{
    private readonly TimeMask _mask;

    /// <summary>A pooling.</summary>
    public TimePooling(Device device, Pooling kind)
        : base(device)
    {
        if (!Enum.IsDefined(kind)) { throw new ArgumentOutOfRangeException(nameof(kind), kind, "unknown pooling"); }
        Kind = kind;
        _mask = new TimeMask(device);
    }

    /// <summary>What becomes of the steps.</summary>
    public Pooling Kind { get; }

    /// <inheritdoc/>
    public override Tensor Forward(Tensor input) => Forward(input, default);

    /// <summary>The pooled rows.</summary>
    /// <param name="input"><c>[T, B, F]</c>.</param>
    /// <param name="lengths">Integers <c>[B]</c>, 0 to T; default: all T.</param>
    /// <returns><c>[B, F]</c>.</returns>
    /// <exception cref="ArgumentException">Shapes or element types that do not fit.</exception>
    public Tensor Forward(Tensor input, Tensor lengths)
    {
        CheckInput(input.Shape);
        int steps = input.Shape[0];
        return (Kind, lengths.IsEmpty) switch
        {
            (Pooling.Max, _) => input.MaxOverTime(lengths),
            (Pooling.Mean, true) => input.Mean(0),
            (Pooling.Mean, false) => WeightedSum(input, _mask.Of(lengths, steps) / _mask.Lengths(lengths, steps).Maximum(Device.Scalar(1f))),
            (_, true) => input[steps - 1],
            _ => WeightedSum(input, _mask.LastOf(lengths, steps)),
        };
    }

    /// <inheritdoc/>
    public override Shape OutputShape(Shape input)
    {
        CheckInput(input);
        return input.Without(0);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing) { _mask.Dispose(); }
        base.Dispose(disposing);
    }

    /// <summary><c>y[b, f] = sum over t of weights[b, t] x[t, b, f]</c>.</summary>
    internal static Tensor WeightedSum(Tensor x, Tensor weights)
    {
        Tensor byStep = weights.Transpose(0, 1).Reshape(x.Shape[0], x.Shape[1], 1);
        Tensor weighted = x * byStep;
        Tensor y = weighted.Sum(0);
        weighted.Release();
        return y;
    }

    private static void CheckInput(Shape input)
    {
        if (input.Rank != 3 || input[0] == 0) { throw new ArgumentException($"pooling over time takes [T, B, F] with at least one step, not {input}"); }
    }
}
