using System.Globalization;
using System.Text.Json.Nodes;
using RnnGpu.Nn.Checkpoints;
using RnnGpu.Nn.Data;

namespace RnnGpu.Tasks.Forecast;

/// <summary>
/// A column as the network reads it, fitted on training rows: a number as (value - mean) / deviation, with a mark where it is
/// missing if that ever happened; a cycle, of a number or of the calendar, as sine and cosine; a word as one of the words of the training part.
/// </summary>
/// <param name="Column">Its name.</param>
/// <param name="Period">Of a cycle; 0 for none.</param>
/// <param name="Mean">Of the training rows.</param>
/// <param name="Deviation">Of the training rows, never 0.</param>
/// <param name="Marked">Whether there is a mark for missing entries.</param>
/// <param name="Words">Words of the training rows; empty for numbers.</param>
/// <param name="Calendar">For a column of dates: <c>year</c>, <c>week</c> or <c>day</c>; else empty.</param>
internal sealed record ForecastInput(string Column, double Period, double Mean, double Deviation, bool Marked, string[] Words, string Calendar = "")
{
    private const int MaxWords = 64;
    private static readonly string[] Calendars = ["year", "week", "day"];

    /// <summary>Numbers a row becomes.</summary>
    public int Width => Words.Length > 0 ? Words.Length : (IsCycle ? 2 : 1) + (Marked ? 1 : 0);

    /// <summary>Whether it is the value of a column of numbers, as it stands.</summary>
    public bool IsPlain => Words.Length == 0 && !IsCycle;

    private bool IsCycle => Period > 0 || Calendar.Length > 0;

    /// <summary>From a word of the command line: a column, <c>column/period</c>, or <c>dates/year</c>.</summary>
    /// <exception cref="DataException">There is no such column, or it has too many words.</exception>
    public static ForecastInput Fit(string item, SeriesTable table, IReadOnlyList<int> training)
    {
        int slash = item.LastIndexOf('/');
        double period = 0;
        if (slash > 0 && table.Find(item) is null)
        {
            string calendar = item[(slash + 1)..];
            if (Calendars.Contains(calendar, StringComparer.Ordinal) && Required(table, item[..slash]).Words is not null)
            {
                return new ForecastInput(item[..slash], 0, 0, 1, false, [], calendar);
            }

            if (!double.TryParse(item[(slash + 1)..], NumberStyles.Float, CultureInfo.InvariantCulture, out period) || !(period > 0))
            {
                throw new DataException($"--inputs: '{item}' is no cycle: it is written column/period, such as hour/24, or dates/year");
            }

            item = item[..slash];
        }

        SeriesColumn column = Required(table, item);
        if (column.Values is { } values)
        {
            (double mean, double deviation) = Moments(training.Select(row => values[row]));
            return new ForecastInput(item, period, mean, deviation, training.Any(row => double.IsNaN(values[row])), []);
        }

        string[] words = [.. training.Select(row => column.Words![row]).Where(static word => word.Length > 0).Distinct().Order(StringComparer.Ordinal).Take(MaxWords + 1)];
        if (words.Length is 0 or > MaxWords || period > 0)
        {
            throw new DataException($"{table.Source}: column '{item}' holds words, {(period > 0 ? "no cycle" : $"more than {MaxWords} different ones or none")}: leave it out of --inputs");
        }

        return new ForecastInput(item, 0, 0, 1, false, words);
    }

    /// <summary>A column that must be there.</summary>
    /// <exception cref="DataException">It is not.</exception>
    public static SeriesColumn Required(SeriesTable table, string name) => table.Find(name)
        ?? throw new DataException($"{table.Source}: there is no column '{name}'; there are {string.Join(", ", table.Columns.Select(column => column.Name))}");

    /// <summary>Mean and deviation of what is known; a constant has deviation 1.</summary>
    public static (double Mean, double Deviation) Moments(IEnumerable<double> values)
    {
        double[] known = [.. values.Where(static value => !double.IsNaN(value))];
        if (known.Length == 0) { return (0, 1); }
        double mean = known.Average(), deviation = Math.Sqrt(known.Average(value => (value - mean) * (value - mean)));
        return (mean, deviation > 1e-12 * (1 + Math.Abs(mean)) ? deviation : 1);
    }

    /// <summary>The last known entry at or before each row; before the first known one, that one.</summary>
    public static double[] Filled(double[] values)
    {
        double last = Array.Find(values, static value => !double.IsNaN(value));
        return Array.ConvertAll(values, value => last = double.IsNaN(value) ? last : value);
    }

    /// <summary>Writes the column of all rows into a table of features <c>[rows, F]</c>, from feature <paramref name="at"/> on.</summary>
    /// <exception cref="DataException">The column is not of the kind that was learned.</exception>
    public void Write(SeriesTable table, float[] features, int width, int at)
    {
        SeriesColumn column = Required(table, Column);
        bool words = Words.Length > 0 || Calendar.Length > 0;
        if (column.Values is null != words) { throw new DataException($"{table.Source}: column '{Column}' holds {(column.Values is null ? "words" : "numbers")}, unlike the training data"); }
        double[] filled = column.Values is null ? [] : Filled(column.Values);
        for (int row = 0; row < table.Rows; row++)
        {
            Span<float> cells = features.AsSpan((row * width) + at, Width);
            cells.Clear();
            if (Calendar.Length > 0)
            {
                double turn = 2 * Math.PI * Part(column.Words![row], table.Places[row]);
                (cells[0], cells[1]) = ((float)Math.Sin(turn), (float)Math.Cos(turn));
                continue;
            }

            if (column.Values is null)
            {
                int word = Array.IndexOf(Words, column.Words![row]);
                if (word >= 0) { cells[word] = 1f; }
                continue;
            }

            double value = filled[row], angle = 2 * Math.PI * value / Math.Max(Period, double.Epsilon);
            if (Period > 0) { (cells[0], cells[1]) = ((float)Math.Sin(angle), (float)Math.Cos(angle)); }
            else { cells[0] = (float)((value - Mean) / Deviation); }
            if (Marked && double.IsNaN(column.Values[row])) { cells[^1] = 1f; }
        }
    }

    /// <summary>For a checkpoint.</summary>
    public JsonObject ToJson() => new()
    {
        ["column"] = Column,
        ["period"] = CheckpointSection.Number(Period),
        ["mean"] = CheckpointSection.Number(Mean),
        ["deviation"] = CheckpointSection.Number(Deviation),
        ["marked"] = Marked,
        ["words"] = new JsonArray([.. Words.Select(static word => (JsonNode)word)]),
        ["calendar"] = Calendar,
    };

    /// <summary>Reads <see cref="ToJson"/> back.</summary>
    /// <exception cref="CheckpointException">Malformed.</exception>
    public static ForecastInput Read(CheckpointSection section)
    {
        double period = section.Double("period"), deviation = section.Double("deviation");
        if (!(period >= 0)) { throw section.Bad("period", "0 or more"); }
        if (!(deviation > 0)) { throw section.Bad("deviation", "above 0"); }
        string[] words = section.Strings("words");
        if (words.Length > MaxWords) { throw section.Bad("words", $"a list of at most {MaxWords}"); }
        string calendar = section.String("calendar");
        return calendar.Length == 0 || Calendars.Contains(calendar, StringComparer.Ordinal)
            ? new ForecastInput(section.String("column"), period, section.Double("mean"), deviation, section.Boolean("marked"), words, calendar)
            : throw section.Bad("calendar", "year, week or day");
    }

    /// <summary>How much of the year, week or day has passed.</summary>
    private double Part(string word, string place)
    {
        if (!DateTime.TryParse(word, CultureInfo.InvariantCulture, DateTimeStyles.None, out DateTime date))
        {
            throw new DataException($"{place}: '{word}' in column '{Column}' is not a date; write it as 2014-12-31 or 2014-12-31 23:00");
        }

        double day = date.TimeOfDay.TotalDays;
        return Calendar switch
        {
            "year" => (date.DayOfYear - 1 + day) / 365.25,
            "week" => ((int)date.DayOfWeek + day) / 7,
            _ => day,
        };
    }
}
