using RnnGpu.Core;

namespace RnnGpu.Nn.Data;

/// <summary>
/// Word dropout: in training a word becomes unknown with a probability of its own, so that the unknown word's vector is learned. By
/// default <c>alpha / (alpha + count)</c> (Kiperwasser and Goldberg 2016): rare words often, frequent ones hardly ever. Which ones
/// depends on the device's seed and step only.
/// </summary>
public sealed class WordDropout
{
    private readonly Device _device;
    private readonly float[] _probabilities;
    private readonly uint _site;

    /// <summary>With a probability for each word.</summary>
    /// <param name="device">Its seed and step decide.</param>
    /// <param name="probabilities">By word id, 0 to 1; 0 for padding.</param>
    public WordDropout(Device device, float[] probabilities)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(probabilities);
        _device = device;
        _probabilities = probabilities;
        _site = device.NextSites();
    }

    /// <summary>With <c>alpha / (alpha + count)</c>.</summary>
    /// <param name="device">Its seed and step decide.</param>
    /// <param name="vocabulary">Ids.</param>
    /// <param name="words">The training text, with repetitions.</param>
    /// <param name="alpha">0 for none; 0.25 is usual.</param>
    public static WordDropout ByFrequency(Device device, WordVocabulary vocabulary, IEnumerable<string> words, double alpha)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(alpha);
        var counts = new long[vocabulary.Size];
        foreach (string word in words) { counts[vocabulary.Id(word)]++; }
        var probabilities = new float[vocabulary.Size];
        for (int id = WordVocabulary.UnknownId + 1; id < counts.Length; id++)
        {
            probabilities[id] = counts[id] == 0 ? 0f : (float)(alpha / (alpha + counts[id]));
        }

        return new WordDropout(device, probabilities);
    }

    /// <summary>Replaces some words by <see cref="WordVocabulary.UnknownId"/>.</summary>
    /// <param name="ids">Word ids; overwritten.</param>
    public void Apply(Span<int> ids)
    {
        var key = new RandomKey(_device.Seed, _device.Step, _site);
        Span<uint> draw = stackalloc uint[4];
        for (int i = 0; i < ids.Length; i++)
        {
            if (i % 4 == 0) { Philox.Block(key, (ulong)(i / 4), draw); }
            if (Philox.ToUniform(draw[i % 4]) < _probabilities[ids[i]]) { ids[i] = WordVocabulary.UnknownId; }
        }
    }
}
