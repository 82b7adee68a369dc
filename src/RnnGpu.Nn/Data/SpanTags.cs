namespace RnnGpu.Nn.Data;

/// <summary>How tags of tokens mark spans.</summary>
public enum TagScheme
{
    /// <summary>B begins a span, I continues it, O is outside: IOB2.</summary>
    Bio,

    /// <summary>
    /// B begins a span of several tokens, M or I continues and E or L ends it, S, U or W is a span of one token, O is outside: BMES, BMESO, BIOES, BILOU.
    /// </summary>
    Bmes,
}

/// <summary>What a tag says of its token.</summary>
public enum SpanPart
{
    /// <summary>In no span.</summary>
    Outside,

    /// <summary>First of a span.</summary>
    Begin,

    /// <summary>Within a span.</summary>
    Inside,

    /// <summary>Last of a span of several.</summary>
    End,

    /// <summary>A span by itself.</summary>
    Single,
}

/// <summary>
/// The names of a set of tags, read as span marks: <c>B-location</c> is part B of a span of type <c>location</c>, <c>B</c> one of no type, <c>O</c> outside. The
/// type is what follows the first hyphen.
/// </summary>
public sealed class SpanTags
{
    private readonly SpanPart[] _parts;
    private readonly int[] _types;
    private readonly string[] _typeNames;

    /// <summary>Of tags in the order of their ids.</summary>
    /// <exception cref="ArgumentException">A name that marks no span; the message says which.</exception>
    public SpanTags(IReadOnlyList<string> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        _parts = new SpanPart[names.Count];
        _types = new int[names.Count];
        var types = new List<string>();
        for (int i = 0; i < names.Count; i++)
        {
            if (!TryRead(names[i], out _parts[i], out string type))
            {
                throw new ArgumentException($"the tag '{names[i]}' marks no span: it must be O, or B, I, M, E, L, S, U or W, alone or before a hyphen and a type", nameof(names));
            }

            _types[i] = _parts[i] == SpanPart.Outside ? -1 : types.IndexOf(type);
            if (_parts[i] == SpanPart.Outside || _types[i] >= 0) { continue; }
            _types[i] = types.Count;
            types.Add(type);
        }

        _typeNames = [.. types];
    }

    /// <summary>Number of tags.</summary>
    public int Count => _parts.Length;

    /// <summary>Types of spans, in the order in which the tags name them; empty for spans of no type.</summary>
    public IReadOnlyList<string> Types => _typeNames;

    /// <summary>The scheme that the tags keep to: <see cref="TagScheme.Bmes"/> where a tag ends a span or is one by itself.</summary>
    public TagScheme Scheme => Array.Exists(_parts, static part => part is SpanPart.End or SpanPart.Single) ? TagScheme.Bmes : TagScheme.Bio;

    /// <summary>What a tag says; <see cref="SpanPart.Outside"/> for a negative id.</summary>
    public SpanPart Part(int tag) => tag < 0 ? SpanPart.Outside : _parts[tag];

    /// <summary>Index of a tag's type in <see cref="Types"/>; -1 outside.</summary>
    public int Type(int tag) => tag < 0 ? -1 : _types[tag];

    /// <summary>Whether a name marks a span or the outside.</summary>
    public static bool TryRead(string name, out SpanPart part, out string type)
    {
        int hyphen = name.IndexOf('-', StringComparison.Ordinal);
        type = hyphen < 0 ? "" : name[(hyphen + 1)..];
        ReadOnlySpan<char> letter = hyphen < 0 ? name : name.AsSpan(0, hyphen);
        part = letter switch
        {
            "B" => SpanPart.Begin,
            "I" or "M" => SpanPart.Inside,
            "E" or "L" => SpanPart.End,
            "S" or "U" or "W" => SpanPart.Single,
            _ => SpanPart.Outside,
        };
        return part != SpanPart.Outside || name == "O";
    }

    /// <summary>
    /// Whether a span ends between two neighbouring tokens: conlleval's rule (Tjong Kim Sang 2000), as seqeval extends it to spans of one token. A span
    /// ends behind E and S, before B, S and O, and where the type changes. A negative tag stands for the sentence's edge.
    /// </summary>
    public bool EndsBetween(int before, int after)
    {
        SpanPart part = Part(before);
        if (part == SpanPart.Outside) { return false; }
        return part is SpanPart.End or SpanPart.Single
            || Part(after) is SpanPart.Begin or SpanPart.Single or SpanPart.Outside
            || Type(before) != Type(after);
    }

    /// <summary>
    /// Whether a span starts between two neighbouring tokens: at B and S, and at I and E behind the outside, behind E and S, and behind another type. So tags
    /// that break their scheme still mark spans, as conlleval has it.
    /// </summary>
    public bool StartsBetween(int before, int after)
    {
        SpanPart part = Part(after);
        if (part == SpanPart.Outside) { return false; }
        return part is SpanPart.Begin or SpanPart.Single
            || Part(before) is SpanPart.Outside or SpanPart.End or SpanPart.Single
            || Type(before) != Type(after);
    }
}
