using System.Runtime.InteropServices;
using System.Security.Cryptography;
using RnnGpu.Tasks.CharLm;

namespace RnnGpu.Cli.Training;

/// <summary>The text of a run, cut and encoded.</summary>
internal sealed class TrainingText
{
    private TrainingText(TextCorpus corpus, IReadOnlyList<string> paths, double validationFraction, Vocabulary? vocabulary)
    {
        (ReadOnlyMemory<int> training, ReadOnlyMemory<int> validation) = corpus.Split(validationFraction);
        Corpus = corpus;
        Paths = paths;
        Fingerprint = Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes(corpus.CodePoints.Span)));
        Vocabulary = vocabulary ?? Vocabulary.Of(training.Span);
        Training = Vocabulary.Encode(training.Span);
        Validation = Vocabulary.Encode(validation.Span);
    }

    /// <summary>The text and its files.</summary>
    public TextCorpus Corpus { get; }

    /// <summary>Where it was read from, as absolute paths; empty for the project's own sources.</summary>
    public IReadOnlyList<string> Paths { get; }

    /// <summary>SHA-256 over the text's characters: tells whether a resumed run reads the same text.</summary>
    public string Fingerprint { get; }

    /// <summary>Characters of the training part, or the given vocabulary.</summary>
    public Vocabulary Vocabulary { get; }

    /// <summary>Ids of the training part.</summary>
    public int[] Training { get; }

    /// <summary>Ids of the validation part.</summary>
    public int[] Validation { get; }

    /// <summary>Reads the text of a run.</summary>
    /// <param name="paths">Files and directories; none: the project's own sources.</param>
    /// <param name="validationFraction">Part for validation.</param>
    /// <param name="vocabulary">Of the run being resumed; null: that of the training part.</param>
    public static TrainingText Read(IReadOnlyList<string> paths, double validationFraction, Vocabulary? vocabulary = null)
    {
        TextCorpus corpus = paths.Count == 0 ? ProjectSources.Read() : TextCorpus.Read(paths);
        return new TrainingText(corpus, [.. paths.Select(Path.GetFullPath)], validationFraction, vocabulary);
    }
}
