namespace RnnGpu.Cli.Charts;

/// <summary>A point of a line: of a learning curve, a loss at a training step.</summary>
/// <param name="Step">Place on the horizontal axis: updates made.</param>
/// <param name="Loss">The value there.</param>
internal readonly record struct CurvePoint(long Step, double Loss);

/// <summary>One line of a chart.</summary>
/// <param name="Name">For the legend.</param>
/// <param name="Color">As <c>#RRGGBB</c>: middle tones, readable on light and on dark ground.</param>
/// <param name="Points">In ascending steps; those that are not finite are left out.</param>
internal sealed record CurveSeries(string Name, string Color, IReadOnlyList<CurvePoint> Points);

/// <summary>Lines over steps, as learning curves are drawn, in the terminal (<see cref="TerminalChart"/>) and as a picture (<see cref="SvgChart"/>).</summary>
/// <param name="Title">Above the chart.</param>
/// <param name="XLabel">What the horizontal axis counts.</param>
/// <param name="YLabel">What the vertical axis measures.</param>
/// <param name="Series">Lines.</param>
internal sealed record LearningCurve(string Title, string XLabel, string YLabel, IReadOnlyList<CurveSeries> Series)
{
    /// <summary>Colours of lines, in order: middle tones, readable on light and on dark ground.</summary>
    public static readonly string[] Colors = ["#4C86C6", "#E0802B", "#5AA05A", "#B05FB0"];

    /// <summary>Training and validation loss under one title.</summary>
    public static LearningCurve Of(string title, string yLabel, IReadOnlyList<CurvePoint> training, IReadOnlyList<CurvePoint> validation) => new(
        title, "step", yLabel, [new CurveSeries("training", Colors[0], training), new CurveSeries("validation", Colors[1], validation)]);

    /// <summary>The same curve with at most <paramref name="count"/> points a line, each the mean of the points it replaces.</summary>
    public LearningCurve Thinned(int count) => this with { Series = [.. Series.Select(series => series with { Points = Thin(series.Points, count) })] };

    private static List<CurvePoint> Thin(IReadOnlyList<CurvePoint> points, int count)
    {
        CurvePoint[] finite = [.. points.Where(point => double.IsFinite(point.Loss))];
        var thinned = new List<CurvePoint>(Math.Min(count, finite.Length));
        int buckets = Math.Min(count, finite.Length);
        for (int bucket = 0; bucket < buckets; bucket++)
        {
            int start = (int)((long)bucket * finite.Length / buckets), end = (int)((bucket + 1L) * finite.Length / buckets);
            double sum = 0;
            for (int i = start; i < end; i++) { sum += finite[i].Loss; }
            thinned.Add(new CurvePoint(finite[end - 1].Step, sum / (end - start)));
        }

        return thinned;
    }
}
