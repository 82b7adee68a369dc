using RnnGpu.Core;
using RnnGpu.Nn;
using RnnGpu.Nn.Data;
using Xunit;

namespace RnnGpu.Tests.Nn;

public sealed class SpanF1Tests : NnTestBase
{
    private static readonly string[] Names = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC", "B-MISC", "I-MISC"];

    /// <summary>Gold tags, predicted tags, gold spans, found spans, correct spans, right tokens.</summary>
    [Theory]
    [InlineData("O O O B-MISC I-MISC I-MISC O | B-PER I-PER O", "O O B-MISC I-MISC I-MISC I-MISC O | B-PER I-PER O", 2, 2, 1, 8)]   // the example of seqeval's README: F1 0.5, accuracy 0.8
    [InlineData("B-PER I-PER O", "B-PER I-PER O", 1, 1, 1, 3)]
    [InlineData("B-PER I-PER O", "B-PER O O", 1, 1, 0, 2)]         // too short
    [InlineData("B-PER O O", "B-PER I-PER O", 1, 1, 0, 2)]         // too long
    [InlineData("B-PER I-PER", "B-LOC I-LOC", 1, 1, 0, 0)]         // wrong type
    [InlineData("O I-PER I-PER O", "O B-PER I-PER O", 1, 1, 1, 3)] // I behind O starts a span
    [InlineData("B-PER B-PER", "B-PER I-PER", 2, 1, 0, 1)]         // B ends the span before it
    [InlineData("B-PER I-LOC I-LOC", "B-PER B-LOC I-LOC", 2, 2, 2, 2)] // another type starts a span
    [InlineData("B-PER | I-PER", "B-PER | I-PER", 2, 2, 2, 2)]     // a sentence's end ends its span
    [InlineData("O O", "O O", 0, 0, 0, 2)]
    public void CountsAreConllevals(string gold, string predicted, long golds, long found, long correct, long tokens)
    {
        var metric = new SpanF1(new SpanTags(Names));
        foreach ((string g, string p) in gold.Split(" | ").Zip(predicted.Split(" | "))) { metric.Update(Ids(Names, p), Ids(Names, g)); }
        Assert.Equal(new SpanCounts(golds, found, correct), metric.Total);
        Assert.Equal(tokens, metric.CorrectTokens);
        Assert.Equal(found == 0 ? 0 : (double)correct / found, metric.Total.Precision);
        Assert.Equal(correct == 0 ? 0 : 2.0 * correct / (golds + found), metric.Value);
    }

    [Theory]
    [InlineData("B E S", "B E S", 2, 2, 2)]
    [InlineData("B M E S S", "B E B E S", 3, 3, 1)]
    [InlineData("S S", "B E", 2, 1, 0)]
    [InlineData("B E B E", "B M M E", 2, 1, 0)]
    [InlineData("B E", "M E", 1, 1, 1)]        // M behind the edge starts a word
    [InlineData("S B E", "E B E", 2, 2, 2)]    // and so does E
    public void WordsAreSpansOfNoType(string gold, string predicted, long golds, long found, long correct)
    {
        string[] names = ["B", "M", "E", "S"];
        var metric = new SpanF1(new SpanTags(names));
        metric.Update(Ids(names, predicted), Ids(names, gold));
        Assert.Equal(new SpanCounts(golds, found, correct), metric.Total);
    }

    [Fact]
    public void RandomTagsGiveTheCountsOfTheScriptConlleval()
    {
        var random = new PhiloxStream(new RandomKey(5, 0, 1));
        var metric = new SpanF1(new SpanTags(Names));
        var script = new Conlleval();
        for (int sentence = 0; sentence < 500; sentence++)
        {
            int[] gold = [.. Enumerable.Range(0, 1 + random.NextInt(12)).Select(_ => random.NextInt(Names.Length))];
            int[] predicted = [.. gold.Select(tag => random.NextInt(3) == 0 ? random.NextInt(Names.Length) : tag)];
            metric.Update(predicted, gold);
            script.Sentence([.. gold.Select(tag => Names[tag])], [.. predicted.Select(tag => Names[tag])]);
        }

        Assert.True(script.Correct > 100);
        Assert.Equal(new SpanCounts(script.Gold, script.Guessed, script.Correct), metric.Total);
        Assert.Equal(script.CorrectTags, metric.CorrectTokens);
    }

    [Fact]
    public void TypesAreCountedApartAndBatchesEndAtNegativeTargets()
    {
        var tags = new SpanTags(Names);
        var metric = new SpanF1(tags);
        Assert.True(double.IsNaN(metric.Value));
        int[] gold = [1, 3, 2, -1, 0, -1], predicted = [1, 5, 2, 6, 0, 0];
        metric.Update(Device.Tensor(predicted, new Shape(3, 2)), Device.Tensor(gold, new Shape(3, 2)));
        Assert.Equal(["PER", "LOC", "MISC"], tags.Types);
        Assert.Equal(new SpanCounts(1, 1, 1), metric.OfType(0));
        Assert.Equal(new SpanCounts(1, 0, 0), metric.OfType(1));
        Assert.Equal(new SpanCounts(0, 1, 0), metric.OfType(2));
        Assert.Equal((4L, 0.75), (metric.Tokens, metric.Accuracy));
        metric.Reset();
        Assert.Equal(new SpanCounts(0, 0, 0), metric.Total);

        var accuracy = new TagAccuracy();
        accuracy.Update(Device.Tensor(predicted, new Shape(3, 2)), Device.Tensor(gold, new Shape(3, 2)));
        Assert.Equal(0.75, accuracy.Value);
    }

    [Fact]
    public void TagsThatMarkNoSpanAreNamed()
    {
        Assert.Contains("'X-PER'", Assert.Throws<ArgumentException>(() => new SpanTags(["O", "X-PER"])).Message);
        Assert.Contains("'NOUN'", Assert.Throws<ArgumentException>(() => new SpanTags(["NOUN"])).Message);
        Assert.Equal(TagScheme.Bio, new SpanTags(["O", "B-a-b", "I-a-b"]).Scheme);
        Assert.Equal(["a-b"], new SpanTags(["O", "B-a-b", "I-a-b"]).Types);
        Assert.Equal(TagScheme.Bmes, new SpanTags(["B", "M", "E", "S"]).Scheme);
    }

    private static int[] Ids(string[] names, string tags) => [.. tags.Split(' ').Select(tag => Array.IndexOf(names, tag))];

    /// <summary>The counting loop of the script conlleval (Tjong Kim Sang 2004), for tags B, I and O.</summary>
    private sealed class Conlleval
    {
        public long Gold, Guessed, Correct, CorrectTags;

        public void Sentence(string[] gold, string[] guessed)
        {
            string lastGold = "O", lastGuessed = "O", lastGoldType = "", lastGuessedType = "";
            bool inCorrect = false;
            for (int i = 0; i <= gold.Length; i++)
            {
                (string g, string gType) = Cut(i < gold.Length ? gold[i] : "O");
                (string p, string pType) = Cut(i < gold.Length ? guessed[i] : "O");
                bool goldEnds = EndOfChunk(lastGold, g, lastGoldType, gType), guessedEnds = EndOfChunk(lastGuessed, p, lastGuessedType, pType);
                if (inCorrect)
                {
                    if (goldEnds && guessedEnds && lastGuessedType == lastGoldType)
                    {
                        inCorrect = false;
                        Correct++;
                    }
                    else if (goldEnds != guessedEnds || pType != gType)
                    {
                        inCorrect = false;
                    }
                }

                bool goldStarts = StartOfChunk(lastGold, g, lastGoldType, gType), guessedStarts = StartOfChunk(lastGuessed, p, lastGuessedType, pType);
                if (goldStarts && guessedStarts && pType == gType) { inCorrect = true; }
                if (goldStarts) { Gold++; }
                if (guessedStarts) { Guessed++; }
                if (i < gold.Length && g == p && gType == pType) { CorrectTags++; }
                (lastGold, lastGuessed, lastGoldType, lastGuessedType) = (g, p, gType, pType);
            }
        }

        private static (string Tag, string Type) Cut(string tag) => tag == "O" ? ("O", "") : (tag[..1], tag[2..]);

        private static bool EndOfChunk(string before, string tag, string typeBefore, string type) =>
            (before == "B" && (tag == "B" || tag == "O")) || (before == "I" && (tag == "B" || tag == "O"))
            || (before != "O" && typeBefore != type);

        private static bool StartOfChunk(string before, string tag, string typeBefore, string type) =>
            (tag == "B") || (before == "O" && tag == "I")
            || (tag != "O" && typeBefore != type);
    }
}
