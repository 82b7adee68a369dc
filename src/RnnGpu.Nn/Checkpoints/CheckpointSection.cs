using System.Text.Json;
using System.Text.Json.Nodes;

namespace RnnGpu.Nn.Checkpoints;

/// <summary>
/// One JSON object of a manifest, read with checks: a field that is missing, of another kind or out of range is a
/// <see cref="CheckpointException"/> that names it. Numbers come back with the bits they were written with.
/// </summary>
public sealed class CheckpointSection
{
    private const string Advice = "The manifest was edited or made by another program: use another checkpoint";

    private readonly string _where;

    internal CheckpointSection(JsonElement json, string where)
    {
        Json = json;
        _where = where;
    }

    /// <summary>The object itself.</summary>
    public JsonElement Json { get; }

    /// <summary>A number for a section under construction. JSON has no NaN and no infinities; these become strings, which
    /// <see cref="Double"/> and <see cref="Single"/> read back.</summary>
    public static JsonNode Number(double value) =>
        double.IsFinite(value) ? JsonValue.Create(value) : JsonValue.Create(value.ToString());

    /// <inheritdoc cref="Number(double)"/>
    public static JsonNode Number(float value) =>
        float.IsFinite(value) ? JsonValue.Create(value) : JsonValue.Create(value.ToString());

    /// <summary>An object under construction as it will be read back.</summary>
    /// <param name="json">The object.</param>
    /// <param name="where">As messages name it.</param>
    public static CheckpointSection Of(JsonObject json, string where)
    {
        // By text: a serializer finds its way by reflection, which trimmed programs lack.
        using JsonDocument document = JsonDocument.Parse(json.ToJsonString());
        return new CheckpointSection(document.RootElement.Clone(), where);
    }

    /// <summary>Whether the field is there (a JSON null counts as absent).</summary>
    public bool Has(string name) => Json.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null;

    /// <summary>A whole number of 32 bits.</summary>
    /// <exception cref="CheckpointException">The field is missing or something else.</exception>
    public int Int32(string name) =>
        IsNumber(Field(name), out JsonElement v) && v.TryGetInt32(out int value) ? value : throw Bad(name, "a 32-bit whole number");

    /// <summary>A whole number of 64 bits.</summary>
    /// <inheritdoc cref="Int32"/>
    public long Int64(string name) =>
        IsNumber(Field(name), out JsonElement v) && v.TryGetInt64(out long value) ? value : throw Bad(name, "a 64-bit whole number");

    /// <summary>A whole number of 64 bits without sign.</summary>
    /// <inheritdoc cref="Int32"/>
    public ulong UInt64(string name) =>
        IsNumber(Field(name), out JsonElement v) && v.TryGetUInt64(out ulong value) ? value : throw Bad(name, "an unsigned 64-bit whole number");

    /// <summary>A number; also NaN and the infinities as <see cref="Number(double)"/> writes them.</summary>
    /// <inheritdoc cref="Int32"/>
    public double Double(string name) => AsDouble(Field(name)) ?? throw Bad(name, "a number");

    /// <summary>A number of single precision; also NaN and the infinities as <see cref="Number(float)"/> writes them.</summary>
    /// <inheritdoc cref="Int32"/>
    public float Single(string name)
    {
        JsonElement field = Field(name);
        return IsNumber(field, out _) && field.TryGetSingle(out float value) && float.IsFinite(value) ? value
            : field.ValueKind == JsonValueKind.String && AsDouble(field) is { } special ? (float)special
            : throw Bad(name, "a single-precision number");
    }

    /// <summary>true or false.</summary>
    /// <inheritdoc cref="Int32"/>
    public bool Boolean(string name) => Field(name).ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Bad(name, "true or false"),
    };

    /// <summary>A text.</summary>
    /// <inheritdoc cref="Int32"/>
    public string String(string name) => AsText(Field(name)) ?? throw Bad(name, "a text");

    /// <summary>An object.</summary>
    /// <inheritdoc cref="Int32"/>
    public CheckpointSection Section(string name) =>
        Field(name) is { ValueKind: JsonValueKind.Object } value
            ? new CheckpointSection(value, $"{_where}.{name}")
            : throw Bad(name, "an object");

    /// <summary>An array of objects.</summary>
    /// <inheritdoc cref="Int32"/>
    public CheckpointSection[] Sections(string name) => Items(name, "objects", (value, i) =>
        value.ValueKind == JsonValueKind.Object ? new CheckpointSection(value, $"{_where}.{name}[{i}]") : null);

    /// <summary>An array of texts.</summary>
    /// <inheritdoc cref="Int32"/>
    public string[] Strings(string name) => Items(name, "texts", static (value, _) => AsText(value));

    /// <summary>An array of whole numbers of 64 bits.</summary>
    /// <inheritdoc cref="Int32"/>
    public long[] Int64s(string name)
    {
        long[] numbers = new long[Length(name)];
        int i = 0;
        foreach (JsonElement element in Field(name).EnumerateArray())
        {
            numbers[i++] = IsNumber(element, out _) && element.TryGetInt64(out long value)
                ? value
                : throw Bad(name, "an array of 64-bit whole numbers");
        }

        return numbers;
    }

    /// <summary>An array of numbers, as <see cref="Double"/> reads them.</summary>
    /// <inheritdoc cref="Int32"/>
    public double[] Doubles(string name)
    {
        double[] numbers = new double[Length(name)];
        int i = 0;
        foreach (JsonElement value in Field(name).EnumerateArray())
        {
            numbers[i++] = AsDouble(value) ?? throw Bad(name, "an array of numbers");
        }

        return numbers;
    }

    private T[] Items<T>(string name, string kind, Func<JsonElement, int, T?> read)
        where T : class
    {
        var items = new T[Length(name)];
        int i = 0;
        foreach (JsonElement value in Field(name).EnumerateArray())
        {
            items[i] = read(value, i) ?? throw Bad(name, $"an array of {kind}");
            i++;
        }

        return items;
    }

    private int Length(string name) =>
        Field(name) is { ValueKind: JsonValueKind.Array } array ? array.GetArrayLength() : throw Bad(name, "an array");

    private JsonElement Field(string name) =>
        Json.TryGetProperty(name, out JsonElement value)
            ? value
            : throw new CheckpointException(_where, $"the field '{name}' is missing", Advice);

    private static bool IsNumber(JsonElement element, out JsonElement same)
    {
        same = element;
        return element.ValueKind == JsonValueKind.Number;
    }

    private static double? AsDouble(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Number when element.TryGetDouble(out double value) && double.IsFinite(value) => value,
        JsonValueKind.String => AsText(element) switch
        {
            "NaN" => double.NaN,
            "Infinity" => double.PositiveInfinity,
            "-Infinity" => double.NegativeInfinity,
            _ => null,
        },
        _ => null,
    };

    private static string? AsText(JsonElement element)
    {
        try
        {
            return element.ValueKind == JsonValueKind.String ? element.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair, written as an escape: valid JSON, but no text.
            return null;
        }
    }

    /// <summary>The error of a field that holds something else than it should.</summary>
    /// <param name="name">Of the field.</param>
    /// <param name="kind">What it should be.</param>
    public CheckpointException Bad(string name, string kind) => new(_where, $"the field '{name}' is not {kind}", Advice);
}
