namespace RnnGpu.Tasks.Forecast;

/// <summary>A column of a <see cref="SeriesTable"/>: numbers, or words.</summary>
/// <param name="Name">From the header, or <c>c1</c>, <c>c2</c>, ...</param>
/// <param name="Values">Numbers, NaN where missing; null for words.</param>
/// <param name="Words">Words, empty where missing; null for numbers.</param>
public sealed record SeriesColumn(string Name, double[]? Values, string[]? Words);

/// <summary>Columns of equal length, a row a time step, in the order of time.</summary>
/// <param name="Source">Names of the files, for messages.</param>
/// <param name="Columns">At least one.</param>
/// <param name="Places">File and line of each row, for messages.</param>
public sealed record SeriesTable(string Source, IReadOnlyList<SeriesColumn> Columns, IReadOnlyList<string> Places)
{
    /// <summary>Time steps.</summary>
    public int Rows => Places.Count;

    /// <summary>A column by its name, or null.</summary>
    public SeriesColumn? Find(string name) => Columns.FirstOrDefault(column => column.Name == name);

    /// <summary>What stands in the first column of words, a date most often, or else the row's number.</summary>
    public string Label(int row) => Columns.FirstOrDefault(column => column.Words is not null)?.Words![row] ?? $"row {row + 1}";
}
