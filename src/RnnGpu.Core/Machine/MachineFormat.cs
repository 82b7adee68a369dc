using System.Text.Json;

namespace RnnGpu.Core;

/// <summary>
/// A <see cref="MachineRecord"/> as text: a JSON object with <c>format</c>, <c>device</c> (kind and parts of the key), <c>measured</c> (figures) and
/// <c>strategies</c> (choices). Reading trusts nothing: sizes are bounded, the device must be the one that asks, and each figure must lie in its range.
/// </summary>
public static class MachineFormat
{
    /// <summary>Grows when older files no longer say what programs read in them.</summary>
    public const int Version = 1;

    /// <summary>A file with more bytes is not read.</summary>
    public const int MostBytes = 256 * 1024;

    /// <summary>Most choices of a file.</summary>
    public const int MostChoices = 1024;

    private const int MostDepth = 4;
    private const int MostLetters = 120;

    /// <summary>Writes a record.</summary>
    public static byte[] Write(MachineRecord record)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteNumber("format", Version);
            json.WriteStartObject("device");
            json.WriteString("kind", record.Key.Kind);
            foreach ((string name, string value) in record.Key.Parts) { json.WriteString(name, value); }
            json.WriteEndObject();
            json.WriteStartObject("measured");
            foreach ((string name, double value) in record.Figures) { json.WriteNumber(name, value); }
            json.WriteEndObject();
            json.WriteStartObject("strategies");
            foreach ((string problem, string strategy) in record.Choices.OrderBy(choice => choice.Key, StringComparer.Ordinal)) { json.WriteString(problem, strategy); }
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return stream.ToArray();
    }

    /// <summary>Reads a record.</summary>
    /// <param name="text">The file.</param>
    /// <param name="key">The device that asks.</param>
    /// <param name="ranges">The figures of its kind of device.</param>
    /// <param name="problem">What is wrong with it; empty if nothing is.</param>
    /// <returns>The record, or null.</returns>
    public static MachineRecord? Read(ReadOnlyMemory<byte> text, MachineKey key, IReadOnlyList<FigureRange> ranges, out string problem)
    {
        problem = "";
        if (text.Length > MostBytes)
        {
            problem = $"it has more than {MostBytes:N0} bytes";
            return null;
        }

        try
        {
            using var document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = MostDepth });
            return Read(document.RootElement, key, ranges);
        }
        catch (Exception e) when (e is JsonException or MachineFormatException or InvalidOperationException)
        {
            // Invalid UTF-16 in a string is an InvalidOperationException of the reader.
            problem = e is MachineFormatException ? e.Message : "it is no JSON, or damaged";
            return null;
        }
    }

    private static MachineRecord Read(JsonElement root, MachineKey key, IReadOnlyList<FigureRange> ranges)
    {
        if (root.ValueKind != JsonValueKind.Object) { throw new MachineFormatException("it is no JSON object"); }
        if (!root.TryGetProperty("format", out JsonElement format) || format.ValueKind != JsonValueKind.Number || !format.TryGetInt32(out int version))
        {
            throw new MachineFormatException("it does not say its format");
        }

        if (version != Version) { throw new MachineFormatException($"it has format {version}, this program reads format {Version}"); }
        JsonElement device = Object(root, "device");
        string kind = Text(device, "kind");
        MachineKey found = new(kind, [.. key.Parts.Select(part => (part.Name, Text(device, part.Name)))]);
        if (!found.Equals(key)) { throw new MachineFormatException($"it is of another device ({found})"); }
        return new MachineRecord(key, Figures(Object(root, "measured"), ranges), Choices(Object(root, "strategies")));
    }

    private static Dictionary<string, double> Figures(JsonElement measured, IReadOnlyList<FigureRange> ranges)
    {
        var figures = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (JsonProperty property in measured.EnumerateObject())
        {
            FigureRange range = ranges.FirstOrDefault(range => property.NameEquals(range.Name))
                ?? throw new MachineFormatException($"it has a figure '{Short(property.Name)}' that there is not");
            if (property.Value.ValueKind != JsonValueKind.Number || !property.Value.TryGetDouble(out double value) || !(value >= range.Least && value <= range.Most))
            {
                throw new MachineFormatException($"{range.Name} is {Short(property.Value.GetRawText())}, not from {range.Least:G3} to {range.Most:G3}");
            }

            figures[range.Name] = value;
        }

        return figures.Count == 0 || figures.Count == ranges.Count
            ? figures
            : throw new MachineFormatException($"it lacks {ranges.First(range => !figures.ContainsKey(range.Name)).Name}");
    }

    private static Dictionary<string, string> Choices(JsonElement strategies)
    {
        var choices = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (JsonProperty property in strategies.EnumerateObject())
        {
            if (choices.Count == MostChoices) { throw new MachineFormatException($"it has more than {MostChoices:N0} strategies"); }
            if (property.Name.Length is 0 or > MostLetters || property.Value.ValueKind != JsonValueKind.String || property.Value.GetString() is not { Length: > 0 and <= MostLetters } value)
            {
                throw new MachineFormatException($"the strategy of '{Short(property.Name)}' is no word");
            }

            choices[property.Name] = value;
        }

        return choices;
    }

    private static JsonElement Object(JsonElement root, string name) => root.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Object
        ? value
        : throw new MachineFormatException($"it has no '{name}'");

    private static string Text(JsonElement device, string name) => device.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String
        ? Short(value.GetString()!)
        : throw new MachineFormatException($"its device has no '{name}'");

    /// <summary>Words of a file as a message shows them: short, without control characters.</summary>
    private static string Short(string text)
    {
        string printable = string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c));
        return printable.Length <= MostLetters ? printable : printable[..MostLetters] + "...";
    }

    private sealed class MachineFormatException(string message) : Exception(message);
}
