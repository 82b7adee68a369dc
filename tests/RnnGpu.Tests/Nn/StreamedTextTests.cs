using System.Text;
using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using RnnGpu.Nn.Checkpoints;
using RnnGpu.Nn.Data;
using Xunit;

namespace RnnGpu.Tests.Nn;

public sealed class StreamedTextTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    /// <summary>Lines of words and blanks in every mixture, with characters of one to four bytes; no word is longer than the smallest buffer.</summary>
    private static Arbitrary<(string Text, int Streams, int Steps, int Buffer)> Texts() => (
        from parts in Gen.Elements("a ", "bb\n", "word\t", "é ", "山水é ", "𠀀山a\r\n", " ", "\t", "  ", "\n", "\n\n", "\r\n", " \n").ListOf(60)
        from streams in Gen.Choose(1, 3)
        from steps in Gen.Choose(1, 5)
        from buffer in Gen.Choose(16, 64)
        select ("one two\nthree\nfour five\n" + string.Concat(parts) + "six\nseven eight", streams, steps, buffer)).ToArbitrary();

    [Theory]
    [InlineData(TextUnit.Words)]
    [InlineData(TextUnit.Characters)]
    public void Every_token_is_read_once_whatever_the_buffer(TextUnit unit) => Properties.Check(Prop.ForAll(Texts(), sample =>
    {
        string path = Write(sample.Text);
        string[] expected = Tokens(sample.Text, unit);
        WordVocabulary vocabulary = StreamedText.Vocabulary(path, unit);
        Assert.True(expected.Distinct().Order(StringComparer.Ordinal).SequenceEqual(vocabulary.Words.Order(StringComparer.Ordinal).Where(expected.Contains)));
        using var text = new StreamedText(path, unit, vocabulary, sample.Streams, bufferBytes: sample.Buffer);
        var batch = new TokenBatch(sample.Steps, sample.Streams);
        for (int epoch = 0; epoch < 2; epoch++)
        {
            var streams = new List<string>[sample.Streams];
            long windows = 0;
            do
            {
                text.Next(batch);
                windows++;
                for (int b = 0; b < sample.Streams; b++)
                {
                    List<string> stream = streams[b] ??= [vocabulary.Word(batch.Inputs[b])];
                    for (int t = 0; t < sample.Steps; t++)
                    {
                        int at = (t * sample.Streams) + b;
                        if (batch.Targets[at] < 0) { continue; }
                        Assert.Equal(stream[^1], vocabulary.Word(batch.Inputs[at]));
                        stream.Add(vocabulary.Word(batch.Targets[at]));
                    }
                }
            }
            while (!text.EpochEnded);

            Assert.Equal(expected, streams.SelectMany(static stream => stream));
            Assert.Equal(windows, text.CountWindows(sample.Steps));
        }
    }));

    [Theory]
    [InlineData(TextUnit.Words)]
    [InlineData(TextUnit.Characters)]
    public void A_stream_taken_up_at_any_window_goes_on_with_the_same_windows(TextUnit unit)
    {
        string path = Write(string.Concat(Enumerable.Range(0, 40).Select(static i => $"w{i % 7} x{i % 5}{(i % 3 == 0 ? "\n" : " 山 ")}")));
        WordVocabulary vocabulary = StreamedText.Vocabulary(path, unit);
        var expected = new List<int[]>();
        var cursors = new List<JsonObject>();
        using (var whole = new StreamedText(path, unit, vocabulary, 3, bufferBytes: 16))
        {
            var batch = new TokenBatch(4, 3);
            for (int i = 0; i < 25; i++)
            {
                var cursor = new JsonObject();
                whole.Save(cursor);
                cursors.Add(cursor);
                whole.Next(batch);
                expected.Add([.. batch.Inputs, .. batch.Targets]);
            }
        }

        for (int start = 0; start < 25; start++)
        {
            using var resumed = new StreamedText(path, unit, vocabulary, 3, bufferBytes: 32);
            resumed.Restore(CheckpointSection.Of(cursors[start], "data"));
            var batch = new TokenBatch(4, 3);
            for (int i = start; i < 25; i++)
            {
                resumed.Next(batch);
                Assert.Equal(expected[i], (int[])[.. batch.Inputs, .. batch.Targets]);
            }
        }
    }

    [Fact]
    public void Reading_allocates_nothing_and_holds_its_buffers_only()
    {
        string path = Path.Combine(_directory.Path, "large.txt");
        using (var writer = new StreamWriter(path))
        {
            for (int i = 0; i < 100_000; i++) { writer.Write($"some words of line {i % 100} and more of them\n"); }
        }

        WordVocabulary vocabulary = WordVocabulary.Of(["some", "words", "of", "line", "<eos>"]);
        long before = GC.GetAllocatedBytesForCurrentThread();
        using var text = new StreamedText(path, TextUnit.Words, vocabulary, 4, bufferBytes: 4096);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 200_000);
        var batch = new TokenBatch(32, 4);
        text.Next(batch);
        before = GC.GetAllocatedBytesForCurrentThread();
        int windows = 1;
        for (; !text.EpochEnded; windows++) { text.Next(batch); }
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.InRange(windows, (1_000_000 / 4 / 32) - 1, (1_000_000 / 4 / 32) + 2);
    }

    [Theory]
    [InlineData(TextUnit.Words)]
    [InlineData(TextUnit.Characters)]
    public void What_is_not_text_is_named_by_line_and_column(TextUnit unit)
    {
        WordVocabulary vocabulary = WordVocabulary.Of(["a", "<eos>"]);
        foreach ((byte bad, string what) in ((byte, string)[])[(0xFF, "not UTF-8 text: invalid byte 0xFF"), (0, "not text but binary")])
        {
            string path = Path.Combine(_directory.Path, "bad.txt");
            File.WriteAllBytes(path, [.. Encoding.UTF8.GetBytes("a a\n" + new string('a', 30) + "\nab a"), bad, .. "a\n"u8]);
            var e = Assert.Throws<DataException>(() =>
            {
                using var text = new StreamedText(path, unit, vocabulary, 1, bufferBytes: 64);
                var batch = new TokenBatch(100, 1);
                do { text.Next(batch); }
                while (!text.EpochEnded);
            });
            Assert.Contains($"bad.txt:3:5: {what}", e.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Texts_that_do_not_do_are_refused()
    {
        WordVocabulary vocabulary = WordVocabulary.Of(["a", "<eos>"]);
        Assert.Contains("no such file", Refused(Path.Combine(_directory.Path, "none.txt"), 1), StringComparison.Ordinal);
        Assert.Contains("too short for 3 parts", Refused(Write("a\na\n"), 3), StringComparison.Ordinal);
        Assert.Contains("longer than the buffer", Refused(Write("a\n" + new string('b', 20) + "\n"), 1), StringComparison.Ordinal);
        using var text = new StreamedText(Write("a a a\n"), TextUnit.Words, vocabulary, 1);
        using var other = new StreamedText(Write("a a a a\n", "other.txt"), TextUnit.Words, vocabulary, 1);
        var cursor = new JsonObject();
        text.Save(cursor);
        Assert.Contains("bytes", Assert.Throws<CheckpointException>(() => other.Restore(CheckpointSection.Of(cursor, "data"))).Message, StringComparison.Ordinal);

        string Refused(string path, int streams) => Assert.Throws<DataException>(() =>
        {
            using var text = new StreamedText(path, TextUnit.Words, vocabulary, streams, bufferBytes: 16);
            text.Next(new TokenBatch(10, streams));
        }).Message;
    }

    private static string[] Tokens(string text, TextUnit unit) => unit == TextUnit.Characters
        ? [.. text.Replace("\r\n", "\n", StringComparison.Ordinal).EnumerateRunes().Select(static rune => rune.ToString())]
        : [.. text.Split('\n').Select(static line => line.Split([' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries))
            .Where(static words => words.Length > 0).SelectMany(static words => words.Append("<eos>"))];

    private string Write(string text, string name = "text.txt")
    {
        string path = Path.Combine(_directory.Path, name);
        File.WriteAllText(path, text);
        return path;
    }
}
