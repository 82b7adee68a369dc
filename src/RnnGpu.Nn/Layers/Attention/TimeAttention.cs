using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>What attention over time returns.</summary>
/// <param name="Context"><c>[B, F]</c>: the weighted sum of the values.</param>
/// <param name="Weights"><c>[B, T]</c>: how much each step counts; each row sums to 1, or is 0 for a row of length 0.</param>
public readonly record struct AttentionOutput(Tensor Context, Tensor Weights);

/// <summary>
/// Attention over the steps of a sequence: <c>a = softmax over t of score(x_t, q)</c>, <c>y = sum over t of a_t x_t</c>, over the first
/// <c>lengths[b]</c> steps of each row. With a query of its own it pools: <c>[T, B, F] -> [B, F]</c>.
/// </summary>
public abstract class TimeAttention : Module
{
    private readonly TimeMask _mask;

    private protected TimeAttention(Device device, int inputs)
        : base(device)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(inputs);
        Inputs = inputs;
        _mask = new TimeMask(device);
    }

    /// <summary>F.</summary>
    public int Inputs { get; }

    /// <inheritdoc/>
    public override Tensor Forward(Tensor input) => Attend(input).Context;

    /// <inheritdoc/>
    public override Shape OutputShape(Shape input)
    {
        CheckValues(input);
        return input.Without(0);
    }

    /// <summary>Attends.</summary>
    /// <param name="values">x: <c>[T, B, F]</c>.</param>
    /// <param name="lengths">Integers <c>[B]</c>, 0 to T; default: all T.</param>
    /// <param name="query">q: <c>[B, Q]</c>; default: the layer's own.</param>
    /// <exception cref="ArgumentException">Shapes or element types that do not fit; a query given or left out against the layer's construction.</exception>
    public AttentionOutput Attend(Tensor values, Tensor lengths = default, Tensor query = default)
    {
        CheckValues(values.Shape);
        int steps = values.Shape[0], batch = values.Shape[1];
        Tensor scores = Scores(values, query).Reshape(steps, batch).Transpose(0, 1);
        Tensor weights = lengths.IsEmpty ? scores.Softmax() : scores.MaskedSoftmax(_mask.Of(lengths, steps));
        return new AttentionOutput(TimePooling.WeightedSum(values, weights), weights);
    }

    /// <summary>Scores of every step, before the softmax.</summary>
    /// <param name="values"><c>[T, B, F]</c>.</param>
    /// <param name="query"><c>[B, Q]</c>, or the default tensor.</param>
    /// <returns>T B numbers, steps outermost.</returns>
    private protected abstract Tensor Scores(Tensor values, Tensor query);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing) { _mask.Dispose(); }
        base.Dispose(disposing);
    }

    private protected static void CheckQuery(Tensor query, int batch, int size, string name)
    {
        if (size == 0 && !query.IsEmpty) { throw new ArgumentException($"this {name} has a query of its own: none can be given"); }
        if (size == 0) { return; }
        if (query.IsEmpty) { throw new ArgumentException($"this {name} has no query of its own: one [B, {size}] must be given"); }
        if (query.Shape != new Shape(batch, size)) { throw new ArgumentException($"{name}: the query must be [{batch}, {size}], not {query.Shape}"); }
    }

    private void CheckValues(Shape shape)
    {
        if (shape.Rank != 3 || shape[0] == 0 || shape[2] != Inputs)
        {
            throw new ArgumentException($"attention over time takes [T, B, {Inputs}] with at least one step, not {shape}");
        }
    }
}
