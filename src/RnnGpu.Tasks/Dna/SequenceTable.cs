using RnnGpu.Nn.Data;
using RnnGpu.Tasks.Classification;

namespace RnnGpu.Tasks.Dna;

/// <summary>Sequences in a file with a header of columns between TABs, <c>sequence</c> and <c>class</c> among them; other columns are not looked at.</summary>
public static class SequenceTable
{
    private const string SequenceColumn = "sequence", ClassColumn = "class";

    /// <summary>The sequences.</summary>
    /// <param name="lines">Of one file.</param>
    /// <exception cref="DataException">Malformed; the message names file, line and column.</exception>
    public static IEnumerable<ClassSample<string>> Read(IEnumerable<TextLine> lines)
    {
        int count = 0, sequence = -1, label = -1;
        foreach (TextLine line in lines)
        {
            if (count == 0)
            {
                string[] names = [.. line.Split('\t').Select(field => field.Text.Trim())];
                (count, sequence, label) = (names.Length, Array.IndexOf(names, SequenceColumn), Array.IndexOf(names, ClassColumn));
                if (sequence < 0 || label < 0) { throw line.Error($"a header with the columns '{SequenceColumn}' and '{ClassColumn}' between TABs belongs here"); }
                continue;
            }

            TextField[] fields = line.Split('\t', count, "as many as the header has");
            if (fields[label].Text.Length == 0) { throw fields[label].Error("the class is missing"); }
            yield return new ClassSample<string>(fields[label].Text, Letters.Read(fields[sequence]));
        }
    }

    /// <summary>Sequences alone, a line each.</summary>
    /// <exception cref="DataException">Malformed; the message names file, line and column.</exception>
    public static IEnumerable<string> ReadUnlabelled(IEnumerable<TextLine> lines) => lines.Select(line => Letters.Read(line.Split('\t', 1, "a sequence a line")[0]));
}
