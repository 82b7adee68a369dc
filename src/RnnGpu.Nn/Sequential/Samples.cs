using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>
/// Arrays for <see cref="Sequential"/>, floats or integers, samples first: <c>[N, T, F]</c> sequences of vectors, <c>[N, F]</c> vectors,
/// <c>[N, T]</c> sequences of indices, <c>[N]</c> numbers or indices. Arrays of C# convert by themselves, by copying; flat
/// arrays with a shape are kept as they are.
/// </summary>
public sealed class Samples
{
    private readonly float[]? _floats;
    private readonly int[]? _ints;

    /// <summary>Floats in row-major order; kept, not copied.</summary>
    /// <exception cref="ArgumentException">Another number of values than the shape says; no samples axis.</exception>
    public Samples(float[] values, Shape shape)
        : this(shape, (values ?? throw new ArgumentNullException(nameof(values))).Length)
    {
        _floats = values;
    }

    /// <summary>Integers in row-major order; kept, not copied.</summary>
    /// <inheritdoc cref="Samples(float[], Shape)"/>
    public Samples(int[] values, Shape shape)
        : this(shape, (values ?? throw new ArgumentNullException(nameof(values))).Length)
    {
        _ints = values;
    }

    private Samples(Shape shape, int length)
    {
        if (shape.Rank == 0) { throw new ArgumentException("samples need an axis of samples, the first one", nameof(shape)); }
        if (shape.Length != length) { throw new ArgumentException($"samples {shape} need {shape.Length} values, not {length}", nameof(shape)); }
        Shape = shape;
    }

    /// <summary>Axes, samples first.</summary>
    public Shape Shape { get; }

    /// <summary>N.</summary>
    public int Count => Shape[0];

    /// <summary>Element type.</summary>
    public DType DType => _floats is null ? DType.I32 : DType.F32;

    /// <summary>The floats, in row-major order.</summary>
    /// <exception cref="InvalidOperationException">They are integers.</exception>
    public float[] Floats => _floats ?? throw new InvalidOperationException($"these samples {Shape} are integers");

    /// <summary>The integers, in row-major order.</summary>
    /// <exception cref="InvalidOperationException">They are floats.</exception>
    public int[] Ints => _ints ?? throw new InvalidOperationException($"these samples {Shape} are floats");

    /// <summary>Elements of one sample.</summary>
    internal int SampleLength => Count == 0 ? 0 : (int)(Shape.Length / Count);

    /// <summary>A copy of some samples in a row.</summary>
    public Samples Slice(int start, int count)
    {
        Shape shape = Shape.With(0, count);
        int first = start * SampleLength, length = count * SampleLength;
        return _floats is not null
            ? new Samples(_floats.AsSpan(first, length).ToArray(), shape)
            : new Samples(_ints.AsSpan(first, length).ToArray(), shape);
    }

    /// <summary>Floats <c>[N, F]</c> as an array of C#; a copy.</summary>
    public float[,] ToMatrix()
    {
        RequireRank(2);
        var matrix = new float[Shape[0], Shape[1]];
        Buffer.BlockCopy(Floats, 0, matrix, 0, Floats.Length * sizeof(float));
        return matrix;
    }

    /// <summary>Floats <c>[N, T, F]</c> as an array of C#; a copy.</summary>
    public float[,,] ToCube()
    {
        RequireRank(3);
        var cube = new float[Shape[0], Shape[1], Shape[2]];
        Buffer.BlockCopy(Floats, 0, cube, 0, Floats.Length * sizeof(float));
        return cube;
    }

    /// <summary>Numbers <c>[N]</c>.</summary>
    public static implicit operator Samples(float[] values) => new(values, new Shape(values.Length));

    /// <summary>Vectors <c>[N, F]</c>.</summary>
    public static implicit operator Samples(float[,] values) => FromFloats(values, new Shape(values.GetLength(0), values.GetLength(1)));

    /// <summary>Sequences of vectors <c>[N, T, F]</c>.</summary>
    public static implicit operator Samples(float[,,] values) =>
        FromFloats(values, new Shape(values.GetLength(0), values.GetLength(1), values.GetLength(2)));

    /// <summary>Indices <c>[N]</c>.</summary>
    public static implicit operator Samples(int[] values) => new(values, new Shape(values.Length));

    /// <summary>Sequences of indices <c>[N, T]</c>.</summary>
    public static implicit operator Samples(int[,] values)
    {
        var flat = new int[values.Length];
        Buffer.BlockCopy(values, 0, flat, 0, flat.Length * sizeof(int));
        return new Samples(flat, new Shape(values.GetLength(0), values.GetLength(1)));
    }

    /// <inheritdoc/>
    public override string ToString() => $"{DType}{Shape}";

    private static Samples FromFloats(Array values, Shape shape)
    {
        var flat = new float[values.Length];
        Buffer.BlockCopy(values, 0, flat, 0, flat.Length * sizeof(float));
        return new Samples(flat, shape);
    }

    private void RequireRank(int rank)
    {
        if (Shape.Rank != rank) { throw new InvalidOperationException($"samples {Shape} have {Shape.Rank} axes, not {rank}"); }
    }
}
