using RnnGpu.Core;
using Xunit;

namespace RnnGpu.Tests;

/// <summary>The generator against the published answers, and what is built on it against its words.</summary>
public sealed class PhiloxTests
{
    /// <summary>Random123's known answers for philox4x32-10 (its file kat_vectors).</summary>
    [Theory]
    [InlineData(new uint[] { 0, 0, 0, 0 }, new uint[] { 0, 0 }, new[] { 0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u })]
    [InlineData(
        new[] { 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu }, new[] { 0xffffffffu, 0xffffffffu },
        new[] { 0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu })]
    [InlineData(
        new[] { 0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u }, new[] { 0xa4093822u, 0x299f31d0u },
        new[] { 0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u })]
    public void Blocks_equal_the_published_ones(uint[] counter, uint[] key, uint[] expected)
    {
        var words = new uint[4];
        Philox.Block(counter[0], counter[1], counter[2], counter[3], key[0], key[1], words);
        Assert.Equal(expected, words);
    }

    [Fact]
    public void A_key_names_counter_and_key_words()
    {
        var key = new RandomKey(Seed: 0x299f31d0_a4093822, Step: 0x13198a2e, Site: 0x03707344);
        var words = new uint[4];
        Philox.Block(key, 0x85a308d3_243f6a88, words);
        Assert.Equal([0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u], words);
    }

    [Fact]
    public void Streams_differ_in_every_part_of_their_key()
    {
        var start = new RandomKey(1, 2, 3);
        RandomKey[] keys =
        [
            start, start with { Seed = 2 }, start with { Seed = 1 + (1UL << 32) }, start with { Step = 3 }, start with { Step = 2 + (1UL << 32) },
            start with { Site = 4 },
        ];
        Assert.Equal(keys.Length, keys.Select(key => new PhiloxStream(key).NextUInt()).Distinct().Count());
    }

    [Fact]
    public void A_stream_reads_the_elements_in_order_and_resumes_anywhere()
    {
        var key = new RandomKey(5, 6, 7);
        var stream = new PhiloxStream(key);
        var words = new uint[4];
        for (int i = 0; i < 10; i++)
        {
            Philox.Block(key, (ulong)i / 4, words);
            Assert.Equal(words[i % 4], stream.NextUInt());
        }

        Assert.Equal(10UL, stream.Position);
        uint next = stream.NextUInt();
        Assert.Equal(next, new PhiloxStream(key) { Position = 10 }.NextUInt());
    }

    [Fact]
    public void Uniform_numbers_stay_below_one_and_spread_evenly()
    {
        Assert.Equal(0, Philox.ToUniform(0));
        Assert.Equal(1 - (1f / (1 << 24)), Philox.ToUniform(uint.MaxValue));
        var stream = new PhiloxStream(new RandomKey(1, 0, 0));
        const int Draws = 40000, Bins = 20;
        var counts = new int[Bins];
        for (int i = 0; i < Draws; i++) { counts[stream.NextInt(Bins)]++; }

        // Each bin is binomial with mean 2000 and standard deviation 44; six of them on either side.
        foreach (int count in counts) { Assert.InRange(count, 2000 - 264, 2000 + 264); }
    }

    [Fact]
    public void Normal_numbers_have_mean_zero_and_variance_one()
    {
        var stream = new PhiloxStream(new RandomKey(2, 0, 0));
        const int Draws = 40000;
        double sum = 0, squares = 0;
        for (int i = 0; i < Draws; i++)
        {
            double x = stream.NextNormal();
            sum += x;
            squares += x * x;
        }

        // Six standard errors: 1/sqrt(n) of the mean, sqrt(2/n) of the variance.
        Assert.InRange(sum / Draws, -6 / Math.Sqrt(Draws), 6 / Math.Sqrt(Draws));
        Assert.InRange(squares / Draws, 1 - (6 * Math.Sqrt(2.0 / Draws)), 1 + (6 * Math.Sqrt(2.0 / Draws)));
    }
}
