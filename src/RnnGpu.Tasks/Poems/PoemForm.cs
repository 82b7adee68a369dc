using System.Text;

namespace RnnGpu.Tasks.Poems;

/// <summary>The form of a quatrain: four lines of equally many characters, each with a mark of punctuation at its end and none inside.</summary>
public static class PoemForm
{
    /// <summary>Characters of each line, counted as Unicode scalar values; null where the form is broken.</summary>
    public static int? LineLength(string poem)
    {
        int lines = 0, length = 0, first = 0;
        foreach (Rune rune in poem.EnumerateRunes())
        {
            if (!Rune.IsPunctuation(rune))
            {
                if (Rune.IsWhiteSpace(rune)) { return null; }
                length++;
                continue;
            }

            if (lines == 0) { first = length; }
            if (length == 0 || length != first) { return null; }
            lines++;
            length = 0;
        }

        return lines == 4 && length == 0 ? first : null;
    }

    /// <summary>Whether a poem is a quatrain of lines of 5 or of 7.</summary>
    public static bool Keeps(string poem) => LineLength(poem) is 5 or 7;
}
