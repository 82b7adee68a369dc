using RnnGpu.Nn.Data;

namespace RnnGpu.Tasks.Dna;

/// <summary>Letters of nucleotides: A C G T (U is T), and those that stand for several (IUPAC), which a model reads as unknown.</summary>
public static class Letters
{
    private const string Ambiguous = "RYSWKMBDHVN";

    /// <summary>0 to 3 for A, C, G, T; 4 for a letter that stands for several; -1 for what is no nucleotide.</summary>
    public static int Code(char letter) => char.ToUpperInvariant(letter) switch
    {
        'A' => 0,
        'C' => 1,
        'G' => 2,
        'T' or 'U' => 3,
        char other => Ambiguous.Contains(other, StringComparison.Ordinal) ? 4 : -1,
    };

    /// <summary>A field's letters, checked.</summary>
    /// <exception cref="DataException">There are none, or one is no nucleotide; the message names its column.</exception>
    public static string Read(TextField field)
    {
        if (field.Text.Length == 0) { throw field.Error("the sequence is missing"); }
        for (int i = 0; i < field.Text.Length; i++)
        {
            if (Code(field.Text[i]) < 0)
            {
                throw field.Line.Error(field.Column + i, $"'{field.Text[i]}' is no nucleotide; A C G T and the IUPAC letters {string.Join(' ', Ambiguous.ToCharArray())} are");
            }
        }

        return field.Text;
    }

    /// <summary>Numbers of different words of <paramref name="k"/> letters, and one for words with a letter that stands for several.</summary>
    public static int Words(int k) => (1 << (2 * k)) + 1;

    /// <summary>The overlapping words of k letters as numbers; one unknown word for a sequence that is shorter.</summary>
    /// <param name="letters">As read.</param>
    /// <param name="k">1 to 8.</param>
    /// <param name="words">Room for <see cref="Count"/> of them.</param>
    public static void Write(ReadOnlySpan<char> letters, int k, Span<int> words)
    {
        int unknown = Words(k) - 1, mask = unknown - 1, word = 0, sinceUnknown = 0;
        if (letters.Length < k) { words[0] = unknown; }
        for (int i = 0; i < letters.Length; i++)
        {
            int code = Code(letters[i]);
            sinceUnknown = code < 4 ? sinceUnknown + 1 : 0;
            word = ((word << 2) | (code & 3)) & mask;
            if (i >= k - 1) { words[i - k + 1] = sinceUnknown >= k ? word : unknown; }
        }
    }

    /// <summary>Words of a sequence of so many letters.</summary>
    public static int Count(int letters, int k) => Math.Max(1, letters - k + 1);
}
