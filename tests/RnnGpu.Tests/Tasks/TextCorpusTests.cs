using System.Text;
using FsCheck;
using FsCheck.Fluent;
using RnnGpu.Nn.Data;
using RnnGpu.Tasks;
using RnnGpu.Tasks.CharLm;
using Xunit;

namespace RnnGpu.Tests.Tasks;

public sealed class TextCorpusTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    private static string Text(TextCorpus corpus)
    {
        var text = new StringBuilder();
        foreach (int codePoint in corpus.CodePoints.Span) { text.Append(new Rune(codePoint).ToString()); }
        return text.ToString();
    }

    private string Failure(params string[] paths) => Assert.Throws<DataException>(() => TextCorpus.Read(paths)).Message;

    [Fact]
    public void Directory_gives_text_files_in_ordinal_order_without_build_output()
    {
        _directory.Write("b.txt", "B\n");
        _directory.Write("a/z.md", "Z\n");
        _directory.Write("a.cs", "A\n");
        _directory.Write("Upper.TXT", "U\n");
        _directory.Write("picture.png", "no text");
        _directory.Write("empty.txt", "");
        foreach (string skipped in new[] { "bin", "obj", ".git", "a/bin" }) { _directory.Write($"{skipped}/x.txt", "skipped\n"); }

        Assert.Equal("U\nA\nZ\nB\n", Text(TextCorpus.Read([_directory.Path])));
        Assert.Equal("A\n", Text(TextCorpus.Read([_directory.Path], [".cs"])));
    }

    [Fact]
    public void Files_are_joined_by_a_line_feed_and_read_once()
    {
        string first = _directory.Write("first.any", "one"), second = _directory.Write("second", "two");
        TextCorpus corpus = TextCorpus.Read([second, first, second]);
        Assert.Equal("two\none", Text(corpus));
        Assert.Equal([second, first], corpus.Files);
    }

    [Fact]
    public void Line_ends_are_normalised_and_a_byte_order_mark_left_out()
    {
        string file = _directory.Write("text.txt", [0xEF, 0xBB, 0xBF, .. "a\r\nb\rc\r\r\nd\r"u8]);
        Assert.Equal("a\nb\rc\r\nd\r", Text(TextCorpus.Read([file])));
        Assert.Equal("a\nb\rc\r\nd\r", Text(TextCorpus.FromString("a\r\nb\rc\r\r\nd\r")));
    }

    [Fact]
    public void Characters_are_scalar_values_also_across_read_buffers()
    {
        // A four-byte character at every alignment to the 64 KiB buffer.
        string text = new string('x', (1 << 16) - 2) + string.Concat(Enumerable.Repeat("\U0001F600é", 30_000));
        TextCorpus corpus = TextCorpus.Read([_directory.Write("wide.txt", text)]);
        Assert.Equal((1 << 16) - 2 + 60_000, corpus.Length);
        Assert.Equal(text, Text(corpus));
    }

    [Fact]
    public void What_is_missing_is_named()
    {
        string missing = System.IO.Path.Combine(_directory.Path, "none.txt");
        Assert.Equal($"{missing}: no such file or directory", Failure(missing));
        Assert.StartsWith($"{_directory.Path}: no text files below this directory (looked for .txt ", Failure(_directory.Path), StringComparison.Ordinal);
        Assert.StartsWith("no data", Failure(), StringComparison.Ordinal);
        Assert.StartsWith("no data", Failure(" "), StringComparison.Ordinal);
    }

    [Fact]
    public void Empty_files_are_an_error()
    {
        string file = _directory.Write("empty.txt", "");
        Assert.Equal($"{file}: the file is empty", Failure(file));
        string mark = _directory.Write("mark.txt", [0xEF, 0xBB, 0xBF]);
        Assert.Equal($"{mark}: the file is empty", Failure(mark));
    }

    [Theory]
    [InlineData(new byte[] { (byte)'a', (byte)'b', 0, (byte)'c' }, "not text but binary: a NUL byte at offset 2")]
    [InlineData(new byte[] { (byte)'a', 0xFF }, "not UTF-8 text: invalid byte 0xFF at offset 1")]
    [InlineData(new byte[] { (byte)'a', (byte)'b', 0xC3 }, "not UTF-8 text: invalid byte 0xC3 at offset 2")]
    [InlineData(new byte[] { 0xED, 0xA0, 0x80 }, "not UTF-8 text: invalid byte 0xED at offset 0")]
    [InlineData(new byte[] { 0xC0, 0x80 }, "not UTF-8 text: invalid byte 0xC0 at offset 0")]
    public void Binary_files_are_named_with_the_offset(byte[] bytes, string reason)
    {
        string file = _directory.Write("data.txt", bytes);
        Assert.Equal($"{file}: {reason}", Failure(file));
    }

    [Fact]
    public void Offset_counts_from_the_file_start_beyond_the_first_buffer()
    {
        byte[] bytes = new byte[200_003];
        Array.Fill(bytes, (byte)'x');
        bytes[150_001] = 0;
        string file = _directory.Write("long.txt", bytes);
        Assert.Equal($"{file}: not text but binary: a NUL byte at offset 150001", Failure(file));
    }

    [Fact]
    public void Any_bytes_are_read_as_the_strict_decoder_reads_them_or_refused()
    {
        var strict = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
        Properties.Check(Prop.ForAll(
            ArbMap.Default.ArbFor<byte[]>(),
            ArbMap.Default.ArbFor<NonNull<string>>(),
            (byte[] raw, NonNull<string> valid) =>
            {
                foreach (byte[] bytes in new[] { raw, Encoding.UTF8.GetBytes(valid.Get) })
                {
                    if (bytes.Length == 0) { continue; }
                    string file = _directory.Write("any.txt", bytes);
                    string? expected = null;
                    try { expected = strict.GetString(bytes).Replace("\r\n", "\n", StringComparison.Ordinal); }
                    catch (DecoderFallbackException) { Assert.StartsWith($"{file}: not ", Failure(file), StringComparison.Ordinal); }

                    if (expected is null) { continue; }
                    if (expected.Contains('\0')) { Assert.Contains("NUL byte at offset", Failure(file), StringComparison.Ordinal); }
                    else { Assert.Equal(expected.TrimStart('\uFEFF'), Text(TextCorpus.Read([file]))); }
                }
            }));
    }

    [Theory]
    [InlineData(100, 0.1, 90)]
    [InlineData(1_003_854, 0.1, 903_469)]
    [InlineData(19, 0.25, 15)]
    public void Last_part_is_for_validation(int length, double fraction, int training)
    {
        TextCorpus corpus = TextCorpus.FromString(new string('a', length - 1) + "b");
        (ReadOnlyMemory<int> train, ReadOnlyMemory<int> validation) = corpus.Split(fraction);
        Assert.Equal(training, train.Length);
        Assert.Equal(length - training, validation.Length);
        Assert.Equal('b', validation.Span[^1]);
    }

    [Fact]
    public void Text_too_short_to_split_is_an_error() =>
        Assert.Contains("too short: 10 characters", Assert.Throws<DataException>(() => TextCorpus.FromString("0123456789").Split(0.1)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(double.NaN)]
    public void Fractions_outside_zero_to_one_are_refused(double fraction) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => TextCorpus.FromString("0123456789").Split(fraction));
}
