using RnnGpu.Nn.Data;
using RnnGpu.Tasks.Labelling;

namespace RnnGpu.Tasks.Slots;

/// <summary>
/// Reads requests from three parallel files: words, one slot tag a word, the intent; a request a line, separated by single spaces.
/// Tags are <c>O</c>, <c>B-type</c> and <c>I-type</c>.
/// </summary>
public static class SlotsReader
{
    /// <summary>The form in a line.</summary>
    public const string Form = "three parallel files: words, slot tags (BIO), intents; a request a line";

    /// <summary>Reads threes of files.</summary>
    /// <exception cref="DataException">Files that are not parallel, words without tags, a tag that is none; with file, line and column.</exception>
    public static TaggedData Read(IReadOnlyList<TextSource> sources)
    {
        if (sources.Count == 0 || sources.Count % 3 != 0) { throw new DataException($"{sources.Count} files where threes belong: {Form}"); }
        var sentences = new List<TaggedSentence>();
        for (int i = 0; i < sources.Count; i += 3) { Read(sources[i], sources[i + 1], sources[i + 2], sentences); }
        return sentences.Count > 0 ? new TaggedData(sentences) : throw new DataException($"{sources[0].Name}: there are no requests");
    }

    private static void Read(TextSource words, TextSource tags, TextSource intents, List<TaggedSentence> sentences)
    {
        using IEnumerator<TextLine> tagLines = TextLines.Read(tags).GetEnumerator(), intentLines = TextLines.Read(intents).GetEnumerator();
        foreach (TextLine line in TextLines.Read(words))
        {
            TextLine tagLine = Next(tagLines, tags, line), intent = Next(intentLines, intents, line);
            TextField[] wordFields = line.Split(' '), tagFields = tagLine.Split(' ');
            foreach (TextField field in wordFields)
            {
                if (field.Text.Length == 0) { throw field.Error("a word is missing: words are separated by single spaces"); }
            }

            if (wordFields.Length != tagFields.Length)
            {
                throw tagLine.Error($"{tagFields.Length} tags for the {wordFields.Length} words of {line.Source}:{line.Number}");
            }

            foreach (TextField field in tagFields)
            {
                if (!SpanTags.TryRead(field.Text, out SpanPart part, out string type) || (part != SpanPart.Outside && type.Length == 0))
                {
                    throw field.Error($"'{field.Text}' is no slot tag: O, B-type or I-type belongs here");
                }
            }

            if (string.IsNullOrWhiteSpace(intent.Text)) { throw intent.Error("the intent is missing"); }
            sentences.Add(new TaggedSentence(
                Array.ConvertAll(wordFields, field => field.Text), Array.ConvertAll(tagFields, field => field.Text), intent.Text.Trim()));
        }

        NoMore(tagLines, words);
        NoMore(intentLines, words);
    }

    private static TextLine Next(IEnumerator<TextLine> lines, TextSource source, TextLine at) =>
        lines.MoveNext() ? lines.Current : throw at.Error($"{source.Name} has no line for it: the three files must have equally many");

    private static void NoMore(IEnumerator<TextLine> lines, TextSource words)
    {
        if (lines.MoveNext()) { throw lines.Current.Error($"{words.Name} has no line for it: the three files must have equally many"); }
    }
}
