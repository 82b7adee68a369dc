using RnnGpu.Nn.Data;
using RnnGpu.Tasks.Frame;

namespace RnnGpu.Tasks.WordLm;

/// <summary>Lines of words, each with its end mark: held, or read from a file again whenever they are gone through.</summary>
public sealed class WordLmData : TaskData
{
    private readonly IReadOnlyList<string[]>? _held;
    private readonly long _words;

    /// <summary>Lines in memory.</summary>
    public WordLmData(IReadOnlyList<string[]> lines)
    {
        _held = lines;
        Lines = lines;
        Count = lines.Count;
        _words = lines.Sum(static line => (long)line.Length);
    }

    /// <summary>Lines of a file that may be larger than memory. Goes through it once, so that what is malformed shows now.</summary>
    /// <param name="path">The file.</param>
    /// <param name="lines">Its lines, read anew by every enumeration.</param>
    public WordLmData(string path, IEnumerable<string[]> lines)
    {
        Path = path;
        Lines = lines;
        foreach (string[] line in lines)
        {
            Count++;
            _words += line.Length;
        }
    }

    /// <summary>The file that is read again and again, or null where the lines are held.</summary>
    public string? Path { get; }

    /// <summary>The lines, in order.</summary>
    public IEnumerable<string[]> Lines { get; }

    /// <inheritdoc/>
    public override int Count { get; }

    /// <inheritdoc/>
    public override string Summary => $"{Count:N0} lines, {_words:N0} words with the ends of lines{(Path is null ? "" : ", streamed")}";

    /// <inheritdoc/>
    public override TaskData Subset(IReadOnlyList<int> indices) => _held is not null
        ? new WordLmData([.. indices.Select(i => _held[i])])
        : throw new DataException($"{Path}: a streamed text is not cut in parts: name a file for validation with --valid, or leave --stream out");

    /// <summary>All lines, one after the other, as ids.</summary>
    public int[] Encode(WordVocabulary words) => [.. Lines.SelectMany(static line => line).Select(word => words.Id(word))];
}
