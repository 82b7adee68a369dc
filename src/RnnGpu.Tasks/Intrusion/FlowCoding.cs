using System.Text.Json.Nodes;
using RnnGpu.Nn.Checkpoints;
using RnnGpu.Nn.Data;
using RnnGpu.Tasks.Classification;

namespace RnnGpu.Tasks.Intrusion;

/// <summary>
/// A flow as numbers for a network: each number x as <c>sign(x) log(1 + |x|)</c>, since bytes and durations span many powers of ten, then scaled; each word as a
/// one among zeros, all zeros for a word that the training part has not.
/// </summary>
public sealed class FlowCoding
{
    private readonly Scaling _scaling;
    private readonly string[][] _words;

    private FlowCoding(Scaling scaling, string[][] words)
    {
        _scaling = scaling;
        _words = words;
        Size = scaling.Features + words.Sum(column => column.Length);
    }

    /// <summary>Numbers of a flow.</summary>
    public int Size { get; }

    /// <summary>Fitted on flows.</summary>
    public static FlowCoding Of(IReadOnlyList<Flow> flows)
    {
        var words = new string[flows[0].Symbols.Length][];
        for (int i = 0; i < words.Length; i++) { words[i] = [.. flows.Select(flow => flow.Symbols[i]).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)]; }
        return new FlowCoding(Scaling.Of(flows.Select(flow => (ReadOnlyMemory<double>)Array.ConvertAll(flow.Numbers, Compress)), flows[0].Numbers.Length), words);
    }

    /// <summary>Writes a flow's numbers.</summary>
    /// <exception cref="DataException">A flow of other columns.</exception>
    public void Write(Flow flow, Span<float> destination)
    {
        if (flow.Numbers.Length != _scaling.Features || flow.Symbols.Length != _words.Length)
        {
            throw new DataException(
                $"a flow of {flow.Numbers.Length} numbers and {flow.Symbols.Length} words, but the model was trained on {_scaling.Features} and {_words.Length}");
        }

        destination.Clear();
        for (int i = 0; i < flow.Numbers.Length; i++) { destination[i] = _scaling.Apply(i, Compress(flow.Numbers[i])); }
        int at = flow.Numbers.Length;
        for (int i = 0; i < _words.Length; i++)
        {
            int word = Array.BinarySearch(_words[i], flow.Symbols[i], StringComparer.Ordinal);
            if (word >= 0) { destination[at + word] = 1f; }
            at += _words[i].Length;
        }
    }

    /// <summary>For a checkpoint's section.</summary>
    public JsonObject ToJson() => new()
    {
        ["scaling"] = _scaling.ToJson(),
        ["columns"] = _words.Length,
        ["words"] = new JsonArray([.. _words.SelectMany((column, i) => column.Select(word => (JsonNode)$"{i} {word}"))]),
    };

    /// <summary>Reads <see cref="ToJson"/> back.</summary>
    /// <exception cref="CheckpointException">Malformed.</exception>
    public static FlowCoding Read(CheckpointSection section)
    {
        int columns = section.Int32("columns");
        string[] words = section.Strings("words");
        if (columns is < 0 or > 1000) { throw section.Bad("columns", "a number of columns"); }
        string[][] byColumn = [.. Enumerable.Range(0, columns).Select(i => words.Where(word => word.StartsWith($"{i} ", StringComparison.Ordinal))
            .Select(word => word[($"{i}".Length + 1)..]).Order(StringComparer.Ordinal).ToArray())];
        return byColumn.Sum(column => column.Length) == words.Length
            ? new FlowCoding(Scaling.Read(section.Section("scaling")), byColumn)
            : throw section.Bad("words", "a list of words, each behind its column");
    }

    private static double Compress(double x) => Math.Sign(x) * Math.Log(1 + Math.Abs(x));
}
