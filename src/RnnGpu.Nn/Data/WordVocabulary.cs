using System.Text.Json.Nodes;
using RnnGpu.Nn.Checkpoints;

namespace RnnGpu.Nn.Data;

/// <summary>
/// The words that a model knows: id 0 is padding, id 1 every unknown word, ids 2.. the known words, the most frequent first
/// (equally frequent ones in ordinal order, so that one text gives one vocabulary).
/// </summary>
public sealed class WordVocabulary
{
    /// <summary>Id of places after a sequence's end.</summary>
    public const int PaddingId = 0;

    /// <summary>Id of words that are not in the vocabulary.</summary>
    public const int UnknownId = 1;

    private const int FirstWord = 2;

    private readonly string[] _words;
    private readonly Dictionary<string, int> _ids;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _lookup;

    /// <summary>Of known words.</summary>
    /// <exception cref="ArgumentException">A word is null or comes twice.</exception>
    public WordVocabulary(IEnumerable<string> words)
    {
        _words = [.. words];
        _ids = new Dictionary<string, int>(_words.Length, StringComparer.Ordinal);
        for (int i = 0; i < _words.Length; i++)
        {
            if (_words[i] is null || !_ids.TryAdd(_words[i], i + FirstWord)) { throw new ArgumentException($"the word '{_words[i]}' comes twice", nameof(words)); }
        }

        _lookup = _ids.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>Number of ids, padding and unknown included.</summary>
    public int Size => _words.Length + FirstWord;

    /// <summary>The known words, in order of their ids.</summary>
    public IReadOnlyList<string> Words => _words;

    /// <summary>The words of a text that come often enough.</summary>
    /// <param name="words">All words of it, with repetitions.</param>
    /// <param name="minCount">Words that come less often are left out.</param>
    /// <param name="maxSize">Largest <see cref="Size"/>; rarer words are left out.</param>
    public static WordVocabulary Of(IEnumerable<string> words, int minCount = 1, int maxSize = int.MaxValue)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(minCount, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxSize, FirstWord);
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (string word in words) { System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(counts, word, out _)++; }
        return new WordVocabulary(counts
            .Where(entry => entry.Value >= minCount)
            .OrderByDescending(entry => entry.Value).ThenBy(entry => entry.Key, StringComparer.Ordinal)
            .Take(maxSize - FirstWord)
            .Select(entry => entry.Key));
    }

    /// <summary>A word's id, or <see cref="UnknownId"/>.</summary>
    public int Id(ReadOnlySpan<char> word) => _lookup.TryGetValue(word, out int id) ? id : UnknownId;

    /// <summary>An id's word; <c>&lt;pad&gt;</c> and <c>&lt;unk&gt;</c> for the two without one.</summary>
    /// <exception cref="ArgumentOutOfRangeException">No such id.</exception>
    public string Word(int id) => id switch
    {
        PaddingId => "<pad>",
        UnknownId => "<unk>",
        _ when id > 0 && id < Size => _words[id - FirstWord],
        _ => throw new ArgumentOutOfRangeException(nameof(id), id, $"ids are below {Size}"),
    };

    /// <summary>The words, for a checkpoint's section.</summary>
    public JsonArray ToJson() => new([.. _words.Select(word => (JsonNode)word)]);

    /// <summary>Reads <see cref="ToJson"/> back.</summary>
    /// <exception cref="CheckpointException">The field is missing or malformed.</exception>
    public static WordVocabulary Read(CheckpointSection section, string name)
    {
        try
        {
            return new WordVocabulary(section.Strings(name));
        }
        catch (ArgumentException)
        {
            throw section.Bad(name, "a list of different words");
        }
    }
}
