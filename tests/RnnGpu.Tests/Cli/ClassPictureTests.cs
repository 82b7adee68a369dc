using System.Xml.Linq;
using RnnGpu.Cli.Charts;
using RnnGpu.Tasks.Frame;
using Spectre.Console;
using Xunit;

namespace RnnGpu.Tests.Cli;

/// <summary>Confusion matrices and weights over words, as pictures.</summary>
public sealed class ClassPictureTests
{
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    private static readonly ConfusionPicture Confusion = new(
        "confusion", "a <b> & c", ["normal", "port [scan]", "a very long name of a class"], new long[,] { { 90, 0, 10 }, { 5, 5, 0 }, { 0, 0, 0 } });

    private static readonly AttentionPicture Attention = new(
        "attention", "weights", [new("true 1", ["not", "<br>", "[b]", "好看"], [0.1, 0.7, 0, 0.2]), new("none", ["a"], [0])]);

    [Fact]
    public void A_confusion_matrix_has_a_shaded_cell_for_every_pair_of_classes()
    {
        XElement root = XDocument.Parse(ConfusionChart.Svg(Confusion)).Root!;
        Assert.Equal("a <b> & c", root.Element(Svg + "title")!.Value);
        XElement[] cells = [.. root.Elements(Svg + "rect")];
        Assert.Equal(9, cells.Length);
        Assert.Equal(["0.900", "0.000", "0.100", "0.500", "0.500", "0.000", "0.000", "0.000", "0.000"], cells.Select(cell => cell.Attribute("fill-opacity")!.Value));
        Assert.StartsWith("port [scan] taken for normal: 5", cells[3].Element(Svg + "title")!.Value, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(100)]
    [InlineData(40)]
    public void A_confusion_matrix_in_the_terminal_has_a_line_a_class(int columns)
    {
        string[] lines = [.. ConfusionChart.Terminal(Confusion, columns).Select(Markup.Remove)];
        Assert.Equal(6, lines.Length);
        Assert.Single(lines.Skip(1).Select(line => line.Length).Distinct());
        Assert.True(lines[1].Length <= columns);
        Assert.Equal(["90", "0", "10"], lines[3].Split('│')[1].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.StartsWith("port [scan]", lines[4], StringComparison.Ordinal);
    }

    [Fact]
    public void The_word_that_weighs_most_has_the_full_tone()
    {
        XElement root = XDocument.Parse(AttentionChart.Svg(Attention)).Root!;
        Assert.Equal(["0.143", "1.000", "0.000", "0.286", "0.000"], root.Elements(Svg + "rect").Select(word => word.Attribute("fill-opacity")!.Value));
        Assert.Contains("<br>: 0.7000", root.Elements(Svg + "rect").Select(word => word.Element(Svg + "title")!.Value));
        IReadOnlyList<string> lines = AttentionChart.Terminal(Attention, 80);
        Assert.Equal(["weights", "true 1", "not <br> [b] 好看", "none", "a"], lines.Select(Markup.Remove));
        Assert.Contains($"on {Shade.Of(1)}]<br>[/]", lines[2], StringComparison.Ordinal);
    }

    [Fact]
    public void Long_texts_are_wrapped()
    {
        var picture = new AttentionPicture("a", "t", [new("c", [.. Enumerable.Repeat("word", 30)], [.. Enumerable.Repeat(1.0, 30)])]);
        string[] lines = [.. AttentionChart.Terminal(picture, 40).Skip(2).Select(Markup.Remove)];
        Assert.Equal(4, lines.Length);
        Assert.All(lines, line => Assert.InRange(line.Length, 1, 40));
    }
}
