namespace RnnGpu.Tasks.Sentiment;

/// <summary>
/// Cuts a text into words: lower case, runs of letters, digits and apostrophes; of other characters only <c>. , ! ?</c> count, each a word of its own. The
/// line break of web pages, <c>&lt;br /&gt;</c>, is a space.
/// </summary>
public static class Words
{
    /// <summary>The words.</summary>
    /// <param name="text">As written.</param>
    /// <param name="pool">Words met before: each is one string, however often it comes.</param>
    public static string[] Of(string text, Dictionary<string, string>? pool = null)
    {
        string rest = text.Replace("<br />", " ", StringComparison.OrdinalIgnoreCase).ToLowerInvariant();
        var words = new List<string>();
        for (int i = 0; i < rest.Length; i++)
        {
            int start = i;
            while (i < rest.Length && (char.IsLetterOrDigit(rest[i]) || rest[i] == '\'')) { i++; }
            if (i > start)
            {
                words.Add(Pooled(rest[start..i], pool));
                i--;
            }
            else if (rest[i] is '.' or ',' or '!' or '?') { words.Add(Pooled(rest[i..(i + 1)], pool)); }
        }

        return [.. words];
    }

    private static string Pooled(string word, Dictionary<string, string>? pool)
    {
        if (pool is null) { return word; }
        if (pool.TryGetValue(word, out string? known)) { return known; }
        pool.Add(word, word);
        return word;
    }
}
