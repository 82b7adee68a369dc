namespace RnnGpu.Core;

/// <summary>Part of a buffer, counted in 4-byte elements, that a plan lays its own tensors into.</summary>
/// <param name="Buffer">Memory, or null for "none".</param>
/// <param name="Start">First element.</param>
/// <param name="Elements">Size.</param>
public readonly record struct MemoryRegion(IDeviceBuffer? Buffer, long Start, long Elements)
{
    /// <summary>A whole buffer.</summary>
    public MemoryRegion(IDeviceBuffer buffer)
        : this(buffer, 0, buffer.Bytes / 4)
    {
    }

    /// <summary>A tensor inside the region.</summary>
    /// <exception cref="ArgumentException">It would reach outside.</exception>
    public TensorView View(long offset, Shape shape, DType dtype = DType.F32) =>
        Buffer is not null && offset + shape.Length <= Elements
            ? new TensorView(Buffer, Start + offset, shape, dtype)
            : throw new ArgumentException($"a planned tensor {shape} at element {offset} does not fit a region of {Elements}");
}

/// <summary>
/// A planned arena: sections are laid one behind another before anything runs, so that a plan knows its bytes beforehand and
/// allocates nothing later.
/// </summary>
public sealed class MemoryLayout
{
    private const long Alignment = 16;
    private readonly List<(string Name, long Bytes)> _sections = [];
    private long _elements;

    /// <summary>Size of all sections.</summary>
    public long Bytes => _elements * 4;

    /// <summary>Sections by name, in order, with their bytes.</summary>
    public IReadOnlyList<(string Name, long Bytes)> Sections => _sections;

    /// <summary>Adds a section of 4-byte elements, aligned to a cache line.</summary>
    /// <returns>Its offset in elements.</returns>
    public long Add(string name, long elements)
    {
        long offset = _elements;
        long size = checked((elements + Alignment - 1) / Alignment * Alignment);
        _elements = checked(_elements + size);
        if (size > 0) { _sections.Add((name, size * 4)); }
        return offset;
    }

    /// <summary>Adds a section counted in bytes.</summary>
    public long AddBytes(string name, long bytes) => Add(name, (bytes + 3) / 4);
}
