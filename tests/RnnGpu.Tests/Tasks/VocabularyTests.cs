using FsCheck;
using FsCheck.Fluent;
using RnnGpu.Tasks.CharLm;
using Xunit;

namespace RnnGpu.Tests.Tasks;

public sealed class VocabularyTests
{
    [Fact]
    public void Ids_follow_code_points_and_zero_is_unknown()
    {
        Vocabulary vocabulary = Vocabulary.Of(TextCorpus.FromString("b\U0001F600ab\n").CodePoints.Span);
        Assert.Equal(['\n', 'a', 'b', 0x1F600], vocabulary.CodePoints);
        Assert.Equal(5, vocabulary.Size);
        Assert.Equal([2, 1, 0, 4, 0], vocabulary.Encode(['a', '\n', 'z', 0x1F600, 0x10FFFF]));
        Assert.Equal("a\uFFFD\U0001F600", vocabulary.Decode([2, 0, 4]));
    }

    [Fact]
    public void Round_trip_of_any_text() => Properties.Check(Prop.ForAll(
        ArbMap.Default.ArbFor<NonEmptyString>(),
        (NonEmptyString text) =>
        {
            string valid = new([.. text.Get.Where(c => !char.IsSurrogate(c)), 'x']);
            TextCorpus corpus = TextCorpus.FromString(valid);
            Vocabulary vocabulary = Vocabulary.Of(corpus.CodePoints.Span);
            int[] ids = vocabulary.Encode(corpus.CodePoints.Span);
            Assert.DoesNotContain(Vocabulary.UnknownId, ids);
            Assert.Equal(valid.Replace("\r\n", "\n", StringComparison.Ordinal), vocabulary.Decode(ids));
            Assert.Equal(ids, new Vocabulary(vocabulary.CodePoints).Encode(corpus.CodePoints.Span));
        }));

    [Theory]
    [InlineData(new int[0], "at least one")]
    [InlineData(new[] { 1, 1 }, "ascend")]
    [InlineData(new[] { 5, 2 }, "ascend")]
    [InlineData(new[] { 0xD800 }, "scalar")]
    [InlineData(new[] { 0x110000 }, "scalar")]
    [InlineData(new[] { -1 }, "scalar")]
    public void Lists_that_no_vocabulary_gives_are_refused(int[] codePoints, string reason) =>
        Assert.Contains(reason, Assert.Throws<ArgumentException>(() => new Vocabulary(codePoints)).Message, StringComparison.Ordinal);
}
