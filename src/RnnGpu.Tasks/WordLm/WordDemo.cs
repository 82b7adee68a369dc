using RnnGpu.Core;

namespace RnnGpu.Tasks.WordLm;

/// <summary>
/// A made-up language whose entropy is known: a line is <c>the NOUN VERB the NOUN</c> with a noun of four, then one of the two verbs that go
/// with it, then one of four nouns, all equally likely. Its six tokens hold <c>log(4) + log(2) + log(4)</c> nats, so no model's
/// perplexity is below <c>32^(1/6) = 1.78</c>.
/// </summary>
public static class WordDemo
{
    private const uint Site = 0x574F5244;

    private static readonly string[] Nouns = ["dog", "cat", "bird", "child"];
    private static readonly string[][] Verbs = [["bites", "hears"], ["scratches", "sees"], ["follows", "hears"], ["sees", "feeds"]];

    /// <summary>The lowest perplexity that a model can have.</summary>
    public static double BestPerplexity => Math.Pow(32, 1.0 / 6);

    /// <summary>Lines of the language.</summary>
    public static List<string[]> Lines(int count, ulong seed)
    {
        var random = new PhiloxStream(new RandomKey(seed, 0, Site));
        var lines = new List<string[]>(count);
        for (int i = 0; i < count; i++)
        {
            int noun = random.NextInt(4);
            lines.Add(["the", Nouns[noun], Verbs[noun][random.NextInt(2)], "the", Nouns[random.NextInt(4)], WordLmTask.EndOfLine]);
        }

        return lines;
    }
}
