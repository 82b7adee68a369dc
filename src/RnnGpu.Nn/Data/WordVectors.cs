namespace RnnGpu.Nn.Data;

/// <summary>
/// Vectors of words from a text file in the form of GloVe and word2vec: a word and its numbers between single spaces, a word a line. A first line of two
/// whole numbers (word2vec's header) is passed over. The file is read a line at a time.
/// </summary>
public static class WordVectors
{
    /// <summary>Overwrites the rows of known words that the file has; of several spellings of one, the first is taken.</summary>
    /// <param name="source">The file.</param>
    /// <param name="vocabulary">Row of each word.</param>
    /// <param name="normalise">How the vocabulary writes words.</param>
    /// <param name="table"><c>[V, E]</c>.</param>
    /// <returns>How many words were found.</returns>
    /// <exception cref="DataException">A line that has not E numbers; with file, line and column. Then the table is unchanged.</exception>
    public static int Load(TextSource source, WordVocabulary vocabulary, Func<string, string> normalise, Parameter table)
    {
        ArgumentNullException.ThrowIfNull(vocabulary);
        ArgumentNullException.ThrowIfNull(normalise);
        ArgumentNullException.ThrowIfNull(table);
        if (table.Shape.Rank != 2 || table.Shape[0] != vocabulary.Size) { throw new ArgumentException($"a table {table} does not fit {vocabulary.Size} words", nameof(table)); }
        int size = table.Shape[1], found = 0;
        float[] values = table.ToArray();
        var taken = new bool[vocabulary.Size];
        foreach (TextLine line in TextLines.Read(source))
        {
            TextField[] fields = line.Split(' ');

            // fastText ends its lines with a space.
            if (fields.Length > 1 && fields[^1].Text.Length == 0) { fields = fields[..^1]; }
            if (line.Number == 1 && fields.Length == 2 && size != 1) { continue; }
            if (fields.Length != size + 1) { throw line.Error($"{fields.Length - 1} numbers where {size} belong (the size of a word's vector); set the size to the file's"); }
            int id = vocabulary.Id(normalise(fields[0].Text));
            if (id == WordVocabulary.UnknownId || taken[id]) { continue; }
            for (int i = 0; i < size; i++) { values[(id * size) + i] = (float)fields[i + 1].Number(); }
            taken[id] = true;
            found++;
        }

        table.Load(values);
        return found;
    }
}
