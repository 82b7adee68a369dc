using RnnGpu.Core;

namespace RnnGpu.Cli.Bench;

/// <summary>The numbers of a measurement on the host: parameters as PyTorch's initialisation draws them, inputs and output gradients uniform in -1..1.</summary>
internal sealed class BenchData
{
    /// <summary>Weights of a layer and direction, in the order weight_ih, weight_hh, bias_ih, bias_hh.</summary>
    public const int Kinds = 4;

    /// <summary>Data of a shape; the same for the same shape.</summary>
    public BenchData(BenchShape shape)
    {
        Shape = shape;
        RnnSpec spec = shape.Spec;
        var random = new Random(20260101);
        float bound = 1 / MathF.Sqrt(shape.Hidden);
        Parameters = new float[spec.Layers * spec.Directions * Kinds][];
        for (int i = 0; i < Parameters.Length; i++)
        {
            Parameters[i] = Uniform(random, ShapeOf(spec, i / Kinds / spec.Directions, i % Kinds).Length, bound);
        }

        X = Uniform(random, (long)shape.Steps * shape.Batch * shape.Input, 1);
        DY = Uniform(random, (long)shape.Steps * shape.Batch * spec.OutputSize, 1);
        if (shape.Lengths is { } range)
        {
            Lengths = [.. Enumerable.Range(0, shape.Batch).Select(_ => random.Next(range.Min, range.Max + 1))];
            Lengths[^1] = range.Max;
        }

        if (shape.Resets > 0) { Resets = [.. Enumerable.Range(0, shape.Steps * shape.Batch).Select(_ => random.NextDouble() < shape.Resets ? 1 : 0)]; }
        ActiveRows = Lengths is null ? (long)shape.Steps * shape.Batch : Lengths.Sum(length => (long)length);
    }

    public BenchShape Shape { get; }

    /// <summary>Layer 0, layer 0 reverse, layer 1, ...: <see cref="Kinds"/> entries each.</summary>
    public float[][] Parameters { get; }

    /// <summary><c>[T, B, I]</c>.</summary>
    public float[] X { get; }

    /// <summary><c>[T, B, D*H]</c>: gradient of the output.</summary>
    public float[] DY { get; }

    /// <summary><c>[B]</c>, or null.</summary>
    public int[]? Lengths { get; }

    /// <summary><c>[T, B]</c>, or null.</summary>
    public int[]? Resets { get; }

    /// <summary>Active rows over all steps.</summary>
    public long ActiveRows { get; }

    /// <summary>Shape of a layer's parameter of a kind.</summary>
    public static Shape ShapeOf(RnnSpec spec, int layer, int kind) => kind switch
    {
        0 => new Shape(spec.GateSize, spec.LayerInputSize(layer)),
        1 => new Shape(spec.GateSize, spec.HiddenSize),
        _ => new Shape(spec.GateSize),
    };

    private static float[] Uniform(Random random, long count, float bound)
    {
        var values = new float[count];
        for (long i = 0; i < values.LongLength; i++) { values[i] = ((2 * random.NextSingle()) - 1) * bound; }
        return values;
    }
}
