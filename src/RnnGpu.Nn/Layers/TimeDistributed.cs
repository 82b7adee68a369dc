using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>
/// Applies a module to every time step at once: <c>[T, B, ..]</c> is read as <c>[T*B, ..]</c> and the result written as
/// <c>[T, B, ..]</c>. The module's parameters are under <c>module.</c>
/// </summary>
public sealed class TimeDistributed : Module
{
    /// <summary>Around <paramref name="module"/>.</summary>
    public TimeDistributed(Module module)
        : base((module ?? throw new ArgumentNullException(nameof(module))).Device)
    {
        Inner = AddModule("module", module);
    }

    /// <summary>What is applied.</summary>
    public Module Inner { get; }

    /// <inheritdoc/>
    public override bool IsPointwise => Inner.IsPointwise;

    /// <inheritdoc/>
    public override Tensor Forward(Tensor input)
    {
        Shape shape = input.Shape;
        Tensor x = input.Reshape(Merge(shape));
        Tensor y = Inner.Forward(x);
        Tensor result = y.Reshape(Split(y.Shape, shape[0], shape[1]));
        if (y != x && y != input) { y.Release(); }
        x.Release();
        return result;
    }

    /// <inheritdoc/>
    public override Shape OutputShape(Shape input) => Split(Inner.OutputShape(Merge(input)), input[0], input[1]);

    private static Shape Merge(Shape shape)
    {
        if (shape.Rank < 2) { throw new ArgumentException($"TimeDistributed takes [T, B, ..], not {shape}"); }
        Span<int> sizes = stackalloc int[Shape.MaxRank];
        shape.CopyTo(sizes);
        sizes[1] = checked(sizes[0] * sizes[1]);
        return new Shape(sizes[1..shape.Rank]);
    }

    private static Shape Split(Shape shape, int steps, int batch)
    {
        if (shape.Rank == 0 || shape[0] != steps * batch)
        {
            throw new ArgumentException($"TimeDistributed: the module made {shape} of {steps * batch} rows; it must keep the first axis");
        }

        Span<int> sizes = stackalloc int[Shape.MaxRank + 1];
        shape.CopyTo(sizes[1..]);
        sizes[0] = steps;
        sizes[1] = batch;
        return new Shape(sizes[..(shape.Rank + 1)]);
    }
}
