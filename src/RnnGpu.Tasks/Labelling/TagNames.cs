using RnnGpu.Nn;
using RnnGpu.Nn.Data;
using RnnGpu.Tasks.Frame;

namespace RnnGpu.Tasks.Labelling;

/// <summary>
/// The tags of some data beside those that a model knows: the model's ids first, then tags that only the data have. No answer can
/// be one of these, so they count as missed, and do not stop the evaluation.
/// </summary>
public sealed class TagNames
{
    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
    private readonly List<string> _names = [];

    /// <summary>Of a model and of data.</summary>
    public TagNames(LabelSet known, IEnumerable<string> inData)
    {
        foreach (string name in known.Names.Concat(inData))
        {
            if (_ids.TryAdd(name, _names.Count)) { _names.Add(name); }
        }

        Unknown = _names.Count - known.Count;
    }

    /// <summary>Names in the order of their ids.</summary>
    public IReadOnlyList<string> All => _names;

    /// <summary>Tags that only the data have.</summary>
    public int Unknown { get; }

    /// <summary>Ids of names.</summary>
    public int[] Ids(string[] names) => Array.ConvertAll(names, name => _ids[name]);

    /// <summary>Whether tags mark spans: all are O, or B, I, ... before a type.</summary>
    public static bool MarkSpans(IEnumerable<string> names) => names.All(name => SpanTags.TryRead(name, out _, out _));

    /// <summary>Figures by type of span, those of most spans first.</summary>
    public static ScoreTable Table(SpanF1 spans, SpanTags tags) => new(
        "by_type", ["type", "precision", "recall", "f1", "spans"],
        [.. tags.Types.Select((name, type) => (Name: name, Counts: spans.OfType(type)))
            .OrderByDescending(row => row.Counts.Gold).ThenBy(row => row.Name, StringComparer.Ordinal)
            .Select(row => new ScoreRow(row.Name, [row.Counts.Precision, row.Counts.Recall, row.Counts.F1, row.Counts.Gold]))]);
}
