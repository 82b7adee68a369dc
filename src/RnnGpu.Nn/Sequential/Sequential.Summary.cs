using System.Text;
using RnnGpu.Core;

namespace RnnGpu.Nn;

public sealed partial class Sequential
{
    private const string UnknownShape = "?";

    /// <summary>
    /// A table of layers, output shapes and parameters, as text.
    /// </summary>
    /// <param name="sampleShape">Sizes of one sample, without the samples' axis, such as <c>[T, F]</c>; empty: shapes are left out.</param>
    /// <exception cref="ArgumentException">A shape that a layer cannot take; the message names the layer.</exception>
    public string Summary(params ReadOnlySpan<int> sampleShape)
    {
        var rows = new List<string[]> { new[] { "Layer", "Output shape", "Parameters" } };
        string[] shapes = LayerShapes(sampleShape);
        for (int i = 0; i < Modules.Count; i++)
        {
            (string name, Module layer) = Modules[i];
            rows.Add([$"{name} ({Title(layer)})", shapes[i], $"{layer.ParameterCount():N0}"]);
        }

        var widths = new int[rows[0].Length];
        foreach (string[] row in rows)
        {
            for (int i = 0; i < row.Length; i++) { widths[i] = Math.Max(widths[i], row[i].Length); }
        }

        var text = new StringBuilder();
        foreach (string[] row in rows)
        {
            // Names and shapes to the left, numbers to the right.
            text.Append(row[0].PadRight(widths[0])).Append("  ").Append(row[1].PadRight(widths[1])).Append("  ");
            text.Append(row[2].PadLeft(widths[2])).Append('\n');
            if (ReferenceEquals(row, rows[0])) { text.Append('-', widths[0] + widths[1] + widths[2] + 4).Append('\n'); }
        }

        text.Append($"Total parameters: {ParameterCount():N0}\n");
        foreach ((string name, Module layer) in Modules)
        {
            if (layer.Remark is { } remark) { text.Append($"{name}: {remark}\n"); }
        }

        return text.ToString();
    }

    private string[] LayerShapes(ReadOnlySpan<int> sampleShape)
    {
        var shapes = new string[Modules.Count];
        Array.Fill(shapes, UnknownShape);
        if (sampleShape.IsEmpty) { return shapes; }
        bool sequences = sampleShape.Length > 1 || (Modules.Count > 0 && Modules[0].Value is Embedding);
        var samples = new Shape([1, .. sampleShape]);
        Shape three = SampleBuffer.ShapeOf(samples, sequences, 3), five = SampleBuffer.ShapeOf(samples, sequences, 5);
        for (int i = 0; i < shapes.Length; i++)
        {
            three = LayerShape(i, three);
            five = LayerShape(i, five);
            shapes[i] = SamplesFirst(three, five);
        }

        return shapes;
    }

    /// <summary>The shape as a user sees it: samples first, their number open.</summary>
    private static string SamplesFirst(Shape three, Shape five)
    {
        var sizes = new List<string> { "N" };
        bool found = false;
        for (int i = 0; i < three.Rank; i++)
        {
            if (!found && three[i] == 3 && five[i] == 5) { found = true; }
            else { sizes.Add($"{three[i]}"); }
        }

        return $"[{string.Join(", ", sizes)}]";
    }
}
