namespace RnnGpu.Tasks.Language;

/// <summary>
/// Sites of the language models' own random streams (<see cref="Core.RandomKey.Site"/>), above the numbers that layers of a network take.
/// </summary>
internal static class RandomSites
{
    /// <summary>Where each epoch starts in the text; the step is the epoch.</summary>
    public const uint EpochOffset = 0xC4A20001;

    /// <summary>Choice of sampled tokens.</summary>
    public const uint Sampling = 0xC4A20002;
}
