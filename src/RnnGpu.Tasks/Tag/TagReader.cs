using RnnGpu.Nn.Data;
using RnnGpu.Tasks.Labelling;

namespace RnnGpu.Tasks.Tag;

/// <summary>
/// Reads tagged sentences. CoNLL-U (ten columns between TABs, comments behind #, multiword tokens and empty nodes, whose ids have a hyphen
/// or a dot, left out): the tag is UPOS or XPOS. Or two columns, token TAB tag. A line that is blank but for spaces and TABs ends a
/// sentence. Which of the two a file is, its first line of fields tells.
/// </summary>
public static class TagReader
{
    /// <summary>The form in a line.</summary>
    public const string Form = "CoNLL-U, or a token a line as token TAB tag; a blank line ends a sentence";

    private const int ConlluColumns = 10;

    private static readonly HashSet<string> UniversalTags = new(
        "ADJ ADP ADV AUX CCONJ DET INTJ NOUN NUM PART PRON PROPN PUNCT SCONJ SYM VERB X".Split(' '), StringComparer.Ordinal);

    /// <summary>Reads files.</summary>
    /// <param name="sources">Files.</param>
    /// <param name="fine">Whether the tags of CoNLL-U files are XPOS instead of UPOS.</param>
    /// <exception cref="DataException">A wrong number of columns, an unknown tag, bad UTF-8; with file, line and column.</exception>
    public static TaggedData Read(IReadOnlyList<TextSource> sources, bool fine)
    {
        var sentences = new List<TaggedSentence>();
        foreach (TextSource source in sources) { new FileReader(fine, sentences).Read(source); }
        return sentences.Count > 0 ? new TaggedData(sentences) : throw new DataException($"{sources[0].Name}: there are no sentences ({Form})");
    }

    private sealed class FileReader(bool fine, List<TaggedSentence> sentences)
    {
        private readonly List<string> _words = [], _tags = [];
        private bool? _conllu;
        private bool _spans;
        private TextField? _noSpan;

        public void Read(TextSource source)
        {
            foreach (TextLine line in TextLines.Read(source))
            {
                if (string.IsNullOrWhiteSpace(line.Text)) { EndSentence(); }
                else if (!(_conllu ?? true) || !IsComment(line)) { ReadToken(line); }
            }

            EndSentence();
            if (_spans && _noSpan is { } field) { throw field.Error($"'{field.Text}' is no tag of a span: O, B-type or I-type belongs here, as elsewhere in the file"); }
        }

        /// <summary>Tokens may begin with # too, but then have fields.</summary>
        private static bool IsComment(TextLine line) => line.Text[0] == '#' && !line.Text.Contains('\t', StringComparison.Ordinal);

        private void ReadToken(TextLine line)
        {
            _conllu ??= line.Split('\t').Length == ConlluColumns;
            if (_conllu.Value) { ReadConllu(line); }
            else { ReadColumns(line); }
        }

        private void ReadConllu(TextLine line)
        {
            TextField[] fields = line.Split('\t', ConlluColumns, "CoNLL-U");
            if (fields[0].Text.AsSpan().IndexOfAny('-', '.') > 0) { return; }
            fields[0].Whole(1, int.MaxValue);
            TextField tag = fields[fine ? 4 : 3];
            if (fields[1].Text.Length == 0) { throw fields[1].Error("the word is missing"); }
            if (tag.Text is "" or "_") { throw tag.Error($"the {(fine ? "XPOS" : "UPOS")} tag is missing"); }
            if (!fine && !UniversalTags.Contains(tag.Text)) { throw tag.Error($"'{tag.Text}' is no universal part of speech; there are {string.Join(' ', UniversalTags)}"); }
            Add(fields[1].Text, tag.Text);
        }

        private void ReadColumns(TextLine line)
        {
            TextField[] fields = line.Split('\t', 2, "token TAB tag");
            if (fields[0].Text.Trim().Length == 0) { throw fields[0].Error("the token is missing"); }
            if (fields[1].Text.Length == 0 || fields[1].Text.AsSpan().ContainsAny(' ', '\u00A0')) { throw fields[1].Error($"'{fields[1].Text}' is no tag: one word belongs here"); }
            _spans |= fields[1].Text.StartsWith("B-", StringComparison.Ordinal);
            if (!SpanTags.TryRead(fields[1].Text, out _, out _)) { _noSpan ??= fields[1]; }
            Add(fields[0].Text, fields[1].Text);
        }

        private void Add(string word, string tag)
        {
            _words.Add(word);
            _tags.Add(tag);
        }

        private void EndSentence()
        {
            if (_words.Count > 0) { sentences.Add(new TaggedSentence([.. _words], [.. _tags])); }
            _words.Clear();
            _tags.Clear();
        }
    }
}
