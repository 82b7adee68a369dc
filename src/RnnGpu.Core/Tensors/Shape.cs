using System.Runtime.CompilerServices;

namespace RnnGpu.Core;

/// <summary>
/// Sizes of a tensor's axes, outermost first, row-major; rank 0 (a scalar) to <see cref="MaxRank"/>. A value type without
/// heap storage, so that making shapes in a training loop allocates nothing.
/// </summary>
public readonly struct Shape : IEquatable<Shape>
{
    /// <summary>Largest rank.</summary>
    public const int MaxRank = 6;

    private readonly Axes _axes;

    [InlineArray(MaxRank)]
    private struct Axes
    {
        private int _first;
    }

    /// <summary>The shape of a scalar, as <see cref="Scalar"/>; the default value is no shape at all.</summary>
    public Shape()
        : this(ReadOnlySpan<int>.Empty)
    {
    }

    /// <summary>A shape from its sizes.</summary>
    /// <exception cref="ArgumentException">More than <see cref="MaxRank"/> axes, or a negative size.</exception>
    public Shape(params ReadOnlySpan<int> sizes)
    {
        if (sizes.Length > MaxRank)
        {
            throw new ArgumentException($"a tensor has at most {MaxRank} axes, not {sizes.Length}");
        }

        Rank = sizes.Length;
        long length = 1;
        for (int i = 0; i < sizes.Length; i++)
        {
            if (sizes[i] < 0) { throw new ArgumentException($"axis {i} has the negative size {sizes[i]}"); }
            _axes[i] = sizes[i];
            length = checked(length * sizes[i]);
        }

        Length = length;
        HasRank = true;
    }

    /// <summary>No axes, one element.</summary>
    public static Shape Scalar => new();

    private bool HasRank { get; }

    /// <summary>Number of axes.</summary>
    public int Rank { get; }

    /// <summary>Number of elements: the product of the sizes (1 for a scalar, 0 for the default value).</summary>
    public long Length { get; }

    /// <summary>Size of an axis; an index from the end (<c>^1</c>) works.</summary>
    public int this[Index axis]
    {
        get
        {
            int i = axis.GetOffset(Rank);
            return (uint)i < (uint)Rank ? _axes[i] : throw new ArgumentOutOfRangeException(nameof(axis), $"axis {i} of {ToString()}");
        }
    }

    /// <summary>Product of all sizes but the last: the rows when the tensor is read as a matrix.</summary>
    public long Rows => Rank == 0 ? 1 : RowsOf();

    /// <summary>Size of the last axis (1 for a scalar).</summary>
    public int Columns => Rank == 0 ? 1 : _axes[Rank - 1];

    private long RowsOf()
    {
        long rows = 1;
        for (int i = 0; i < Rank - 1; i++) { rows *= _axes[i]; }
        return rows;
    }

    /// <summary>The same shape with the last axis replaced.</summary>
    public Shape WithColumns(int columns)
    {
        Span<int> sizes = stackalloc int[MaxRank];
        CopyTo(sizes);
        sizes[Rank - 1] = columns;
        return new Shape(sizes[..Rank]);
    }

    /// <summary>Writes the sizes to the start of <paramref name="sizes"/>.</summary>
    public void CopyTo(Span<int> sizes)
    {
        for (int i = 0; i < Rank; i++) { sizes[i] = _axes[i]; }
    }

    /// <inheritdoc/>
    public bool Equals(Shape other)
    {
        if (Rank != other.Rank || HasRank != other.HasRank) { return false; }
        for (int i = 0; i < Rank; i++)
        {
            if (_axes[i] != other._axes[i]) { return false; }
        }

        return true;
    }

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Shape other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        for (int i = 0; i < Rank; i++) { hash.Add(_axes[i]); }
        return hash.ToHashCode();
    }

    /// <summary>Equality of rank and sizes.</summary>
    public static bool operator ==(Shape left, Shape right) => left.Equals(right);

    /// <summary>Inequality of rank or sizes.</summary>
    public static bool operator !=(Shape left, Shape right) => !left.Equals(right);

    /// <inheritdoc/>
    public override string ToString()
    {
        var sizes = new int[Rank];
        CopyTo(sizes);
        return $"[{string.Join(", ", sizes)}]";
    }
}
