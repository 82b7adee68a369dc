using System.Globalization;
using System.Security;
using System.Text;
using RnnGpu.Tasks.Frame;
using Spectre.Console;

namespace RnnGpu.Cli.Charts;

/// <summary>What a model looked at: the words of texts, each shaded by its weight; the largest weight of a text has the full tone.</summary>
internal static class AttentionChart
{
    private const int Width = 800, Left = 16, LineHeight = 22, CharacterWidth = 7;

    /// <summary>Lines of Spectre markup.</summary>
    /// <param name="picture">To draw.</param>
    /// <param name="columns">Characters across; at least 20 are used.</param>
    public static IReadOnlyList<string> Terminal(AttentionPicture picture, int columns)
    {
        var lines = new List<string> { Markup.Escape(picture.Title) };
        foreach (AttentionText text in picture.Texts)
        {
            lines.Add($"[grey]{Markup.Escape(text.Caption)}[/]");
            foreach ((int first, int end) in Wrapped(text.Words, Math.Max(columns, 20)))
            {
                var line = new StringBuilder();
                for (int i = first; i < end; i++)
                {
                    double weight = Relative(text, i);
                    string word = Markup.Escape(text.Words[i]);
                    line.Append(i == first ? "" : " ");
                    line.Append(weight < 0.05 ? word : $"[{(Shade.IsPale(weight) ? "black" : "white")} on {Shade.Of(weight)}]{word}[/]");
                }

                lines.Add(line.ToString());
            }
        }

        return lines;
    }

    /// <summary>The picture's text. Same texts and weights, same picture.</summary>
    public static string Svg(AttentionPicture picture)
    {
        var body = new StringBuilder();
        int y = 22;
        foreach (AttentionText text in picture.Texts)
        {
            y += LineHeight + 8;
            body.Append($"<text x=\"{Left}\" y=\"{y}\" font-style=\"italic\">{SecurityElement.Escape(text.Caption)}</text>\n");
            foreach ((int first, int end) in Wrapped(text.Words, (Width - (2 * Left)) / CharacterWidth))
            {
                y += LineHeight;
                AppendLine(body, text, first, end, y);
            }
        }

        var svg = new StringBuilder();
        svg.Append($"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {y + 16}\" width=\"{Width}\" height=\"{y + 16}\" ");
        svg.Append("font-family=\"ui-monospace, monospace\" font-size=\"11.5\" fill=\"#808080\">\n");
        svg.Append($"<title>{SecurityElement.Escape(picture.Title)}</title>\n<text x=\"{Left}\" y=\"22\" font-size=\"14\">{SecurityElement.Escape(picture.Title)}</text>\n");
        return svg.Append(body).Append("</svg>\n").ToString();
    }

    private static void AppendLine(StringBuilder body, AttentionText text, int first, int end, int y)
    {
        int x = Left;
        for (int i = first; i < end; i++)
        {
            int width = Cells(text.Words[i]) * CharacterWidth;
            string word = SecurityElement.Escape(text.Words[i]);
            body.Append($"<rect x=\"{x - 2}\" y=\"{y - 13}\" width=\"{width + 4}\" height=\"18\" rx=\"3\" fill=\"{Shade.Full}\" fill-opacity=\"{Relative(text, i):F3}\">");
            body.Append($"<title>{word}: {text.Weights[i].ToString("F4", CultureInfo.InvariantCulture)}</title></rect>");
            body.Append($"<text x=\"{x}\" y=\"{y}\" textLength=\"{width}\"{(Shade.IsPale(Relative(text, i)) ? "" : " fill=\"#FFFFFF\"")}>{word}</text>\n");
            x += width + CharacterWidth;
        }
    }

    /// <summary>A weight as part of the text's largest.</summary>
    private static double Relative(AttentionText text, int word)
    {
        double largest = 0;
        foreach (double weight in text.Weights) { largest = Math.Max(largest, weight); }
        return largest > 0 ? Math.Clamp(text.Weights[word] / largest, 0, 1) : 0;
    }

    /// <summary>Lines of words that fit a width: first word and the one behind the last.</summary>
    private static IEnumerable<(int First, int End)> Wrapped(IReadOnlyList<string> words, int columns)
    {
        int first = 0, used = 0;
        for (int i = 0; i < words.Count; i++)
        {
            int width = Cells(words[i]);
            if (i > first && used + 1 + width > columns)
            {
                yield return (first, i);
                (first, used) = (i, 0);
            }

            used += width + (i == first ? 0 : 1);
        }

        if (first < words.Count) { yield return (first, words.Count); }
    }

    /// <summary>Columns that a word takes in a terminal: two a wide (Chinese, Japanese, Korean) character.</summary>
    private static int Cells(string word)
    {
        int cells = 0;
        foreach (Rune rune in word.EnumerateRunes())
        {
            cells += rune.Value is (>= 0x1100 and <= 0x115F) or (>= 0x2E80 and <= 0xA4CF) or (>= 0xAC00 and <= 0xD7A3) or (>= 0xF900 and <= 0xFAFF)
                or (>= 0xFE30 and <= 0xFE6F) or (>= 0xFF00 and <= 0xFF60) or (>= 0x20000 and <= 0x3FFFD) ? 2 : 1;
        }

        return cells;
    }
}
