using System.Text;

namespace RnnGpu.Tasks.Labelling;

/// <summary>How words are looked up and spelled.</summary>
public static class Spelling
{
    /// <summary>Longest spelling in characters; the middle of longer words is left out.</summary>
    public const int MaxCharacters = 24;

    /// <summary>A word as vocabularies hold it: lower case, digits all 0.</summary>
    public static string Normalised(string word) => string.Create(word.Length, word, static (span, text) =>
    {
        for (int i = 0; i < span.Length; i++) { span[i] = char.IsDigit(text[i]) ? '0' : char.ToLowerInvariant(text[i]); }
    });

    /// <summary>The characters of a word (code points), each as a text of its own.</summary>
    public static string[] Characters(string word)
    {
        string[] all = [.. word.EnumerateRunes().Select(static rune => rune.ToString())];
        const int Half = MaxCharacters / 2;
        return all.Length <= MaxCharacters ? all : [.. all[..Half], .. all[^Half..]];
    }
}
