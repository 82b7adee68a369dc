using System.Globalization;
using RnnGpu.Tasks.Frame;

namespace RnnGpu.Tasks.Forecast;

/// <summary>
/// Rows of a series to forecast. A part of it keeps the whole table: what lies before a row is its history, whoever may learn from it.
/// </summary>
/// <param name="table">The series.</param>
/// <param name="rows">The rows of this part, ascending.</param>
public sealed class SeriesData(SeriesTable table, int[] rows) : TaskData
{
    /// <summary>The series.</summary>
    public SeriesTable Table { get; } = table;

    /// <summary>The rows of this part, ascending.</summary>
    public IReadOnlyList<int> Rows { get; } = rows;

    /// <inheritdoc/>
    public override int Count => Rows.Count;

    /// <inheritdoc/>
    public override string Summary =>
        string.Create(CultureInfo.InvariantCulture, $"{Count:N0} steps from {Table.Label(Rows[0])} to {Table.Label(Rows[^1])}, columns {string.Join(", ", Table.Columns.Select(column => column.Name))}");

    /// <inheritdoc/>
    public override TaskData Subset(IReadOnlyList<int> indices) => new SeriesData(Table, [.. indices.Select(i => Rows[i]).Order()]);
}
