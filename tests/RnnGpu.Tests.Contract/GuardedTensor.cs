using System.Runtime.InteropServices;
using RnnGpu.Core;
using Xunit;

namespace RnnGpu.Tests.Contract;

/// <summary>What an operation may do with a tensor.</summary>
public enum Access
{
    /// <summary>Read only: checked to be unchanged.</summary>
    Source,

    /// <summary>Assigned: starts as NaN, so that an element left out or read shows.</summary>
    Destination,

    /// <summary>Read and written.</summary>
    Updated,
}

/// <summary>
/// A tensor or matrix inside a larger buffer. Everything around it, and between the rows of a strided matrix, is a canary: a
/// NaN of its own bits, so that reading it spoils the result and writing it is found by <see cref="Check"/>.
/// </summary>
public sealed class GuardedTensor : IDisposable
{
    /// <summary>Bits of a quiet NaN with a payload of its own.</summary>
    public const int Canary = 0x7FC0DEAD;

    private const int BackPadding = 21;
    private readonly IBackend _backend;
    private readonly IDeviceBuffer _buffer;
    private readonly int[] _image;
    private readonly long[] _elements;
    private readonly Access _access;

    /// <summary>Places <paramref name="rows"/> rows of <paramref name="columns"/> elements.</summary>
    /// <param name="backend">Where.</param>
    /// <param name="name">For messages.</param>
    /// <param name="access">What the operation may do.</param>
    /// <param name="values">Bits in row order; null: NaN.</param>
    /// <param name="rowStride">Elements from row to row, at least the columns; negative: rows lie from last to first.</param>
    /// <param name="front">Canaries in front, which decide the alignment.</param>
    public GuardedTensor(
        IBackend backend, string name, Access access, ReadOnlySpan<int> values, Shape shape, DType dtype, long rows, int columns, long rowStride, int front)
    {
        _backend = backend;
        _access = access;
        Name = name;
        long stride = Math.Abs(rowStride), span = rows == 0 ? 0 : ((rows - 1) * stride) + columns;
        _image = new int[front + span + BackPadding];
        Array.Fill(_image, Canary);
        _elements = new long[rows * columns];
        long first = front + (rowStride < 0 && rows > 0 ? (rows - 1) * stride : 0);
        for (long r = 0; r < rows; r++)
        {
            for (int c = 0; c < columns; c++)
            {
                long at = first + (r * rowStride) + c;
                _elements[(r * columns) + c] = at;
                _image[at] = access == Access.Destination ? Canary : values[(int)((r * columns) + c)];
            }
        }

        _buffer = backend.Allocate(_image.Length * sizeof(int));
        backend.Upload<int>(_image, Whole);
        Matrix = dtype == DType.F32 ? new MatrixView(_buffer, first, rows, columns, rowStride, transposed: false) : default;
        View = rowStride == columns ? new TensorView(_buffer, front, shape, dtype) : default;
    }

    public string Name { get; }

    /// <summary>As a tensor; empty for a strided matrix.</summary>
    public TensorView View { get; }

    /// <summary>As a matrix: all axes but the last are rows.</summary>
    public MatrixView Matrix { get; }

    private TensorView Whole => new(_buffer, 0, new Shape(_image.Length), DType.I32);

    /// <summary>Elements in row order.</summary>
    public float[] Floats() => Array.ConvertAll(Ints(), BitConverter.Int32BitsToSingle);

    /// <summary>Elements in row order, as bits.</summary>
    public int[] Ints()
    {
        int[] now = Download();
        return Array.ConvertAll(_elements, at => now[at]);
    }

    /// <summary>New contents, in row order, as if placed with them.</summary>
    public void Set(ReadOnlySpan<float> values)
    {
        ReadOnlySpan<int> bits = MemoryMarshal.Cast<float, int>(values);
        for (int i = 0; i < _elements.Length; i++) { _image[_elements[i]] = bits[i]; }
        _backend.Upload<int>(_image, Whole);
    }

    /// <summary>Fails if a canary died, or if a source changed.</summary>
    public void Check(string context)
    {
        int[] now = Download();
        if (_access != Access.Source)
        {
            foreach (long at in _elements) { now[at] = _image[at]; }
        }

        for (int i = 0; i < now.Length; i++)
        {
            if (now[i] != _image[i])
            {
                Assert.Fail($"{context}: {Name}: element {i} of a buffer of {now.Length} was written, but only "
                    + (_access == Access.Source ? "read access is allowed" : $"its tensor at {_elements.FirstOrDefault(-1)} may be"));
            }
        }
    }

    public void Dispose() => _buffer.Dispose();

    private int[] Download()
    {
        var now = new int[_image.Length];
        _backend.Download<int>(Whole, now);
        return now;
    }
}

/// <summary>The tensors of one case. Offsets change from tensor to tensor, so that no operation can count on alignment.</summary>
public sealed class GuardedTensors(IBackend backend) : IDisposable
{
    private static readonly int[] Fronts = [16, 17, 19, 23, 32, 29];
    private readonly List<GuardedTensor> _all = [];

    public GuardedTensor Source(string name, ReadOnlySpan<float> values, params ReadOnlySpan<int> shape) =>
        Add(name, Access.Source, MemoryMarshal.Cast<float, int>(values), new Shape(shape), DType.F32);

    public GuardedTensor Source(string name, ReadOnlySpan<int> values, params ReadOnlySpan<int> shape) =>
        Add(name, Access.Source, values, new Shape(shape), DType.I32);

    public GuardedTensor Updated(string name, ReadOnlySpan<float> values, params ReadOnlySpan<int> shape) =>
        Add(name, Access.Updated, MemoryMarshal.Cast<float, int>(values), new Shape(shape), DType.F32);

    public GuardedTensor Destination(string name, params ReadOnlySpan<int> shape) =>
        Add(name, Access.Destination, [], new Shape(shape), DType.F32);

    public GuardedTensor IntDestination(string name, params ReadOnlySpan<int> shape) =>
        Add(name, Access.Destination, [], new Shape(shape), DType.I32);

    /// <summary>A matrix with a row stride; see <see cref="GuardedTensor"/>.</summary>
    public GuardedTensor Matrix(string name, Access access, ReadOnlySpan<float> values, long rows, int columns, long rowStride) =>
        Keep(new GuardedTensor(
            backend, name, access, MemoryMarshal.Cast<float, int>(values), new Shape((int)rows, columns), DType.F32, rows, columns, rowStride, NextFront()));

    /// <summary>Scratch of a backend's private layout: starts as NaN, begins at a 64-byte boundary of its buffer.</summary>
    public GuardedTensor Scratch(string name, long bytes)
    {
        int count = (int)((bytes + 3) / 4);
        return Keep(new GuardedTensor(backend, name, Access.Destination, [], new Shape(count), DType.F32, 1, count, count, 16));
    }

    /// <summary>Checks every canary and every source.</summary>
    public void Check(string context)
    {
        foreach (GuardedTensor tensor in _all) { tensor.Check(context); }
    }

    public void Dispose()
    {
        foreach (GuardedTensor tensor in _all) { tensor.Dispose(); }
    }

    private GuardedTensor Add(string name, Access access, ReadOnlySpan<int> values, Shape shape, DType dtype) =>
        Keep(new GuardedTensor(backend, name, access, values, shape, dtype, shape.Rows, shape.Columns, shape.Columns, NextFront()));

    private int NextFront() => Fronts[_all.Count % Fronts.Length];

    private GuardedTensor Keep(GuardedTensor tensor)
    {
        _all.Add(tensor);
        return tensor;
    }
}
