using RnnGpu.Core;
using RnnGpu.Nn;
using RnnGpu.Nn.Data;
using Xunit;

namespace RnnGpu.Tests.Nn;

public sealed class WordVectorsTests : NnTestBase
{
    private static readonly WordVocabulary Vocabulary = new(["cat", "dog", "cow"]);

    [Theory]
    [InlineData("dog 1 2\ncat 0.5 -4e-1\nrat 7 7\nDog 9 9\n")]
    [InlineData("3 2\ndog 1 2 \ncat 0.5 -0.4 \n")]
    public void RowsOfKnownWordsAreOverwritten(string text)
    {
        using var embedding = new Embedding(Device, Vocabulary.Size, 2);
        float[] before = embedding.Weight.ToArray();
        Assert.Equal(2, Load(text, embedding));
        float[] after = embedding.Weight.ToArray();
        Assert.Equal([0.5f, -0.4f, 1f, 2f], after[4..8]);
        Assert.Equal([.. before[..4], .. before[8..]], (float[])[.. after[..4], .. after[8..]]);
    }

    [Theory]
    [InlineData("dog 1 2\ncat 1\n", "x:2: 1 numbers where 2 belong")]
    [InlineData("dog 1 2\ncat 1 two\n", "x:2:7: 'two' is not a number")]
    [InlineData("dog 1 NaN\n", "x:1:7: 'NaN' is not a number")]
    public void MalformedLinesNameThePlaceAndChangeNothing(string text, string message)
    {
        using var embedding = new Embedding(Device, Vocabulary.Size, 2);
        float[] before = embedding.Weight.ToArray();
        Assert.Contains(message, Assert.Throws<DataException>(() => Load(text, embedding)).Message);
        Assert.Equal(before, embedding.Weight.ToArray());
    }

    private static int Load(string text, Embedding embedding) =>
        WordVectors.Load(TextSource.String("x", text), Vocabulary, static word => word.ToLowerInvariant(), embedding.Weight);
}
