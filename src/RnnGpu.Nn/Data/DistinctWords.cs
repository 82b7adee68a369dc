using System.Runtime.InteropServices;

namespace RnnGpu.Nn.Data;

/// <summary>
/// The different words of a batch with their characters, for <see cref="CharacterEncoder"/>: a word that stands in many places is read once. Arrays
/// are filled again and again and grow when they must. Sizes are rounded up (words to a multiple of 32, characters to one of 4), so that
/// batches share memory and plans; what is added has length 0.
/// </summary>
/// <param name="words">Number of word types.</param>
public sealed class DistinctWords(int words)
{
    private readonly int[] _columns = NewColumns(words);
    private readonly List<int> _types = [];
    private int[] _characters = [], _lengths = [];

    /// <summary>C: characters of the longest word, rounded up.</summary>
    public int Characters { get; private set; }

    /// <summary>W: different words, rounded up.</summary>
    public int Words { get; private set; }

    /// <summary><c>[C, W]</c>: character ids, 0 behind a word's end.</summary>
    public ReadOnlySpan<int> Ids => _characters.AsSpan(0, Characters * Words);

    /// <summary><c>[W]</c>: characters of each word.</summary>
    public ReadOnlySpan<int> Lengths => _lengths.AsSpan(0, Words);

    /// <summary>Replaces the word types at their places by their columns of <see cref="Ids"/>.</summary>
    /// <param name="places">Word types, or negative for none; overwritten.</param>
    /// <param name="spellings">Character ids of each word type.</param>
    public void Fill(Span<int> places, IReadOnlyList<int[]> spellings)
    {
        foreach (int type in CollectionsMarshal.AsSpan(_types)) { _columns[type] = -1; }
        _types.Clear();
        int longest = 1;
        for (int i = 0; i < places.Length; i++)
        {
            int type = places[i];
            if (type < 0) { continue; }
            if (_columns[type] < 0)
            {
                _columns[type] = _types.Count;
                _types.Add(type);
                longest = Math.Max(longest, spellings[type].Length);
            }

            places[i] = _columns[type];
        }

        Characters = (longest + 3) / 4 * 4;
        Words = Math.Max(32, (_types.Count + 31) / 32 * 32);
        if (_characters.Length < Characters * Words) { _characters = new int[2 * Characters * Words]; }
        if (_lengths.Length < Words) { _lengths = new int[2 * Words]; }
        _characters.AsSpan(0, Characters * Words).Clear();
        _lengths.AsSpan(0, Words).Clear();
        for (int w = 0; w < _types.Count; w++)
        {
            int[] spelling = spellings[_types[w]];
            _lengths[w] = spelling.Length;
            for (int c = 0; c < spelling.Length; c++) { _characters[(c * Words) + w] = spelling[c]; }
        }
    }

    private static int[] NewColumns(int words)
    {
        var columns = new int[words];
        Array.Fill(columns, -1);
        return columns;
    }
}
