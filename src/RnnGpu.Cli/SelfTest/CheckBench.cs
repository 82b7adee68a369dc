using RnnGpu.Core;

namespace RnnGpu.Cli.SelfTest;

/// <summary>What a check works with: a backend, tensors on it, reproducible numbers, and the comparison with float64.</summary>
internal class CheckBench(IBackend backend, ComputeMode mode) : IDisposable
{
    private readonly List<IDeviceBuffer> _buffers = [];
    private readonly Random _random = new(20260101);

    /// <summary>The backend under test.</summary>
    public IBackend Backend { get; } = backend;

    /// <summary>Precision of its products.</summary>
    public ComputeMode Mode { get; } = mode;

    /// <summary>Half the distance from 1 to the next number of the factors of products.</summary>
    public double FactorRoundoff => Mode switch
    {
        ComputeMode.Bf16 => 1.0 / (1 << 8),
        ComputeMode.Tf32 or ComputeMode.Fp16 => 1.0 / (1 << 11),
        _ => 0,
    };

    /// <summary>Numbers compared so far.</summary>
    public long Compared { get; private set; }

    /// <summary>The largest error so far as a multiple of its tolerance: above 1 the check failed.</summary>
    public double Worst { get; private set; }

    /// <summary>Half the distance from 1 to the next float.</summary>
    public static double Roundoff => 1.0 / (1 << 24);

    /// <summary>A chain of n roundings over terms that sum to so much in absolute value (Higham 2002, section 4.2).</summary>
    public static double Chain(double n, double magnitude) => (n * Roundoff * magnitude) + 3e-38;

    /// <summary>Numbers between -1 and 1.</summary>
    public float[] Random(long count) => [.. Enumerable.Range(0, (int)count).Select(_ => (float)((2 * _random.NextDouble()) - 1))];

    /// <summary>Whole numbers from 0 to below a limit.</summary>
    public int[] RandomIndices(int count, int limit) => [.. Enumerable.Range(0, count).Select(_ => _random.Next(limit))];

    /// <summary>A tensor with these elements.</summary>
    public virtual TensorView Put(float[] values, params ReadOnlySpan<int> shape)
    {
        TensorView view = Space(shape);
        Backend.Upload<float>(values, view);
        return view;
    }

    /// <summary>An integer tensor with these elements.</summary>
    public TensorView Put(int[] values)
    {
        TensorView view = new(Buffer(values.Length), 0, new Shape(values.Length), DType.I32);
        Backend.Upload<int>(values, view);
        return view;
    }

    /// <summary>A tensor filled with NaN, which an operation is to overwrite.</summary>
    public TensorView Space(params ReadOnlySpan<int> shape)
    {
        var sizes = new Shape(shape);
        var view = new TensorView(Buffer(sizes.Length), 0, sizes);
        Backend.Fill(float.NaN, view);
        return view;
    }

    /// <summary>So many bytes.</summary>
    public TensorView Scratch(long bytes) => Space((int)((bytes + 3) / 4));

    /// <summary>A tensor's elements.</summary>
    public float[] Get(in TensorView view)
    {
        var values = new float[view.Length];
        Backend.Download<float>(view, values);
        return values;
    }

    /// <summary>Compares one number; a number that is not finite fails.</summary>
    public void Expect(double expected, float actual, double tolerance)
    {
        Compared++;
        double error = Math.Abs(expected - actual) / tolerance;
        Worst = double.IsNaN(error) ? double.PositiveInfinity : Math.Max(Worst, error);
    }

    /// <summary>Compares a tensor, element by element.</summary>
    /// <param name="expected">Gives an element's value and its tolerance.</param>
    public void Expect(in TensorView actual, Func<int, (double Value, double Tolerance)> expected)
    {
        float[] values = Get(actual);
        for (int i = 0; i < values.Length; i++)
        {
            (double value, double tolerance) = expected(i);
            Expect(value, values[i], tolerance);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (IDeviceBuffer buffer in _buffers) { buffer.Dispose(); }
    }

    private IDeviceBuffer Buffer(long elements)
    {
        IDeviceBuffer buffer = Backend.Allocate(elements * 4);
        _buffers.Add(buffer);
        return buffer;
    }
}
