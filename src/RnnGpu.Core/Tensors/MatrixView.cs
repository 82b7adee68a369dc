namespace RnnGpu.Core;

/// <summary>
/// A matrix inside an <see cref="DType.F32"/> buffer: <c>Rows x Columns</c> elements, columns adjacent, rows
/// <see cref="RowStride"/> elements apart. The stride may exceed the columns (one direction's half of a bidirectional output)
/// or be negative (rows read from last to first, so that a sum over time runs in the order in which BPTT produces it).
/// </summary>
public readonly struct MatrixView
{
    /// <summary>The first rows and columns of a view, rows <paramref name="rowStride"/> elements apart.</summary>
    public MatrixView(in TensorView tensor, long rows, int columns, long rowStride)
        : this(tensor.Buffer!, tensor.Offset, rows, columns, rowStride, transposed: false)
    {
    }

    /// <summary>A matrix by its first element, sizes and stride.</summary>
    /// <exception cref="ArgumentException">It would reach outside the buffer.</exception>
    public MatrixView(IDeviceBuffer buffer, long offset, long rows, int columns, long rowStride, bool transposed)
    {
        // No rows, no elements: an empty matrix may stand at the very end of a buffer.
        long last = offset + (rows > 0 ? (rows - 1) * rowStride : 0);
        long low = Math.Min(offset, last), high = Math.Max(offset, last) + (rows > 0 ? columns : 0);
        if (low < 0 || high * sizeof(float) > buffer.Bytes)
        {
            throw new ArgumentException(
                $"a matrix of {rows} x {columns} (row stride {rowStride}) at element {offset} does not fit a buffer of {buffer.Bytes} bytes");
        }

        Buffer = buffer;
        Offset = offset;
        StoredRows = rows;
        StoredColumns = columns;
        RowStride = rowStride;
        IsTransposed = transposed;
    }

    /// <summary>The buffer, or null for "no matrix".</summary>
    public IDeviceBuffer? Buffer { get; }

    /// <summary>First element, counted from the buffer's start.</summary>
    public long Offset { get; }

    /// <summary>Rows as stored, before a transposition.</summary>
    public long StoredRows { get; }

    /// <summary>Columns as stored, before a transposition.</summary>
    public int StoredColumns { get; }

    /// <summary>Elements from one stored row to the next; may be negative.</summary>
    public long RowStride { get; }

    /// <summary>Whether the product reads the stored matrix transposed.</summary>
    public bool IsTransposed { get; }

    /// <summary>Whether this is the "no matrix" value.</summary>
    public bool IsEmpty => Buffer is null;

    /// <summary>Rows as an operand.</summary>
    public long Rows => IsTransposed ? StoredColumns : StoredRows;

    /// <summary>Columns as an operand.</summary>
    public long Columns => IsTransposed ? StoredRows : StoredColumns;

    /// <summary>The transposed matrix over the same elements.</summary>
    public MatrixView T => new(Buffer!, Offset, StoredRows, StoredColumns, RowStride, !IsTransposed);

    /// <summary>The same rows, from last to first.</summary>
    public MatrixView Reversed => StoredRows == 0
        ? this
        : new(Buffer!, Offset + ((StoredRows - 1) * RowStride), StoredRows, StoredColumns, -RowStride, IsTransposed);

    /// <summary>Stored columns <paramref name="start"/>.. of every row.</summary>
    public MatrixView ColumnRange(int start, int count) => start >= 0 && start + count <= StoredColumns
        ? new(Buffer!, Offset + start, StoredRows, count, RowStride, IsTransposed)
        : throw new ArgumentException($"columns {start}..{start + count} of a matrix with {StoredColumns}");

    /// <summary>Stored rows <paramref name="start"/>..</summary>
    public MatrixView RowRange(long start, long count) => start >= 0 && start + count <= StoredRows
        ? new(Buffer!, Offset + (start * RowStride), count, StoredColumns, RowStride, IsTransposed)
        : throw new ArgumentException($"rows {start}..{start + count} of a matrix with {StoredRows}");

    /// <inheritdoc/>
    public override string ToString() => IsEmpty ? "no matrix" : $"[{Rows}, {Columns}]";
}
