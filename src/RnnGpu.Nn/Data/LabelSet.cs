using System.Text.Json.Nodes;
using RnnGpu.Nn.Checkpoints;

namespace RnnGpu.Nn.Data;

/// <summary>The labels of a task, a closed set: ids 0.. in ordinal order of the names.</summary>
public sealed class LabelSet
{
    private readonly string[] _names;
    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);

    /// <summary>Of names in the order of their ids.</summary>
    /// <exception cref="ArgumentException">None, or one twice.</exception>
    public LabelSet(IEnumerable<string> names)
    {
        _names = [.. names];
        if (_names.Length == 0) { throw new ArgumentException("there are no labels", nameof(names)); }
        for (int i = 0; i < _names.Length; i++)
        {
            if (!_ids.TryAdd(_names[i], i)) { throw new ArgumentException($"the label '{_names[i]}' comes twice", nameof(names)); }
        }
    }

    /// <summary>Number of labels.</summary>
    public int Count => _names.Length;

    /// <summary>Names in the order of their ids.</summary>
    public IReadOnlyList<string> Names => _names;

    /// <summary>The different ones among some labels, in ordinal order.</summary>
    public static LabelSet Of(IEnumerable<string> labels) =>
        new(labels.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));

    /// <summary>A label's id, or -1.</summary>
    public int Find(string name) => _ids.GetValueOrDefault(name, -1);

    /// <summary>A field's label as an id.</summary>
    /// <exception cref="DataException">There is no such label.</exception>
    public int Id(TextField field) =>
        _ids.TryGetValue(field.Text, out int id) ? id : throw field.Error(
            $"there is no label '{field.Text}'; known are {string.Join(", ", _names.Take(20))}{(_names.Length > 20 ? ", ..." : "")}");

    /// <summary>The names, for a checkpoint's section.</summary>
    public JsonArray ToJson() => new([.. _names.Select(name => (JsonNode)name)]);

    /// <summary>Reads <see cref="ToJson"/> back.</summary>
    /// <exception cref="CheckpointException">The field is missing or malformed.</exception>
    public static LabelSet Read(CheckpointSection section, string name)
    {
        try
        {
            return new LabelSet(section.Strings(name));
        }
        catch (ArgumentException)
        {
            throw section.Bad(name, "a list of different labels");
        }
    }
}
