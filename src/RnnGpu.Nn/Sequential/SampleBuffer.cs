using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>Picks rows of <see cref="Samples"/> into one batch on the host: <c>[B, ..]</c>, or of sequences <c>[T, B, ..]</c>.</summary>
internal sealed class SampleBuffer
{
    private readonly Samples _samples;
    private readonly float[] _floats = [];
    private readonly int[] _ints = [];
    private readonly int _steps;
    private readonly int _rest;

    public SampleBuffer(Samples samples, bool sequences, int batch)
    {
        _samples = samples;
        IsSequence = sequences;
        _steps = sequences ? samples.Shape[1] : 1;
        _rest = samples.SampleLength / Math.Max(1, _steps);
        int length = checked(batch * samples.SampleLength);
        if (samples.DType == DType.F32) { _floats = new float[length]; }
        else { _ints = new int[length]; }
    }

    /// <summary>Whether the second axis of the samples is time.</summary>
    public bool IsSequence { get; }

    /// <summary>Whether the elements are floats.</summary>
    public bool IsFloat => _samples.DType == DType.F32;

    /// <summary>B of the present batch.</summary>
    public int Rows { get; private set; }

    /// <summary>Elements that count: all, but for negative integers, which mask a target out.</summary>
    public long CountValid()
    {
        int length = Rows * _samples.SampleLength;
        if (_samples.DType == DType.F32) { return length; }
        long count = 0;
        for (int i = 0; i < length; i++)
        {
            if (_ints[i] >= 0) { count++; }
        }

        return count;
    }

    /// <summary>Picks samples.</summary>
    public void Fill(ReadOnlySpan<int> rows)
    {
        Rows = rows.Length;
        if (_samples.DType == DType.F32) { Copy(_samples.Floats, rows, _floats); }
        else { Copy(_samples.Ints, rows, _ints); }
    }

    /// <summary>The batch as a tensor of the present step or scope.</summary>
    public Tensor Upload(Device device, Shape shape)
    {
        int length = Rows * _samples.SampleLength;
        return _samples.DType == DType.F32 ? device.Tensor(_floats.AsSpan(0, length), shape) : device.Tensor(_ints.AsSpan(0, length), shape);
    }

    /// <summary>The batch's own shape.</summary>
    public Shape BatchShape => ShapeOf(_samples.Shape, IsSequence, Rows);

    /// <summary>Shape of a batch of samples: <c>[N, T, ..] -> [T, B, ..]</c> of sequences, else <c>[N, ..] -> [B, ..]</c>.</summary>
    public static Shape ShapeOf(Shape samples, bool sequences, int batch)
    {
        Span<int> sizes = stackalloc int[Shape.MaxRank];
        samples.CopyTo(sizes);
        sizes[0] = batch;
        if (sequences) { (sizes[0], sizes[1]) = (sizes[1], sizes[0]); }
        return new Shape(sizes[..samples.Rank]);
    }

    private void Copy<T>(T[] from, ReadOnlySpan<int> rows, T[] to)
    {
        for (int b = 0; b < rows.Length; b++)
        {
            for (int t = 0; t < _steps; t++)
            {
                from.AsSpan(((rows[b] * _steps) + t) * _rest, _rest).CopyTo(to.AsSpan(((t * rows.Length) + b) * _rest, _rest));
            }
        }
    }
}
