using RnnGpu.Tasks.Frame;

namespace RnnGpu.Tasks.Labelling;

/// <summary>A sentence with a tag a word.</summary>
/// <param name="Words">Words.</param>
/// <param name="Tags">As many tags.</param>
/// <param name="Label">What the sentence as a whole is, for tasks that ask; else empty.</param>
public sealed record TaggedSentence(string[] Words, string[] Tags, string Label = "");

/// <summary>Sentences as read.</summary>
/// <param name="sentences">At least one, each with at least one word.</param>
public sealed class TaggedData(IReadOnlyList<TaggedSentence> sentences) : TaskData
{
    /// <summary>The sentences.</summary>
    public IReadOnlyList<TaggedSentence> Sentences { get; } = sentences;

    /// <inheritdoc/>
    public override int Count => Sentences.Count;

    /// <inheritdoc/>
    public override string Summary
    {
        get
        {
            int tags = Tags.Distinct(StringComparer.Ordinal).Count(), labels = Sentences.Select(sentence => sentence.Label).Distinct(StringComparer.Ordinal).Count();
            return $"{Count:N0} sentences, {Sentences.Sum(sentence => (long)sentence.Words.Length):N0} words, {tags} tags{(labels > 1 ? $", {labels} labels" : "")}";
        }
    }

    /// <summary>All words, with repetitions.</summary>
    public IEnumerable<string> Words => Sentences.SelectMany(sentence => sentence.Words);

    /// <summary>All tags, with repetitions.</summary>
    public IEnumerable<string> Tags => Sentences.SelectMany(sentence => sentence.Tags);

    /// <inheritdoc/>
    public override TaskData Subset(IReadOnlyList<int> indices) => new TaggedData([.. indices.Select(i => Sentences[i])]);
}
