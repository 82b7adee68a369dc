using RnnGpu.Cli.Charts;
using RnnGpu.Cli.Training;
using RnnGpu.Tasks.Frame;
using Spectre.Console;

namespace RnnGpu.Cli.TaskRuns;

/// <summary>Draws what a task shows, in the terminal and as an SVG file.</summary>
internal static class Pictures
{
    /// <summary>Draws a picture.</summary>
    /// <returns>Path of the file.</returns>
    public static string Show(CommandContext context, TaskPicture picture, string directory)
    {
        int columns = Math.Min(context.Console.Profile.Width, 100);
        (IReadOnlyList<string> lines, string svg) = picture switch
        {
            LinesPicture p => (TerminalChart.Draw(Curve(p), columns, 14), SvgChart.Draw(Curve(p))),
            ConfusionPicture p => (ConfusionChart.Terminal(p, columns), ConfusionChart.Svg(p)),
            AttentionPicture p => (AttentionChart.Terminal(p, columns), AttentionChart.Svg(p)),
            _ => throw new NotSupportedException($"{picture.GetType().Name} cannot be drawn"),
        };
        foreach (string line in lines) { context.Console.MarkupLine(line); }
        return RunDirectory.WritePicture(directory, $"{picture.Name}.svg", svg);
    }

    private static LearningCurve Curve(LinesPicture picture) => new(
        picture.Title, picture.XLabel, picture.YLabel,
        [.. picture.Lines.Select((line, i) => new CurveSeries(
            line.Name, LearningCurve.Colors[i % LearningCurve.Colors.Length], [.. line.Values.Select((value, at) => new CurvePoint(at, value))]))]);
}
