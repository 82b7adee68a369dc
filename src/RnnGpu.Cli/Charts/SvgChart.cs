using System.Security;
using System.Text;

namespace RnnGpu.Cli.Charts;

/// <summary>
/// A learning curve as an SVG picture: no background and middle tones, so that it reads on light and dark pages.
/// </summary>
internal static class SvgChart
{
    private const int Width = 800, Height = 420, Left = 64, Right = 20, Top = 40, Bottom = 52, MaxPoints = 600;

    /// <summary>The picture's text. Same curve, same text.</summary>
    public static string Draw(LearningCurve curve)
    {
        curve = curve.Thinned(MaxPoints);
        Axis x = Axis.Over(curve, point => point.Step, 8), y = Axis.Over(curve, point => point.Loss, 6);
        var svg = new StringBuilder();
        svg.Append($"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {Height}\" width=\"{Width}\" height=\"{Height}\" ");
        svg.Append("font-family=\"system-ui, sans-serif\" font-size=\"12\" fill=\"#808080\">\n");
        svg.Append($"<title>{SecurityElement.Escape(curve.Title)}</title>\n");
        svg.Append($"<text x=\"{Left}\" y=\"22\" font-size=\"14\">{SecurityElement.Escape(curve.Title)}</text>\n");
        AppendGrid(svg, curve, x, y);
        AppendLegend(svg, curve);
        foreach (CurveSeries series in curve.Series)
        {
            if (series.Points.Count == 0) { continue; }
            svg.Append($"<polyline fill=\"none\" stroke=\"{series.Color}\" stroke-width=\"2\" stroke-linejoin=\"round\" points=\"");
            foreach (CurvePoint point in series.Points) { svg.Append($"{X(x, point.Step):F1},{Y(y, point.Loss):F1} "); }
            svg.Length--;
            svg.Append("\"/>\n");
            CurvePoint last = series.Points[^1];
            svg.Append($"<circle cx=\"{X(x, last.Step):F1}\" cy=\"{Y(y, last.Loss):F1}\" r=\"3\" fill=\"{series.Color}\">");
            svg.Append($"<title>{SecurityElement.Escape(series.Name)}: {last.Loss:F4} at {SecurityElement.Escape(curve.XLabel)} {last.Step}</title></circle>\n");
        }

        return svg.Append("</svg>\n").ToString();
    }

    private static double X(Axis axis, double step) => Left + (axis.Place(step) * (Width - Left - Right));

    private static double Y(Axis axis, double loss) => Height - Bottom - (axis.Place(loss) * (Height - Top - Bottom));

    private static void AppendGrid(StringBuilder svg, LearningCurve curve, Axis x, Axis y)
    {
        foreach (double tick in y.Ticks())
        {
            double at = Y(y, tick);
            svg.Append($"<path d=\"M{Left} {at:F1}H{Width - Right}\" stroke=\"#808080\" stroke-opacity=\"0.25\"/>");
            svg.Append($"<text x=\"{Left - 8}\" y=\"{at + 4:F1}\" text-anchor=\"end\">{y.Label(tick)}</text>\n");
        }

        foreach (double tick in x.Ticks())
        {
            double at = X(x, tick);
            svg.Append($"<path d=\"M{at:F1} {Height - Bottom}v5\" stroke=\"#808080\"/>");
            svg.Append($"<text x=\"{at:F1}\" y=\"{Height - Bottom + 19}\" text-anchor=\"middle\">{x.Label(tick)}</text>\n");
        }

        svg.Append($"<path d=\"M{Left} {Top}V{Height - Bottom}H{Width - Right}\" fill=\"none\" stroke=\"#808080\"/>\n");
        svg.Append($"<text x=\"{(Left + Width - Right) / 2}\" y=\"{Height - 10}\" text-anchor=\"middle\">{SecurityElement.Escape(curve.XLabel)}</text>\n");
        int middle = (Top + Height - Bottom) / 2;
        svg.Append($"<text transform=\"translate(16 {middle}) rotate(-90)\" text-anchor=\"middle\">{SecurityElement.Escape(curve.YLabel)}</text>\n");
    }

    private static void AppendLegend(StringBuilder svg, LearningCurve curve)
    {
        int at = Width - Right;
        for (int i = curve.Series.Count - 1; i >= 0; i--)
        {
            CurveSeries series = curve.Series[i];
            at -= 40 + (7 * series.Name.Length);
            svg.Append($"<path d=\"M{at} 18h20\" stroke=\"{series.Color}\" stroke-width=\"2\"/><text x=\"{at + 25}\" y=\"22\">{SecurityElement.Escape(series.Name)}</text>\n");
        }
    }
}
