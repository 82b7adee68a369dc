using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Unicode;

namespace RnnGpu.Nn.Checkpoints;

/// <summary>The JSON header of a safetensors file: written without choice, read with every claim checked.</summary>
internal sealed class SafeTensorsHeader
{
    /// <summary>Most bytes of a header; the format's own limit.</summary>
    public const int MaxBytes = 100_000_000;

    /// <summary>Most tensors of a file; far above any model, far below what a hostile header could ask for.</summary>
    public const int MaxTensors = 100_000;

    /// <summary>Most metadata pairs of a file.</summary>
    public const int MaxMetadata = 100_000;

    /// <summary>Most axes of a tensor.</summary>
    public const int MaxRank = 8;

    /// <summary>Most UTF-16 units of a tensor's name.</summary>
    public const int MaxNameLength = 1024;

    /// <summary>The header's key that is no tensor.</summary>
    public const string MetadataName = "__metadata__";

    private const string Damaged = "The file is damaged or not a safetensors file: use another checkpoint";

    private readonly string _where;

    private SafeTensorsHeader(string where) => _where = where;

    public Dictionary<string, string> Metadata { get; } = new(StringComparer.Ordinal);

    /// <summary>The tensors in the header's order.</summary>
    public List<SafeTensorsEntry> Entries { get; } = [];

    /// <summary>The tensors by name.</summary>
    public Dictionary<string, SafeTensorsEntry> ByName { get; } = new(StringComparer.Ordinal);

    /// <summary>The format is little-endian and spans of numbers are read and written as they lie in memory.</summary>
    public static void RequireLittleEndian()
    {
        if (!BitConverter.IsLittleEndian)
        {
            throw new PlatformNotSupportedException("Safetensors files are read and written on little-endian machines only.");
        }
    }

    public static void Write(Utf8JsonWriter json, SortedDictionary<string, string> metadata, List<SafeTensorsEntry> entries)
    {
        json.WriteStartObject();
        if (metadata.Count > 0)
        {
            json.WriteStartObject(MetadataName);
            foreach ((string key, string value) in metadata)
            {
                json.WriteString(key, value);
            }

            json.WriteEndObject();
        }

        foreach (SafeTensorsEntry entry in entries)
        {
            json.WriteStartObject(entry.Name);
            json.WriteString("dtype", entry.DType.Name());
            json.WriteStartArray("shape");
            foreach (long size in entry.Shape)
            {
                json.WriteNumberValue(size);
            }

            json.WriteEndArray();
            json.WriteStartArray("data_offsets");
            json.WriteNumberValue(entry.Offset);
            json.WriteNumberValue(entry.Offset + entry.ByteLength);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    /// <summary>Reads and checks a whole header.</summary>
    /// <param name="bytes">The header with its padding.</param>
    /// <param name="dataLength">Bytes of the file behind the header.</param>
    /// <param name="where">The file, for messages.</param>
    /// <exception cref="CheckpointException">Any claim of the header is malformed, unknown or false.</exception>
    public static SafeTensorsHeader Parse(ReadOnlySpan<byte> bytes, long dataLength, string where)
    {
        var header = new SafeTensorsHeader(where);
        if (bytes.IsEmpty || bytes[0] != (byte)'{')
        {
            throw header.Bad("the header does not begin with '{'");
        }

        if (!Utf8.IsValid(bytes))
        {
            throw header.Bad("the header is not valid UTF-8");
        }

        try
        {
            header.Read(bytes, dataLength);
        }
        catch (JsonException e)
        {
            throw header.Bad("the header is not valid JSON", e);
        }

        header.RequireTiling(dataLength);
        return header;
    }

    private void Read(ReadOnlySpan<byte> bytes, long dataLength)
    {
        var json = new Utf8JsonReader(bytes, new JsonReaderOptions { MaxDepth = 4 });
        json.Read();
        bool metadataSeen = false;
        while (NextName(ref json, _where) is { } name)
        {
            if (name.Equals(MetadataName, StringComparison.Ordinal))
            {
                Require(!metadataSeen, "the header has more than one __metadata__");
                metadataSeen = true;
                ReadMetadata(ref json);
                continue;
            }

            if (name.Length is 0 or > MaxNameLength || Entries.Count == MaxTensors)
            {
                throw Bad($"it has more than {MaxTensors} tensors, or a name that has not 1 to {MaxNameLength} characters");
            }

            SafeTensorsEntry entry = ReadEntry(ref json, name, dataLength);
            if (!ByName.TryAdd(name, entry))
            {
                throw Bad($"tensor {CheckpointException.Quote(name)} is declared twice");
            }

            Entries.Add(entry);
        }

        // Reading on proves that nothing but white space follows: anything else throws.
        json.Read();
    }

    private void ReadMetadata(ref Utf8JsonReader json)
    {
        string where = $"{_where}, {MetadataName}";
        json.Read();
        Require(json.TokenType == JsonTokenType.StartObject, "it is not a JSON object", where);
        while (NextName(ref json, where) is { } key)
        {
            json.Read();
            if (json.TokenType != JsonTokenType.String || Metadata.Count == MaxMetadata)
            {
                throw Bad($"the value of {CheckpointException.Quote(key)} is not a string, or is one of more than {MaxMetadata}", where: where);
            }

            if (!Metadata.TryAdd(key, Text(ref json, where)))
            {
                throw Bad($"the key {CheckpointException.Quote(key)} stands in it twice", where: where);
            }
        }
    }

    private SafeTensorsEntry ReadEntry(ref Utf8JsonReader json, string name, long dataLength)
    {
        string where = $"{_where}, tensor {CheckpointException.Quote(name)}";
        json.Read();
        Require(json.TokenType == JsonTokenType.StartObject, "its entry is not a JSON object", where);
        SafeTensorsDType? dtype = null;
        ImmutableArray<long>? shape = null;
        ImmutableArray<long>? offsets = null;
        while (NextName(ref json, where) is { } field)
        {
            switch (field)
            {
                case "dtype" when dtype is null:
                    json.Read();
                    Require(json.TokenType == JsonTokenType.String, "its dtype is not a string", where);
                    string text = Text(ref json, where);
                    dtype = SafeTensorsDTypes.Parse(text)
                        ?? throw new CheckpointException(
                            where, $"its dtype {CheckpointException.Quote(text)} is not known", "F32, F16, BF16, I32, I64 and U8 can be read");
                    break;
                case "shape" when shape is null:
                    shape = ReadNumbers(ref json, MaxRank, "shape", where);
                    break;
                case "data_offsets" when offsets is null:
                    offsets = ReadNumbers(ref json, 2, "data_offsets", where);
                    break;
                default:
                    throw Bad($"its field {CheckpointException.Quote(field)} is unknown or stands twice", where: where);
            }
        }

        Require(dtype is not null && shape is not null && offsets is not null, "it lacks dtype, shape or data_offsets", where);
        Require(offsets!.Value.Length == 2, "its data_offsets are not two numbers", where);
        (long begin, long end) = (offsets.Value[0], offsets.Value[1]);
        if (begin > end || end > dataLength)
        {
            throw Bad($"its data_offsets [{begin}, {end}] do not lie within the {dataLength} bytes of data", where: where);
        }

        ReadOnlySpan<long> sizes = shape!.Value.AsSpan();
        long? bytes = SafeTensorsEntry.Bytes(dtype!.Value, sizes);
        if (bytes != end - begin)
        {
            string needs = bytes is null ? "more bytes than 64 bits count" : $"{bytes} bytes";
            string what = $"its shape {SafeTensorsEntry.Text(sizes)} of {dtype.Value.Name()} needs {needs}";
            throw Bad($"{what}, its data_offsets span {end - begin}", where: where);
        }

        return new SafeTensorsEntry(name, dtype.Value, shape.Value, begin, end - begin);
    }

    private ImmutableArray<long> ReadNumbers(ref Utf8JsonReader json, int most, string field, string where)
    {
        json.Read();
        if (json.TokenType != JsonTokenType.StartArray)
        {
            throw Bad($"its {field} is not an array", where: where);
        }

        ImmutableArray<long>.Builder numbers = ImmutableArray.CreateBuilder<long>();
        while (json.Read() && json.TokenType != JsonTokenType.EndArray)
        {
            if (json.TokenType != JsonTokenType.Number || !json.TryGetInt64(out long number) || number < 0)
            {
                throw Bad($"its {field} holds something that is not a whole number from 0 to 2^63 - 1", where: where);
            }

            if (numbers.Count == most)
            {
                throw Bad($"its {field} has more than {most} numbers", where: where);
            }

            numbers.Add(number);
        }

        return numbers.ToImmutable();
    }

    // The format wants the tensors to tile the data: no byte in two tensors, none in no tensor.
    private void RequireTiling(long dataLength)
    {
        SafeTensorsEntry[] sorted = [.. Entries];
        Array.Sort(sorted, (a, b) => a.Offset != b.Offset ? a.Offset.CompareTo(b.Offset) : a.ByteLength.CompareTo(b.ByteLength));
        long end = 0;
        foreach (SafeTensorsEntry entry in sorted)
        {
            if (entry.Offset != end)
            {
                string what = entry.Offset < end
                    ? "its data overlaps another tensor's"
                    : $"{entry.Offset - end} bytes before its data belong to no tensor";
                throw Bad(what, where: $"{_where}, tensor {CheckpointException.Quote(entry.Name)}");
            }

            end += entry.ByteLength;
        }

        if (end != dataLength)
        {
            throw Bad($"{dataLength - end} bytes at its end belong to no tensor");
        }
    }

    // The name of the object's next field, or null at the object's end.
    private string? NextName(ref Utf8JsonReader json, string where)
    {
        json.Read();
        return json.TokenType == JsonTokenType.EndObject ? null : Text(ref json, where);
    }

    private string Text(ref Utf8JsonReader json, string where)
    {
        try
        {
            return json.GetString()!;
        }
        catch (InvalidOperationException e)
        {
            throw Bad("a string holds half of a surrogate pair", e, where);
        }
    }

    private void Require(bool condition, string what, string? where = null)
    {
        if (!condition)
        {
            throw Bad(what, where: where);
        }
    }

    private CheckpointException Bad(string what, Exception? inner = null, string? where = null) =>
        new(where ?? _where, what, Damaged, inner);
}
