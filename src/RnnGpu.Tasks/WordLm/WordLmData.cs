using RnnGpu.Nn.Data;
using RnnGpu.Tasks.Frame;

namespace RnnGpu.Tasks.WordLm;

/// <summary>Lines of words, each with its end mark.</summary>
public sealed class WordLmData(IReadOnlyList<string[]> lines) : TaskData
{
    /// <summary>The lines, in order.</summary>
    public IReadOnlyList<string[]> Lines { get; } = lines;

    /// <inheritdoc/>
    public override int Count => Lines.Count;

    /// <inheritdoc/>
    public override string Summary => $"{Count:N0} lines, {Lines.Sum(static line => (long)line.Length):N0} words with the ends of lines";

    /// <inheritdoc/>
    public override TaskData Subset(IReadOnlyList<int> indices) => new WordLmData([.. indices.Select(i => Lines[i])]);

    /// <summary>All lines, one after the other, as ids.</summary>
    public int[] Encode(WordVocabulary words) => [.. Lines.SelectMany(static line => line).Select(word => words.Id(word))];
}
