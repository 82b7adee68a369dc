using System.Xml.Linq;
using RnnGpu.Cli.Charts;
using Spectre.Console;
using Xunit;

namespace RnnGpu.Tests.Cli;

public sealed class ChartTests
{
    private static LearningCurve Curve(int points = 5000) => LearningCurve.Of(
        "loss <of> a & b", "nats",
        [.. Enumerable.Range(1, points).Select(step => new CurvePoint(step, 1.2 + (3 * Math.Exp(-step / 500.0))))],
        [new(1000, 1.9), new(2000, double.NaN), new(points, 1.5)]);

    [Theory]
    [InlineData(0, 1, 5, "0.0 0.2 0.4 0.6 0.8 1.0")]
    [InlineData(1.23, 4.41, 6, "1 2 3 4 5")]
    [InlineData(0, 2000, 8, "0 500 1000 1500 2000")]
    [InlineData(2, 2, 4, "1.8 2.0 2.2")]
    public void Ticks_are_round_numbers(double low, double high, int count, string labels)
    {
        var axis = new Axis(low, high, count);
        Assert.Equal(labels, string.Join(' ', axis.Ticks().Select(axis.Label)));
        Assert.True(axis.Low <= low && axis.High >= high);
    }

    [Fact]
    public void Picture_is_valid_svg_with_both_lines_inside_the_frame()
    {
        string svg = SvgChart.Draw(Curve());
        Assert.Equal(svg, SvgChart.Draw(Curve()));
        XElement root = XDocument.Parse(svg).Root!;
        XNamespace ns = "http://www.w3.org/2000/svg";
        Assert.Equal("loss <of> a & b", root.Element(ns + "title")!.Value);
        XElement[] lines = [.. root.Elements(ns + "polyline")];
        Assert.Equal(2, lines.Length);
        Assert.All(lines, line =>
        {
            double[][] points = [.. line.Attribute("points")!.Value.Split(' ').Select(p => p.Split(',').Select(double.Parse).ToArray())];
            Assert.InRange(points.Length, 2, 600);
            Assert.All(points, p => Assert.True(p[0] is >= 64 and <= 780 && p[1] is >= 40 and <= 368));

            // The loss falls, so the line ends lower on the page than it starts.
            Assert.True(points[^1][1] > points[0][1]);
        });
    }

    [Fact]
    public void A_run_without_points_is_drawn_empty()
    {
        string svg = SvgChart.Draw(LearningCurve.Of("t", "nats", [], [new(1, double.NaN)]));
        Assert.DoesNotContain("polyline", svg, StringComparison.Ordinal);
        Assert.DoesNotContain("NaN", svg, StringComparison.Ordinal);
        Assert.NotEmpty(TerminalChart.Draw(LearningCurve.Of("t", "nats", [], []), 60, 8));
    }

    [Fact]
    public void Thinning_keeps_the_mean_and_the_last_step()
    {
        IReadOnlyList<CurvePoint> thin = LearningCurve.Of("t", "nats", [new(1, 4), new(2, 2), new(3, double.NaN), new(4, 1)], []).Thinned(1).Series[0].Points;
        Assert.Equal(new CurvePoint(4, 7.0 / 3), Assert.Single(thin));
    }

    [Fact]
    public void Terminal_chart_fits_its_width_and_falls_from_left_to_right()
    {
        string[] lines = [.. TerminalChart.Draw(Curve(), 60, 10).Select(Markup.Remove)];
        Assert.Equal(13, lines.Length);
        Assert.All(lines[1..], line => Assert.InRange(line.Length, 1, 61));
        Assert.Contains("training", lines[0], StringComparison.Ordinal);
        Assert.Contains("4 ┤", lines[1], StringComparison.Ordinal);

        // The first line of the plot is touched at the left only, the lower half at the right.
        int Dots(string line, int from) => line[from..].Count(c => c is > '\u2800' and <= '\u28FF');
        Assert.Equal(0, lines[1..4].Sum(line => Dots(line, 30)));
        Assert.True(lines[6..].Sum(line => Dots(line, 30)) > 20);
    }

    [Fact]
    public void Braille_dots_stand_where_they_were_drawn()
    {
        var canvas = new BrailleCanvas(2, 1);
        canvas.Line(0, 0, 0, 3, owner: 1);
        canvas.Line(3, 1, 3, 1, owner: 2);
        canvas.Line(-5, 9, -5, 9, owner: 3);
        Assert.Equal(('\u2847', 1), canvas.Cell(0, 0));
        Assert.Equal(('\u2810', 2), canvas.Cell(1, 0));
    }
}
