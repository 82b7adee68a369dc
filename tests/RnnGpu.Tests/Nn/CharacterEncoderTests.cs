using RnnGpu.Core;
using RnnGpu.Nn;
using RnnGpu.Nn.Data;
using Xunit;

namespace RnnGpu.Tests.Nn;

public sealed class CharacterEncoderTests : NnTestBase
{
    public static TheoryData<string> Backends => BackendDevices.Names;

    private static readonly int[][] Spellings = [[], [2, 3, 4], [5], [2, 3, 4, 5, 6], [6, 6]];

    [Fact]
    public void AWordReadOnceStandsAtAllItsPlaces()
    {
        using var encoder = new CharacterEncoder(Device, 7, 3, 4);
        float[] Alone(int type)
        {
            using NoGradScope scope = Device.NoGrad();
            int[] spelling = Spellings[type];
            Tensor characters = Device.Tensor(spelling, new Shape(spelling.Length, 1)), lengths = Device.Tensor([spelling.Length], new Shape(1));
            return encoder.Forward(characters, lengths, Device.Tensor([0], new Shape(1))).ToArray();
        }

        var words = new DistinctWords(Spellings.Length);
        foreach (int[] types in (int[][])[[1, 2, -1, 3, 1, 4], [4, -1, -1, 2, 2, 2]])
        {
            int[] places = [.. types];
            words.Fill(places, Spellings);
            Assert.Equal(types.Where(type => type >= 0).Distinct().Count(), places.Max() + 1);
            Assert.Equal((32, 0), (words.Words, words.Characters % 4));
            using NoGradScope scope = Device.NoGrad();
            float[] y = encoder.Forward(
                Device.Tensor(words.Ids, new Shape(words.Characters, words.Words)), Device.Tensor(words.Lengths, new Shape(words.Words)),
                Device.Tensor(places, new Shape(3, 2))).ToArray();
            Assert.Equal(6 * encoder.OutputSize, y.Length);
            for (int i = 0; i < types.Length; i++)
            {
                Assert.Equal(types[i] < 0 ? new float[8] : Alone(types[i]), y[(8 * i)..(8 * (i + 1))]);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Backends))]
    public void GradientsEqualFiniteDifferences(string backend)
    {
        using Device device = BackendDevices.Create(backend);
        using var encoder = new CharacterEncoder(device, 7, 3, 2);
        int[] characters = [2, 5, 6, 3, 0, 6, 4, 0, 0], lengths = [3, 1, 2], places = [0, 1, -1, 0, 2, 0];
        GradientCheck.Run(
            device, encoder,
            _ => encoder.Forward(device.Tensor(characters, new Shape(3, 3)), device.Tensor(lengths, new Shape(3)), device.Tensor(places, new Shape(2, 3))));
    }

    [Fact]
    public void WordDropoutFollowsFrequencySeedAndStep()
    {
        string[] text = [.. Enumerable.Repeat("often", 1000), "once"];
        var vocabulary = WordVocabulary.Of(text);
        int often = vocabulary.Id("often"), once = vocabulary.Id("once");
        var dropout = WordDropout.ByFrequency(Device, vocabulary, text, alpha: 1);
        int[] Draw()
        {
            int[] ids = [.. Enumerable.Range(0, 4000).Select(i => i % 2 == 0 ? often : once)];
            dropout.Apply(ids);
            return ids;
        }

        int[] first = Draw();
        Assert.Equal(first, Draw());
        Assert.InRange(first.Count(id => id == often), 1985, 2000);   // 1 in 1001 dropped: 2 of 2000, 15 are beyond chance
        Assert.InRange(first.Count(id => id == once), 860, 1140);     // 1 in 2: 1000 of 2000 with a deviation of 22
        Device.Step++;
        Assert.NotEqual(first, Draw());
        int[] padding = new int[100];
        dropout.Apply(padding);
        Assert.All(padding, static id => Assert.Equal(WordVocabulary.PaddingId, id));
    }
}
