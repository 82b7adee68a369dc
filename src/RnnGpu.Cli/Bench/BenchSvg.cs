using System.Security;
using System.Text;

namespace RnnGpu.Cli.Bench;

/// <summary>
/// Measurements as bars on a logarithmic axis of microseconds a step, with the limit and the peer as marks: no background and middle tones, so that it reads on
/// light and dark pages.
/// </summary>
internal static class BenchSvg
{
    private const int Width = 900, Left = 330, Right = 40, Top = 60, Line = 18;

    /// <summary>The picture's text.</summary>
    public static string Draw(BenchReport report, string title)
    {
        BenchResult[] lines = [.. report.Results.Where(result => result.Times is not null)];
        double[] values = [.. lines.SelectMany(result => new[] { result.MicrosecondsPerStep, Limit(result), Peer(report, result) }).Where(value => double.IsFinite(value) && value > 0)];
        (int low, int high) = values.Length == 0
            ? (0, 1)
            : ((int)Math.Floor(Math.Log10(values.Min()) - 0.01), (int)Math.Ceiling(Math.Log10(values.Max()) + 0.01));
        double X(double value) => Left + ((Math.Log10(value) - low) / (high - low) * (Width - Left - Right));
        int height = Top + (lines.Length * Line) + 40, bottom = Top + (lines.Length * Line);
        var svg = new StringBuilder();
        svg.Append($"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {height}\" width=\"{Width}\" height=\"{height}\" ");
        svg.Append("font-family=\"system-ui, sans-serif\" font-size=\"11\" fill=\"#808080\">\n");
        svg.Append($"<title>{SecurityElement.Escape(title)}</title>\n<text x=\"12\" y=\"22\" font-size=\"14\">{SecurityElement.Escape(title)}</text>\n");
        svg.Append($"<text x=\"12\" y=\"42\">microseconds a step and layer; green: the limit{(report.Peer is { } peer ? $"; orange: {SecurityElement.Escape(peer.Name)}" : "")}</text>\n");
        for (int power = low; power <= high; power++)
        {
            double at = X(Math.Pow(10, power));
            svg.Append($"<path d=\"M{at:F1} {Top - 6}V{bottom}\" stroke=\"#808080\" stroke-opacity=\"0.25\"/><text x=\"{at:F1}\" y=\"{bottom + 16}\" text-anchor=\"middle\">{Math.Pow(10, power):0.######}</text>\n");
        }

        for (int i = 0; i < lines.Length; i++)
        {
            BenchResult result = lines[i];
            int y = Top + (i * Line);
            string name = $"{result.Row.Name}  {RnnGpu.Core.Layouts.Name(result.Row.Shape.Cell)} {BenchNames.Of(result.Mode)} {BenchNames.Of(result.Training)} {result.Strategy}";
            svg.Append($"<text x=\"{Left - 8}\" y=\"{y + 10}\" text-anchor=\"end\">{SecurityElement.Escape(name)}</text>");
            svg.Append($"<rect x=\"{Left}\" y=\"{y + 1}\" width=\"{Math.Max(X(result.MicrosecondsPerStep) - Left, 1):F1}\" height=\"{Line - 6}\" fill=\"#4a86c8\" fill-opacity=\"0.75\">");
            svg.Append($"<title>{SecurityElement.Escape(result.Row.Shape.ToString())}: {result.MicrosecondsPerStep:0.00} us a step</title></rect>");
            AppendMark(svg, X, Limit(result), y, "#3a9a4c");
            AppendMark(svg, X, Peer(report, result), y, "#d08030");
            svg.Append('\n');
        }

        return svg.Append("</svg>\n").ToString();
    }

    private static double Limit(BenchResult result) => result.MicrosecondsPerStep * result.LimitShare;

    private static double Peer(BenchReport report, BenchResult result) => result.MicrosecondsPerStep * report.Ratio(result);

    private static void AppendMark(StringBuilder svg, Func<double, double> place, double value, int y, string color)
    {
        if (double.IsFinite(value) && value > 0) { svg.Append($"<path d=\"M{place(value):F1} {y - 1}v{Line - 2}\" stroke=\"{color}\" stroke-width=\"3\"/>"); }
    }
}
