using System.Collections.Immutable;

namespace RnnGpu.Nn.Checkpoints;

/// <summary>One tensor's line in the header of a safetensors file.</summary>
public sealed class SafeTensorsEntry
{
    internal SafeTensorsEntry(string name, SafeTensorsDType dtype, ImmutableArray<long> shape, long offset, long byteLength)
    {
        Name = name;
        DType = dtype;
        Shape = shape;
        Offset = offset;
        ByteLength = byteLength;
    }

    /// <summary>The tensor's name, unique in the file.</summary>
    public string Name { get; }

    /// <summary>The type of its elements in the file.</summary>
    public SafeTensorsDType DType { get; }

    /// <summary>Its sizes, slowest axis first (row-major); empty for a scalar.</summary>
    public ImmutableArray<long> Shape { get; }

    /// <summary>Where its first byte stands, counted from the end of the header.</summary>
    public long Offset { get; }

    /// <summary>Its size in bytes.</summary>
    public long ByteLength { get; }

    /// <summary>Its number of elements: the product of <see cref="Shape"/>, 1 for a scalar.</summary>
    public long Count => ByteLength / DType.Size();

    /// <summary>Type and shape as messages show them, such as <c>F32 [4, 3]</c>.</summary>
    public override string ToString() => $"{DType.Name()} {Text(Shape.AsSpan())}";

    /// <summary>A shape as messages show it.</summary>
    internal static string Text(ReadOnlySpan<long> shape) => $"[{string.Join(", ", shape.ToArray())}]";

    /// <summary>Bytes of a tensor, or null where the product does not fit 64 bits or a size is negative.</summary>
    internal static long? Bytes(SafeTensorsDType dtype, ReadOnlySpan<long> shape)
    {
        long bytes = dtype.Size();
        foreach (long size in shape)
        {
            if (size < 0 || Math.BigMul(bytes, size) is var product && product > long.MaxValue)
            {
                return null;
            }

            bytes *= size;
        }

        return bytes;
    }
}
