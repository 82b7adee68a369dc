using RnnGpu.Tasks.CharLm;
using RnnGpu.Tasks.Language;
using Xunit;

namespace RnnGpu.Tests.Tasks;

public sealed class TokenSamplerTests
{
    private static readonly float[] Logits = [9f, 0f, 2f, 1f, -1f];

    private static int[] Counts(double temperature, double topP, int draws = 20_000)
    {
        var sampler = new TokenSampler(Logits.Length, temperature, topP, seed: 3);
        var counts = new int[Logits.Length];
        for (int i = 0; i < draws; i++) { counts[sampler.Draw(Logits)]++; }
        return counts;
    }

    [Theory]
    [InlineData(1.0)]
    [InlineData(0.5)]
    [InlineData(2.0)]
    public void Frequencies_follow_the_softmax_without_the_unknown_character(double temperature)
    {
        const int Draws = 20_000;
        int[] counts = Counts(temperature, 1, Draws);
        double sum = Logits[1..].Sum(logit => Math.Exp(logit / temperature));
        Assert.Equal(0, counts[0]);
        for (int id = 1; id < Logits.Length; id++)
        {
            double p = Math.Exp(Logits[id] / temperature) / sum;

            // Five standard deviations of a binomial count.
            Assert.InRange(counts[id], (Draws * p) - (5 * Math.Sqrt(Draws * p)), (Draws * p) + (5 * Math.Sqrt(Draws * p)));
        }
    }

    [Fact]
    public void Temperature_zero_takes_the_likeliest() => Assert.Equal([0, 0, 50, 0, 0], Counts(0, 1, 50));

    [Fact]
    public void The_nucleus_holds_the_smallest_set_that_reaches_top_p()
    {
        // Probabilities of ids 1 to 4: 0.09, 0.64, 0.24, 0.03.
        Assert.Equal([0, 0, 500, 0, 0], Counts(1, 0.6, 500));
        int[] two = Counts(1, 0.8);
        Assert.Equal(0, two[1] + two[4]);
        Assert.True(two[3] > 4000);
        int[] three = Counts(1, 0.9);
        Assert.Equal(0, three[4]);
        Assert.True(three[1] > 1000);
    }

    [Fact]
    public void Same_seed_same_draws()
    {
        int[] Draws(ulong seed)
        {
            var sampler = new TokenSampler(Logits.Length, 1, 1, seed);
            return [.. Enumerable.Range(0, 100).Select(_ => sampler.Draw(Logits))];
        }

        Assert.Equal(Draws(1), Draws(1));
        Assert.NotEqual(Draws(1), Draws(2));
    }

    [Fact]
    public void Logits_that_are_no_numbers_are_refused() =>
        Assert.Throws<NotFiniteNumberException>(() => new TokenSampler(3, 1, 1, 1).Draw([0f, float.NaN, 1f]));
}
