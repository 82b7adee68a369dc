using System.Text;
using RnnGpu.Nn.Data;
using RnnGpu.Tasks.Frame;

namespace RnnGpu.Tasks.Segment;

/// <summary>Sentences cut into words.</summary>
/// <param name="sentences">At least one, each of at least one word.</param>
public sealed class SegmentedText(IReadOnlyList<string[]> sentences) : TaskData
{
    /// <summary>The form of a file in a line.</summary>
    public const string Form = "a sentence a line, words separated by spaces";

    /// <summary>The sentences' words.</summary>
    public IReadOnlyList<string[]> Sentences { get; } = sentences;

    /// <inheritdoc/>
    public override int Count => Sentences.Count;

    /// <inheritdoc/>
    public override string Summary =>
        $"{Count:N0} sentences, {Sentences.Sum(words => (long)words.Length):N0} words, {Sentences.Sum(words => words.Sum(word => (long)Characters(word).Length)):N0} characters";

    /// <summary>
    /// Reads files: words between spaces (any number of them, ideographic ones too); blank lines are passed over.
    /// </summary>
    /// <exception cref="DataException">No sentence, or a file that is no text; with file, line and column.</exception>
    public static SegmentedText Read(IReadOnlyList<TextSource> sources)
    {
        var sentences = new List<string[]>();
        foreach (TextLine line in TextLines.Read(sources))
        {
            int tab = line.Text.IndexOf('\t', StringComparison.Ordinal);
            if (tab >= 0) { throw line.Error(tab + 1, $"a TAB: {Form}"); }
            string[] words = line.Text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            if (words.Length > 0) { sentences.Add(words); }
        }

        if (sentences.Count == 0) { throw new DataException($"{sources[0].Name}: there are no sentences ({Form})"); }
        return sentences.Exists(words => words.Length > 1)
            ? new SegmentedText(sentences)
            : throw new DataException($"{sources[0].Name}: no line has more than one word ({Form})");
    }

    /// <inheritdoc/>
    public override TaskData Subset(IReadOnlyList<int> indices) => new SegmentedText([.. indices.Select(i => Sentences[i])]);

    /// <summary>The characters of a word: code points, not halves of them.</summary>
    public static string[] Characters(string word) => [.. word.EnumerateRunes().Select(static rune => rune.ToString())];

    /// <summary>A character as vocabularies hold it: digits are all 0 and Latin letters all a, wide ones too.</summary>
    public static string Normalised(string character)
    {
        Rune rune = Rune.GetRuneAt(character, 0);
        if (Rune.IsDigit(rune)) { return "0"; }
        return rune.Value is (>= 'a' and <= 'z') or (>= 'A' and <= 'Z') or (>= 0xFF21 and <= 0xFF3A) or (>= 0xFF41 and <= 0xFF5A) ? "a" : character;
    }
}
