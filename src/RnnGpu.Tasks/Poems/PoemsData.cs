using System.Text;
using RnnGpu.Nn.Data;
using RnnGpu.Tasks.Frame;

namespace RnnGpu.Tasks.Poems;

/// <summary>Poems, each a text without its line breaks.</summary>
public sealed class PoemsData(IReadOnlyList<string> poems) : TaskData
{
    /// <summary>What starts and ends a poem for the model.</summary>
    public const string End = "\n";

    /// <summary>The poems, in order.</summary>
    public IReadOnlyList<string> Poems { get; } = poems;

    /// <inheritdoc/>
    public override int Count => Poems.Count;

    /// <inheritdoc/>
    public override string Summary =>
        $"{Count:N0} poems, {Poems.Sum(Characters):N0} characters, {Poems.Count(static poem => PoemForm.LineLength(poem) is 5 or 7):N0} of four lines of 5 or 7";

    /// <inheritdoc/>
    public override TaskData Subset(IReadOnlyList<int> indices) => new PoemsData([.. indices.Select(i => Poems[i])]);

    /// <summary>The poems as ids, each between two end marks. Characters are Unicode scalar values, not UTF-16 units.</summary>
    public int[][] Encode(WordVocabulary characters)
    {
        int end = characters.Id(End);
        Span<char> units = stackalloc char[2];
        var encoded = new int[Count][];
        for (int i = 0; i < encoded.Length; i++)
        {
            var ids = new List<int> { end };
            foreach (Rune rune in Poems[i].EnumerateRunes()) { ids.Add(characters.Id(units[..rune.EncodeToUtf16(units)])); }
            encoded[i] = [.. ids, end];
        }

        return encoded;
    }

    private static long Characters(string poem)
    {
        long count = 0;
        foreach (Rune _ in poem.EnumerateRunes()) { count++; }
        return count;
    }
}
