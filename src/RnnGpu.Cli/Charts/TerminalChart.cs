using System.Text;
using Spectre.Console;

namespace RnnGpu.Cli.Charts;

/// <summary>A learning curve in a terminal, in braille dots, coloured where the terminal has colours.</summary>
internal static class TerminalChart
{
    private const int LabelWidth = 8;

    /// <summary>Lines of Spectre markup.</summary>
    /// <param name="columns">Characters across, labels included; at least 30 are used.</param>
    /// <param name="rows">Characters down, without title and axis.</param>
    public static IReadOnlyList<string> Draw(LearningCurve curve, int columns, int rows)
    {
        int width = Math.Max(columns, 30) - LabelWidth - 2;
        curve = curve.Thinned(width);
        var canvas = new BrailleCanvas(width, rows);
        Axis x = Axis.Over(curve, point => point.Step, 6), y = Axis.Over(curve, point => point.Loss, Math.Max(rows / 3, 2));
        for (int i = 0; i < curve.Series.Count; i++) { DrawSeries(canvas, curve.Series[i], x, y, i); }

        var lines = new List<string> { Heading(curve) };
        var labels = new string[rows];
        foreach (double tick in y.Ticks()) { labels[Row(y, tick, rows)] = y.Label(tick); }
        for (int row = 0; row < rows; row++)
        {
            var line = new StringBuilder($"[grey]{labels[row] ?? "",LabelWidth} {(labels[row] is null ? '│' : '┤')}[/]");
            AppendCells(line, canvas, curve, row, width);
            lines.Add(line.ToString());
        }

        lines.Add($"[grey]{new string(' ', LabelWidth + 1)}└{new string('─', width)}[/]");
        string low = x.Label(x.Low), high = x.Label(x.High);
        lines.Add($"[grey]{new string(' ', LabelWidth + 2)}{low}{Markup.Escape(curve.XLabel).PadLeft((width / 2) - low.Length + 2).PadRight(Math.Max(0, width - low.Length - high.Length))}{high}[/]");
        return lines;
    }

    private static string Heading(LearningCurve curve)
    {
        var heading = new StringBuilder(Markup.Escape(curve.Title));
        foreach (CurveSeries series in curve.Series) { heading.Append($"   [{series.Color}]⠤⠤ {Markup.Escape(series.Name)}[/]"); }
        return heading.ToString();
    }

    private static int Row(Axis axis, double value, int rows) => Math.Clamp((int)Math.Round((1 - axis.Place(value)) * (rows - 1)), 0, rows - 1);

    private static void DrawSeries(BrailleCanvas canvas, CurveSeries series, Axis x, Axis y, int owner)
    {
        (int X, int Y)? before = null;
        foreach (CurvePoint point in series.Points)
        {
            int column = (int)Math.Round(x.Place(point.Step) * (canvas.Width - 1));

            // The middle of the cell row of a tick is the tick's value: two dots of margin above and below.
            int row = 2 + (int)Math.Round((1 - y.Place(point.Loss)) * (canvas.Height - 4));
            (int fromX, int fromY) = before ?? (column, row);
            canvas.Line(fromX, fromY, column, row, owner);
            before = (column, row);
        }
    }

    private static void AppendCells(StringBuilder line, BrailleCanvas canvas, LearningCurve curve, int row, int width)
    {
        int open = -1;
        for (int column = 0; column < width; column++)
        {
            (char character, int owner) = canvas.Cell(column, row);
            int wanted = character == ' ' ? -1 : owner;
            if (wanted != open)
            {
                if (open >= 0) { line.Append("[/]"); }
                if (wanted >= 0) { line.Append($"[{curve.Series[wanted].Color}]"); }
                open = wanted;
            }

            line.Append(character);
        }

        if (open >= 0) { line.Append("[/]"); }
    }
}
