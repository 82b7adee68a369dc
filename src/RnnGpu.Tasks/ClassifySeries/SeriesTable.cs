using RnnGpu.Nn.Data;
using RnnGpu.Tasks.Classification;

namespace RnnGpu.Tasks.ClassifySeries;

/// <summary>
/// Series in a CSV file with a header: a line a step, the lines of a series one after the other. One column names the series, one its class, some are left
/// out, all others are numbers.
/// </summary>
/// <param name="Id">Column that names the series.</param>
/// <param name="Label">Column of the class.</param>
/// <param name="Skip">Columns that are no features.</param>
public sealed record SeriesTable(string Id, string Label, IReadOnlyList<string> Skip)
{
    /// <summary>The series.</summary>
    /// <param name="lines">Of one file.</param>
    /// <param name="classWanted">Whether there must be a column of classes.</param>
    /// <exception cref="DataException">Malformed; the message names line and column.</exception>
    public IEnumerable<ClassSample<Series>> Read(IEnumerable<TextLine> lines, bool classWanted)
    {
        int id = -1, label = -1, count = 0;
        int[] features = [];
        var values = new List<double>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        string open = "", itsClass = "";
        foreach (TextLine line in lines)
        {
            if (count == 0)
            {
                (id, label, features) = Columns(line, classWanted);
                count = line.Split(',').Length;
                continue;
            }

            TextField[] fields = line.Split(',', count, "as many as the header has");
            string name = fields[id].Text, given = label < 0 ? "" : fields[label].Text.Trim();
            if (name.Length == 0) { throw fields[id].Error($"the series' name ({Id}) is missing"); }
            if (classWanted && given.Length == 0) { throw fields[label].Error("the class is missing"); }
            if (name != open)
            {
                if (values.Count > 0) { yield return new ClassSample<Series>(itsClass, new Series(features.Length, [.. values])); }
                if (!seen.Add(name)) { throw fields[id].Error($"series '{name}' goes on after another: the lines of a series must follow one another"); }
                values.Clear();
                (open, itsClass) = (name, given);
            }

            if (given != itsClass) { throw fields[label].Error($"class '{given}' in series '{name}', which began with '{itsClass}'"); }
            foreach (int feature in features) { values.Add(fields[feature].Number()); }
        }

        if (values.Count > 0) { yield return new ClassSample<Series>(itsClass, new Series(features.Length, [.. values])); }
    }

    private (int Id, int Label, int[] Features) Columns(TextLine header, bool classWanted)
    {
        TextField[] fields = header.Split(',');
        string[] names = [.. fields.Select(field => field.Text.Trim())];
        int id = Array.IndexOf(names, Id), label = Array.IndexOf(names, Label);
        if (id < 0) { throw header.Error($"there is no column '{Id}' that names the series; name it with --id (columns: {string.Join(", ", names)})"); }
        if (label < 0 && classWanted) { throw header.Error($"there is no column '{Label}' with the class; name it with --label (columns: {string.Join(", ", names)})"); }
        int[] features = [.. Enumerable.Range(0, names.Length).Where(i => i != id && i != label && !Skip.Contains(names[i]))];
        return features.Length > 0 ? (id, label, features) : throw header.Error("there is no column of numbers besides series, class and those of --skip");
    }
}
