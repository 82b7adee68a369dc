using FsCheck;
using FsCheck.Fluent;
using RnnGpu.Nn.Data;
using RnnGpu.Tasks;
using RnnGpu.Tasks.CharLm;
using RnnGpu.Tasks.Language;
using Xunit;

namespace RnnGpu.Tests.Tasks;

public sealed class TokenStreamTests
{
    /// <summary>Text whose ids are their own positions, so that a window says where it was read.</summary>
    private static int[] Positions(int length) => [.. Enumerable.Range(0, length)];

    private static Arbitrary<(int Batch, int Steps, int Extra, ulong Seed)> Sizes() => (
        from batch in Gen.Choose(1, 9)
        from steps in Gen.Choose(1, 12)
        from extra in Gen.Choose(0, 300)
        from seed in Gen.Choose(0, 1000)
        select (batch, steps, extra, (ulong)seed)).ToArbitrary();

    private static TokenStream Make((int Batch, int Steps, int Extra, ulong Seed) sizes) =>
        new(Positions(((sizes.Batch + 1) * sizes.Steps) + sizes.Extra), sizes.Batch, sizes.Steps, sizes.Seed);

    private static (int[] Inputs, int[] Targets) Next(TokenStream stream)
    {
        int[] inputs = new int[stream.TokensPerWindow], targets = new int[stream.TokensPerWindow];
        stream.Next(inputs, targets);
        return (inputs, targets);
    }

    [Fact]
    public void Windows_continue_each_other_in_every_stream_and_streams_are_contiguous() => Properties.Check(Prop.ForAll(
        Sizes(),
        sizes =>
        {
            TokenStream stream = Make(sizes);
            int length = ((sizes.Batch + 1) * sizes.Steps) + sizes.Extra;
            for (int epoch = 0; epoch < 3; epoch++)
            {
                var seen = new HashSet<int>();
                int[]? before = null;
                for (int window = 0; window < stream.WindowsPerEpoch; window++)
                {
                    Assert.Equal(new TokenCursor(epoch, window), stream.Cursor);
                    Assert.Equal(window == 0, stream.StartsEpoch);
                    (int[] inputs, int[] targets) = Next(stream);
                    for (int b = 0; b < sizes.Batch; b++)
                    {
                        if (before is not null) { Assert.Equal(before[b], inputs[b]); }
                        for (int t = 0; t < sizes.Steps; t++)
                        {
                            int at = (t * sizes.Batch) + b;
                            Assert.True(seen.Add(inputs[at]));
                            Assert.Equal(inputs[at] + 1, targets[at]);
                            if (t > 0) { Assert.Equal(inputs[at - sizes.Batch] + 1, inputs[at]); }
                        }
                    }

                    before = targets[^sizes.Batch..];
                }

                // B streams of one block: contiguous, one after the other, and all of the text but less than T (B + 1) characters.
                Assert.Equal(seen.Count - 1, seen.Max() - seen.Min());
                Assert.True(length - seen.Count <= sizes.Steps * (sizes.Batch + 1));
            }
        }));

    [Fact]
    public void A_restored_cursor_gives_the_same_windows() => Properties.Check(Prop.ForAll(
        Sizes(),
        Gen.Choose(0, 40).ToArbitrary(),
        (sizes, steps) =>
        {
            TokenStream stream = Make(sizes);
            for (int i = 0; i < steps; i++) { Next(stream); }
            TokenStream restored = Make(sizes);
            restored.Cursor = stream.Cursor;
            for (int i = 0; i < 20; i++)
            {
                Assert.Equal(Next(stream), Next(restored), WindowComparer.Instance);
                Assert.Equal(stream.Cursor, restored.Cursor);
            }
        }));

    [Fact]
    public void Epochs_start_at_offsets_that_depend_on_seed_and_epoch_only()
    {
        int[] Offsets(ulong seed)
        {
            var stream = new TokenStream(Positions(10_000), 4, 50, seed);
            return [.. Enumerable.Range(0, 30).Select(epoch =>
            {
                stream.Cursor = new TokenCursor(epoch, 0);
                return stream.Offset;
            })];
        }

        int[] offsets = Offsets(1);
        Assert.Equal(offsets, Offsets(1));
        Assert.NotEqual(offsets, Offsets(2));
        Assert.True(offsets.Distinct().Count() > 15);
        Assert.All(offsets, offset => Assert.InRange(offset, 0, 250));
    }

    [Fact]
    public void Next_allocates_nothing()
    {
        var stream = new TokenStream(Positions(1000), 4, 16, 1);
        int[] inputs = new int[stream.TokensPerWindow], targets = new int[stream.TokensPerWindow];
        stream.Next(inputs, targets);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++) { stream.Next(inputs, targets); }
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.True(stream.Cursor.Epoch > 3);
    }

    [Fact]
    public void Text_too_short_for_a_window_says_what_to_change()
    {
        string message = Assert.Throws<DataException>(() => new TokenStream(Positions(49), 4, 10, 1)).Message;
        Assert.Contains("49 characters, but 4 streams in windows of 10 need 50", message, StringComparison.Ordinal);
        Assert.Equal(1, new TokenStream(Positions(50), 4, 10, 1).WindowsPerEpoch);
    }

    [Theory]
    [InlineData(-1, 0)]
    [InlineData(0, -1)]
    [InlineData(0, 2)]
    public void Cursors_that_do_not_fit_are_refused(long epoch, long window)
    {
        var stream = new TokenStream(Positions(110), 5, 10, 1);
        Assert.Equal(2, stream.WindowsPerEpoch);
        Assert.Throws<ArgumentOutOfRangeException>(() => stream.Cursor = new TokenCursor(epoch, window));
    }

    private sealed class WindowComparer : IEqualityComparer<(int[] Inputs, int[] Targets)>
    {
        public static readonly WindowComparer Instance = new();

        public bool Equals((int[] Inputs, int[] Targets) x, (int[] Inputs, int[] Targets) y) =>
            x.Inputs.SequenceEqual(y.Inputs) && x.Targets.SequenceEqual(y.Targets);

        public int GetHashCode((int[] Inputs, int[] Targets) window) => window.Inputs.Length;
    }
}
