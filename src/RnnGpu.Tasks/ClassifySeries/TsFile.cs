using RnnGpu.Nn.Data;
using RnnGpu.Tasks.Classification;

namespace RnnGpu.Tasks.ClassifySeries;

/// <summary>
/// The .ts format of the UEA and UCR archives: <c>#</c> remarks, <c>@</c> header lines to <c>@data</c>, then a case a line: dimensions between <c>:</c>, values
/// between <c>,</c>, the class behind the last <c>:</c> where the header says <c>@classLabel true</c>.
/// </summary>
public static class TsFile
{
    /// <summary>Whether a line can start such a file.</summary>
    public static bool Starts(string line) => line.StartsWith('@') || line.StartsWith('#');

    /// <summary>The cases.</summary>
    /// <param name="lines">Of one file.</param>
    /// <param name="classWanted">Whether every case must have a class; else a missing one is empty.</param>
    /// <exception cref="DataException">Malformed; the message names line and column.</exception>
    public static IEnumerable<ClassSample<Series>> Read(IEnumerable<TextLine> lines, bool classWanted)
    {
        bool data = false, labelled = false;
        int dimensions = 0;
        foreach (TextLine line in lines)
        {
            if (line.Text.Length == 0 || line.Text.StartsWith('#')) { continue; }
            if (!data)
            {
                data = Header(line, ref labelled, ref dimensions);
                if (data && classWanted && !labelled) { throw line.Error("the header has no '@classLabel true': the cases have no classes to learn"); }
                continue;
            }

            TextField[] fields = line.Split(':');
            int series = labelled ? fields.Length - 1 : fields.Length;
            if (dimensions == 0) { dimensions = series; }
            if (series != dimensions || series == 0)
            {
                throw line.Error($"{fields.Length} parts between ':' where {dimensions + (labelled ? 1 : 0)} belong ({dimensions} dimensions{(labelled ? " and the class" : "")})");
            }

            string label = labelled ? fields[^1].Text.Trim() : "";
            if (labelled && label.Length == 0) { throw fields[^1].Error("the class is missing"); }
            yield return new ClassSample<Series>(label, Case(fields.AsSpan(0, series)));
        }

        if (!data) { throw new DataException("a .ts file needs a line '@data' before its cases"); }
    }

    private static bool Header(TextLine line, ref bool labelled, ref int dimensions)
    {
        if (!line.Text.StartsWith('@')) { throw line.Error(1, "a header line starts with '@', and '@data' stands before the cases"); }
        string[] words = line.Text.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        string value = words.Length > 1 ? words[1] : "";
        switch (words[0].ToLowerInvariant())
        {
            case "@data":
                return true;
            case "@classlabel":
                labelled = value == "true";
                break;
            case "@timestamps" when value == "true":
                throw line.Error("series with time stamps are not read; give values at equal steps");
            case "@dimensions":
                dimensions = int.TryParse(value, out int count) && count > 0 ? count : throw line.Error($"'{value}' is no number of dimensions");
                break;
            case "@univariate" when value == "true":
                dimensions = 1;
                break;
        }

        return false;
    }

    private static Series Case(ReadOnlySpan<TextField> dimensions)
    {
        int features = dimensions.Length, steps = 0;
        double[] values = [];
        for (int f = 0; f < features; f++)
        {
            TextField dimension = dimensions[f];
            string[] numbers = dimension.Text.Split(',');
            if (f == 0)
            {
                steps = numbers.Length;
                values = new double[steps * features];
            }

            if (numbers.Length != steps) { throw dimension.Error($"dimension {f + 1} has {numbers.Length} values where the first has {steps}"); }
            int column = dimension.Column;
            for (int t = 0; t < steps; t++)
            {
                values[(t * features) + f] = new TextField(dimension.Line, column, numbers[t]).Number();
                column += numbers[t].Length + 1;
            }
        }

        return new Series(features, values);
    }
}
