namespace RnnGpu.Tasks.Frame;

/// <summary>A figure of the field.</summary>
/// <param name="Name">Lower case, words joined by <c>_</c>: the field's name in JSON.</param>
/// <param name="Value">The figure.</param>
/// <param name="Format">How people see it: <c>P2</c> for parts, <c>F4</c>, <c>N0</c>.</param>
public readonly record struct Score(string Name, double Value, string Format = "F4")
{
    /// <summary>Name and figure, for people.</summary>
    public override string ToString() => $"{Name.Replace('_', ' ')} {Value.ToString(Format, System.Globalization.CultureInfo.InvariantCulture)}";
}

/// <summary>A table of figures: recall by class, a model beside its baselines.</summary>
/// <param name="Name">Lower case, words joined by <c>_</c>.</param>
/// <param name="Columns">Headings; the first is that of the rows' names.</param>
/// <param name="Rows">Name and figures of each.</param>
public sealed record ScoreTable(string Name, IReadOnlyList<string> Columns, IReadOnlyList<ScoreRow> Rows);

/// <summary>A row of a table.</summary>
/// <param name="Name">First column.</param>
/// <param name="Values">The other columns.</param>
public sealed record ScoreRow(string Name, IReadOnlyList<double> Values);

/// <summary>How well a model does on some data.</summary>
/// <param name="Objective">What training wants low: chooses the best checkpoint. A loss, an error, or one minus a score.</param>
/// <param name="All">Figures, the one that the field compares by first.</param>
public sealed record Scores(double Objective, IReadOnlyList<Score> All)
{
    /// <summary>Tables beside the figures.</summary>
    public IReadOnlyList<ScoreTable> Tables { get; init; } = [];

    /// <summary>The figure that the field compares by.</summary>
    public Score Primary => All[0];
}
