using System.Text;

namespace RnnGpu.Tasks.CharLm;

/// <summary>
/// The characters a model knows: id 0 stands for every unknown one, ids 1.. for the known code points in ascending order.
/// </summary>
public sealed class Vocabulary
{
    /// <summary>Id of characters that are not in the vocabulary. Nothing is ever decoded to it but U+FFFD.</summary>
    public const int UnknownId = 0;

    private readonly int[] _codePoints;
    private readonly int[] _ids; // by code point, up to the largest one

    /// <summary>From code points in strictly ascending order, as <see cref="CodePoints"/> gives them.</summary>
    /// <exception cref="ArgumentException">Not ascending, not Unicode scalar values, or none.</exception>
    public Vocabulary(IReadOnlyList<int> codePoints)
    {
        if (codePoints.Count == 0) { throw new ArgumentException("a vocabulary needs at least one character"); }
        _codePoints = [.. codePoints];
        int previous = -1;
        foreach (int codePoint in _codePoints)
        {
            if (!Rune.IsValid(codePoint)) { throw new ArgumentException($"vocabulary: {codePoint} is not a Unicode scalar value"); }
            if (codePoint <= previous) { throw new ArgumentException($"vocabulary: code point {codePoint} follows {previous}; they must ascend"); }
            previous = codePoint;
        }

        _ids = new int[previous + 1];
        for (int i = 0; i < _codePoints.Length; i++) { _ids[_codePoints[i]] = i + 1; }
    }

    /// <summary>Number of ids, the unknown one included.</summary>
    public int Size => _codePoints.Length + 1;

    /// <summary>The known code points, ascending.</summary>
    public IReadOnlyList<int> CodePoints => _codePoints;

    /// <summary>The vocabulary of a text.</summary>
    public static Vocabulary Of(ReadOnlySpan<int> text)
    {
        var seen = new SortedSet<int>();
        foreach (int codePoint in text) { seen.Add(codePoint); }
        return new Vocabulary([.. seen]);
    }

    /// <summary>Id of a code point; <see cref="UnknownId"/> if it is not known.</summary>
    public int Id(int codePoint) => (uint)codePoint < (uint)_ids.Length ? _ids[codePoint] : UnknownId;

    /// <summary>The character of an id; U+FFFD for <see cref="UnknownId"/>.</summary>
    public Rune Character(int id) => id == UnknownId ? Rune.ReplacementChar : new Rune(_codePoints[id - 1]);

    /// <summary>Ids of a text.</summary>
    public int[] Encode(ReadOnlySpan<int> text)
    {
        var ids = new int[text.Length];
        for (int i = 0; i < ids.Length; i++) { ids[i] = Id(text[i]); }
        return ids;
    }

    /// <summary>The text of ids.</summary>
    public string Decode(ReadOnlySpan<int> ids)
    {
        var text = new StringBuilder(ids.Length);
        foreach (int id in ids) { text.Append(Character(id).ToString()); }
        return text.ToString();
    }
}
