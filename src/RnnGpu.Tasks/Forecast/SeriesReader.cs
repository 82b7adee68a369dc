using RnnGpu.Nn.Data;

namespace RnnGpu.Tasks.Forecast;

/// <summary>
/// Reads tables of measurements: CSV with comma, semicolon or tabulator, fields in double quotes or not, with a header or without. A
/// column's first known entry says whether it holds numbers or words (dates, names). Missing entries (nothing, NA, NaN, ?, null) are
/// refused where numbers belong, or kept as missing. Several files are one series, one after the other.
/// </summary>
public static class SeriesReader
{
    private static readonly string[] Missing = ["", "NA", "N/A", "NAN", "?", "NULL", "-"];

    /// <summary>Reads one series.</summary>
    /// <param name="sources">Files with the same columns, in the order of time.</param>
    /// <param name="allowMissing">Whether numbers may be missing.</param>
    /// <exception cref="DataException">Malformed; the message names file, line and column.</exception>
    public static SeriesTable Read(IReadOnlyList<TextSource> sources, bool allowMissing)
    {
        var columns = new List<ColumnReader>();
        var places = new List<string>();
        foreach (TextSource source in sources)
        {
            char separator = '\0';
            foreach (TextLine line in TextLines.Read(source))
            {
                if (line.Text.Length == 0) { continue; }
                bool first = separator == '\0';
                if (first) { separator = SeparatorOf(line.Text); }
                List<TextField> fields = Fields(line, separator);
                if (columns.Count == 0) { columns.AddRange(Header(fields)); }
                if (fields.Count != columns.Count) { throw line.Error($"{fields.Count} fields where {columns.Count} belong ({string.Join(", ", columns.Select(column => column.Name))})"); }
                if (first && !fields.Exists(field => IsNumber(field.Text)))
                {
                    CheckHeader(line, fields, columns);
                    continue;
                }

                for (int i = 0; i < fields.Count; i++) { columns[i].Add(fields[i], IsMissing(fields[i].Text), allowMissing); }
                places.Add($"{line.Source}:{line.Number}");
            }
        }

        string name = string.Join(", ", sources.Select(source => source.Name));
        return places.Count > 0
            ? new SeriesTable(name, [.. columns.Select(column => column.ToColumn())], places)
            : throw new DataException($"{name}: there are no rows of data");
    }

    private static bool IsMissing(string text) => Missing.Contains(text.Trim(), StringComparer.OrdinalIgnoreCase);

    private static bool IsNumber(string text) =>
        double.TryParse(text.Trim(), System.Globalization.NumberStyles.Float, System.Globalization.CultureInfo.InvariantCulture, out _);

    private static char SeparatorOf(string line) => line.Contains('\t', StringComparison.Ordinal) ? '\t' : line.Contains(';', StringComparison.Ordinal) ? ';' : ',';

    private static IEnumerable<ColumnReader> Header(List<TextField> fields)
    {
        bool named = !fields.Exists(field => IsNumber(field.Text));
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (int i = 0; i < fields.Count; i++)
        {
            string name = named && fields[i].Text.Trim() is { Length: > 0 } text ? text : $"c{i + 1}";
            if (!names.Add(name)) { throw fields[i].Error($"two columns are named '{name}'"); }
            yield return new ColumnReader(name);
        }
    }

    private static void CheckHeader(TextLine line, List<TextField> fields, List<ColumnReader> columns)
    {
        for (int i = 0; i < fields.Count; i++)
        {
            if (fields[i].Text.Trim() is { Length: > 0 } text && text != columns[i].Name)
            {
                throw fields[i].Error($"this column is '{text}' where the file before has '{columns[i].Name}'");
            }
        }

        if (fields.Count == 0) { throw line.Error("a header without names"); }
    }

    /// <summary>Fields with their places; a doubled quote inside quotes is one.</summary>
    private static List<TextField> Fields(TextLine line, char separator)
    {
        var fields = new List<TextField>();
        string text = line.Text;
        int at = 0;
        while (true)
        {
            int start = at;
            if (at < text.Length && text[at] == '"')
            {
                int end = at + 1;
                while (true)
                {
                    end = end <= text.Length ? text.IndexOf('"', end) : -1;
                    if (end < 0) { throw line.Error(start + 1, "a quote that does not end in this line"); }
                    if (end + 1 >= text.Length || text[end + 1] != '"') { break; }
                    end += 2;
                }

                fields.Add(new TextField(line, start + 1, text[(start + 1)..end].Replace("\"\"", "\"", StringComparison.Ordinal)));
                at = end + 1;
                if (at < text.Length && text[at] != separator) { throw line.Error(at + 1, "characters after a closing quote"); }
            }
            else
            {
                int end = text.IndexOf(separator, at);
                at = end < 0 ? text.Length : end;
                fields.Add(new TextField(line, start + 1, text[start..at]));
            }

            if (at >= text.Length) { return fields; }
            at++;
        }
    }

    private sealed class ColumnReader(string name)
    {
        private readonly List<double> _values = [];
        private List<string>? _words;
        private bool _decided;

        public string Name { get; } = name;

        public void Add(TextField field, bool missing, bool allowMissing)
        {
            if (!_decided && !missing)
            {
                _decided = true;
                if (!IsNumber(field.Text)) { _words = [.. _values.Select(static _ => "")]; }
            }

            if (_words is not null) { _words.Add(missing ? "" : field.Text.Trim()); }
            else if (!missing) { _values.Add(field.Number()); }
            else if (allowMissing) { _values.Add(double.NaN); }
            else
            {
                string found = field.Text.Trim() is { Length: > 0 } text ? $" ('{text}')" : "";
                throw field.Error($"a number is missing{found} in column '{Name}'; --missing fill carries the last one forward");
            }
        }

        public SeriesColumn ToColumn() => _words is null ? new(Name, [.. _values], null) : new(Name, null, [.. _words]);
    }
}
