using System.Text;
using System.Text.Json.Nodes;
using RnnGpu.Nn.Checkpoints;
using RnnGpu.Nn.Data;
using Xunit;

namespace RnnGpu.Tests.Frame;

/// <summary>Lines, fields, vocabularies and batches by length.</summary>
public sealed class TextDataTests
{
    [Fact]
    public void Lines_end_at_line_feeds_only()
    {
        TextLine[] lines = [.. TextLines.Read(TextSource.String("a", "\uFEFFone\r\ntwo\u0085three\u2028x\n\nlast"))];
        Assert.Equal(["one", "two\u0085three\u2028x", "", "last"], lines.Select(line => line.Text));
        Assert.Equal([1L, 2, 3, 4], lines.Select(line => line.Number));
    }

    [Fact]
    public void Lines_longer_than_the_buffer_are_whole()
    {
        string text = new string('x', 200_000) + "\n" + new string('y', 70_000);
        Assert.Equal([200_000, 70_000], TextLines.Read(TextSource.String("a", text)).Select(line => line.Text.Length));
    }

    [Theory]
    [InlineData(new byte[] { (byte)'a', (byte)'\n', (byte)'b', 0xFF }, "f:2:2: not UTF-8 text: invalid byte 0xFF")]
    [InlineData(new byte[] { (byte)'a', 0 }, "f:1:2: not text but binary")]
    public void What_is_no_text_is_refused(byte[] bytes, string message)
    {
        var error = Assert.Throws<DataException>(() => TextLines.Read(new TextSource("f", () => new MemoryStream(bytes))).Count());
        Assert.StartsWith(message, error.Message);
    }

    [Fact]
    public void Missing_files_are_named() =>
        Assert.Equal("no/such/file: no such file", Assert.Throws<DataException>(() => TextLines.Read(TextSource.File("no/such/file")).Count()).Message);

    [Fact]
    public void Fields_know_their_columns()
    {
        TextField[] fields = new TextLine("f", 7, "ab\t1.5\tNA").Split('\t');
        Assert.Equal((1, 4, 8), (fields[0].Column, fields[1].Column, fields[2].Column));
        Assert.Equal(1.5, fields[1].Number());
        Assert.Equal("f:7:8: 'NA' is not a number", Assert.Throws<DataException>(() => fields[2].Number()).Message);
        Assert.StartsWith("f:7: 3 fields where 2 belong", Assert.Throws<DataException>(() => fields[0].Line.Split('\t', 2, "a b")).Message);
    }

    [Fact]
    public void Vocabularies_are_in_order_of_frequency_and_survive_a_checkpoint()
    {
        WordVocabulary words = WordVocabulary.Of("b a c b a d b".Split(' '), minCount: 1, maxSize: 5);
        Assert.Equal(["b", "a", "c"], words.Words);
        Assert.Equal((2, 3, WordVocabulary.UnknownId), (words.Id("b"), words.Id("a"), words.Id("d")));
        var json = new JsonObject { ["words"] = words.ToJson(), ["twice"] = new JsonArray("x", "x") };
        CheckpointSection section = CheckpointSection.Of(json, "test");
        Assert.Equal(words.Words, WordVocabulary.Read(section, "words").Words);
        Assert.Throws<CheckpointException>(() => WordVocabulary.Read(section, "twice"));
        Assert.Throws<CheckpointException>(() => LabelSet.Read(section, "twice"));
    }

    [Fact]
    public void Every_epoch_has_every_sample_once_and_resumes_anywhere()
    {
        int[] lengths = [.. Enumerable.Range(0, 103).Select(i => (i * 37 % 50) + 1)];
        BucketedBatches<List<int>> New() => new(lengths, 8, (batch, samples) =>
        {
            batch.Clear();
            foreach (int sample in samples) { batch.Add(sample); }
        }, seed: 5, window: 4);
        BucketedBatches<List<int>> source = New();
        var seen = new List<string>();
        for (int epoch = 0; epoch < 2; epoch++)
        {
            var samples = new List<int>();
            do
            {
                var batch = new List<int>();
                source.Next(batch);
                samples.AddRange(batch);
                seen.Add(string.Join(' ', batch));
            }
            while (!source.EpochEnded);
            Assert.Equal(Enumerable.Range(0, 103), samples.Order());
        }

        Assert.Equal(13 * 2, seen.Count);
        Assert.NotEqual(seen[0], seen[13]);
        BucketedBatches<List<int>> first = New(), resumed = New();
        var held = new List<int>();
        for (int i = 0; i < 17; i++) { first.Next(held); }
        var cursor = new JsonObject();
        first.Save(cursor);
        resumed.Restore(CheckpointSection.Of(cursor, "cursor"));
        for (int i = 17; i < 26; i++)
        {
            resumed.Next(held);
            Assert.Equal(seen[i], string.Join(' ', held));
        }
    }

    [Fact]
    public void Buckets_hold_like_lengths()
    {
        int[] lengths = [.. Enumerable.Range(0, 640).Select(i => (i * 7919 % 100) + 1)];
        long padded = 0;
        var source = new BucketedBatches<int[]>(lengths, 16, (_, samples) =>
        {
            int longest = 0;
            foreach (int sample in samples) { longest = Math.Max(longest, lengths[sample]); }
            padded += (long)longest * samples.Length;
        }, seed: 1);
        do { source.Next([]); } while (!source.EpochEnded);
        Assert.True(padded < 1.1 * lengths.Sum(), $"{padded} padded steps for {lengths.Sum()}");
    }
}
