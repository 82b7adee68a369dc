using RnnGpu.Nn.Data;
using RnnGpu.Tasks.Classification;

namespace RnnGpu.Tasks.Intrusion;

/// <summary>Flows in a CSV file with a header, a line a flow: all columns are numbers but one, the class.</summary>
public static class FlowTable
{
    /// <summary>The flows.</summary>
    /// <param name="lines">Of one file.</param>
    /// <param name="label">Name of the class's column; empty: the last.</param>
    /// <param name="classWanted">Whether there must be such a column.</param>
    /// <exception cref="DataException">Malformed; the message names file, line and column.</exception>
    public static IEnumerable<ClassSample<Flow>> Read(IEnumerable<TextLine> lines, string label, bool classWanted)
    {
        int count = 0, at = -1;
        foreach (TextLine line in lines)
        {
            if (count == 0)
            {
                string[] names = [.. line.Split(',').Select(field => field.Text.Trim())];
                count = names.Length;
                at = label.Length > 0 ? Array.IndexOf(names, label) : classWanted ? count - 1 : -1;
                if (at < 0 && classWanted) { throw line.Error($"there is no column '{label}' with the class; name it with --label (columns: {string.Join(", ", names)})"); }
                if (count < 2) { throw line.Error("a header of columns between commas belongs here, the class among them"); }
                continue;
            }

            TextField[] fields = line.Split(',', count, "as many as the header has");
            string name = at < 0 ? "" : fields[at].Text.Trim();
            if (classWanted && name.Length == 0) { throw fields[at].Error("the class is missing"); }
            yield return new ClassSample<Flow>(name, new Flow([.. Enumerable.Range(0, count).Where(i => i != at).Select(i => fields[i].Number())], []));
        }
    }
}
