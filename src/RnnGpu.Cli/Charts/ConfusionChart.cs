using System.Security;
using System.Text;
using RnnGpu.Tasks.Frame;
using Spectre.Console;

namespace RnnGpu.Cli.Charts;

/// <summary>
/// How often one class was taken for another: a row a true class, a column a predicted one, shaded by the part of the row's samples. The diagonal is what
/// was right.
/// </summary>
internal static class ConfusionChart
{
    private const int Cell = 52, Top = 92, LabelWidth = 150, LongestLabel = 20;

    /// <summary>Lines of Spectre markup.</summary>
    /// <param name="picture">To draw.</param>
    /// <param name="columns">Characters across; labels are cut and counts narrowed to fit as far as they can.</param>
    public static IReadOnlyList<string> Terminal(ConfusionPicture picture, int columns)
    {
        int classes = picture.Labels.Count, widest = 1;
        foreach (long count in picture.Counts) { widest = Math.Max(widest, $"{count}".Length); }
        int label = Math.Min(LongestLabel, picture.Labels.Max(name => name.Length));
        int width = Math.Clamp((columns - label - 3) / classes, widest + 1, Math.Max(widest + 1, label + 1));
        var lines = new List<string>
        {
            $"{Markup.Escape(picture.Title)} [grey](rows: true, columns: predicted)[/]",
            $"[grey]{new string(' ', label)} │{string.Concat(picture.Labels.Select(name => $" {Markup.Escape(Cut(name, width - 1).PadLeft(width - 1))}"))}[/]",
            $"[grey]{new string('─', label + 1)}┼{new string('─', width * classes)}[/]",
        };
        for (int target = 0; target < classes; target++)
        {
            var line = new StringBuilder($"[grey]{Fit(picture.Labels[target], label)} │[/]");
            for (int prediction = 0; prediction < classes; prediction++)
            {
                double part = Part(picture, target, prediction);
                string text = $"{picture.Counts[target, prediction]}".PadLeft(width);
                line.Append(part == 0 ? $"[grey]{text}[/]" : $"[{(Shade.IsPale(part) ? "black" : "white")} on {Shade.Of(0.15 + (0.85 * part))}]{text}[/]");
            }

            lines.Add(line.ToString());
        }

        return lines;
    }

    /// <summary>The picture's text. Same counts, same text.</summary>
    public static string Svg(ConfusionPicture picture)
    {
        int classes = picture.Labels.Count, width = LabelWidth + (classes * Cell) + 24, height = Top + (classes * Cell) + 24;
        var svg = new StringBuilder();
        svg.Append($"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" ");
        svg.Append("font-family=\"system-ui, sans-serif\" font-size=\"12\" fill=\"#808080\">\n");
        svg.Append($"<title>{SecurityElement.Escape(picture.Title)}</title>\n<text x=\"12\" y=\"22\" font-size=\"14\">{SecurityElement.Escape(picture.Title)}</text>\n");
        svg.Append($"<text x=\"{LabelWidth - 8}\" y=\"{Top - 10}\" text-anchor=\"end\">true \\ predicted</text>\n");
        for (int i = 0; i < classes; i++)
        {
            string name = SecurityElement.Escape(Cut(picture.Labels[i], LongestLabel)), full = SecurityElement.Escape(picture.Labels[i]);
            int x = LabelWidth + (i * Cell), y = Top + (i * Cell);
            svg.Append($"<text x=\"{LabelWidth - 8}\" y=\"{y + (Cell / 2) + 4}\" text-anchor=\"end\">{name}<title>{full}</title></text>\n");
            svg.Append($"<text transform=\"translate({x + (Cell / 2)} {Top - 10}) rotate(-30)\">{name}<title>{full}</title></text>\n");
        }

        for (int target = 0; target < classes; target++)
        {
            for (int prediction = 0; prediction < classes; prediction++) { AppendCell(svg, picture, target, prediction); }
        }

        return svg.Append("</svg>\n").ToString();
    }

    private static void AppendCell(StringBuilder svg, ConfusionPicture picture, int target, int prediction)
    {
        double part = Part(picture, target, prediction);
        long count = picture.Counts[target, prediction];
        int x = LabelWidth + (prediction * Cell), y = Top + (target * Cell);
        string names = SecurityElement.Escape($"{picture.Labels[target]} taken for {picture.Labels[prediction]}: {count} ({part:P1})");
        svg.Append($"<rect x=\"{x}\" y=\"{y}\" width=\"{Cell}\" height=\"{Cell}\" fill=\"{Shade.Full}\" fill-opacity=\"{part:F3}\" stroke=\"#808080\" ");
        svg.Append($"stroke-opacity=\"0.25\"><title>{names}</title></rect>");
        if (count == 0)
        {
            svg.Append('\n');
            return;
        }

        svg.Append($"<text x=\"{x + (Cell / 2)}\" y=\"{y + (Cell / 2) + 4}\" text-anchor=\"middle\"{(Shade.IsPale(part) ? "" : " fill=\"#FFFFFF\"")}>{count}</text>\n");
    }

    /// <summary>Of a true class's samples, the part that was taken for a class; 0 for a class without samples.</summary>
    private static double Part(ConfusionPicture picture, int target, int prediction)
    {
        long sum = 0;
        for (int c = 0; c < picture.Labels.Count; c++) { sum += picture.Counts[target, c]; }
        return sum == 0 ? 0 : (double)picture.Counts[target, prediction] / sum;
    }

    private static string Cut(string text, int width) => text.Length <= width ? text : width > 1 ? $"{text[..(width - 1)]}…" : text[..width];

    private static string Fit(string text, int width) => Markup.Escape(Cut(text, width).PadRight(width));
}
