namespace RnnGpu.Nn.Data;

/// <summary>A line of a text source, which knows where it stands.</summary>
/// <param name="Source">Name of the file.</param>
/// <param name="Number">Of the line, from 1.</param>
/// <param name="Text">Without its end.</param>
public readonly record struct TextLine(string Source, long Number, string Text)
{
    /// <summary>An error in the line as a whole: <c>file:line: what</c>.</summary>
    public DataException Error(string what) => new($"{Source}:{Number}: {what}");

    /// <summary>An error at a place in the line: <c>file:line:column: what</c>.</summary>
    /// <param name="column">From 1, in UTF-16 units of <see cref="Text"/>.</param>
    /// <param name="what">What is wrong and what to do.</param>
    public DataException Error(int column, string what) => new($"{Source}:{Number}:{column}: {what}");

    /// <summary>The fields between separators, each with its place. Two separators in a row have an empty field between them.</summary>
    public TextField[] Split(char separator)
    {
        string[] texts = Text.Split(separator);
        var fields = new TextField[texts.Length];
        int column = 1;
        for (int i = 0; i < texts.Length; i++)
        {
            fields[i] = new TextField(this, column, texts[i]);
            column += texts[i].Length + 1;
        }

        return fields;
    }

    /// <summary>The fields between separators.</summary>
    /// <param name="separator">Between fields.</param>
    /// <param name="count">How many there must be.</param>
    /// <param name="form">The line's form in words, for the message.</param>
    /// <exception cref="DataException">There are more or fewer.</exception>
    public TextField[] Split(char separator, int count, string form)
    {
        TextField[] fields = Split(separator);
        return fields.Length == count ? fields : throw Error($"{fields.Length} fields where {count} belong ({form})");
    }
}

/// <summary>A field of a line, which knows where it stands.</summary>
/// <param name="Line">The line.</param>
/// <param name="Column">Of its first character, from 1.</param>
/// <param name="Text">The field.</param>
public readonly record struct TextField(TextLine Line, int Column, string Text)
{
    /// <summary>An error in this field: <c>file:line:column: what</c>.</summary>
    public DataException Error(string what) => Line.Error(Column, what);

    /// <summary>The field as a finite number.</summary>
    /// <exception cref="DataException">It is none.</exception>
    public double Number()
    {
        string text = Text.Trim();
        return double.TryParse(text, System.Globalization.NumberStyles.Float, System.Globalization.CultureInfo.InvariantCulture, out double value)
            && double.IsFinite(value)
            ? value
            : throw Error(text.Length == 0 ? "a number is missing" : $"'{Shortened(text)}' is not a number");
    }

    /// <summary>The field as a whole number in a range.</summary>
    /// <exception cref="DataException">It is none.</exception>
    public long Whole(long low, long high)
    {
        string text = Text.Trim();
        return long.TryParse(text, System.Globalization.NumberStyles.AllowLeadingSign, System.Globalization.CultureInfo.InvariantCulture, out long value)
            && value >= low && value <= high
            ? value
            : throw Error($"'{Shortened(text)}' is not a whole number from {low} to {high}");
    }

    private static string Shortened(string text) => text.Length <= 40 ? text : text[..40] + "...";
}
