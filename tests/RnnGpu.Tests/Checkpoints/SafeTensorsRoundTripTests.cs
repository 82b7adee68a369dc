using System.Text;
using RnnGpu.Nn.Checkpoints;
using Xunit;

namespace RnnGpu.Tests.Checkpoints;

public sealed class SafeTensorsRoundTripTests
{
    // Made by hand from the format's description; the reference implementation writes its JSON without white space, too.
    private const string GoldenHeader = """{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""";

    [Fact]
    public void WritesTheFormatsLayout()
    {
        byte[] written = SafeTensorsBytes.Write(w =>
        {
            w.AddMetadata("format", "pt");
            w.Add("a", SafeTensorsDType.F32, [2]);
            w.Write("a", [1f, -2f]);
        });

        // 85 characters of header, padded with spaces to 88.
        Assert.Equal(85, GoldenHeader.Length);
        byte[] golden =
        [
            88, 0, 0, 0, 0, 0, 0, 0,
            .. Encoding.ASCII.GetBytes(GoldenHeader + "   "),
            0x00, 0x00, 0x80, 0x3F, 0x00, 0x00, 0x00, 0xC0,
        ];
        Assert.Equal(golden, written);
    }

    [Fact]
    public void ReadsTheFormatsLayout()
    {
        using SafeTensorsFile file = SafeTensorsBytes.Open(SafeTensorsBytes.Make(GoldenHeader + "   ", 0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0));
        var values = new float[2];
        file.Read("a", values);
        Assert.Equal([1f, -2f], values);
        Assert.Equal("pt", file.Metadata["format"]);
    }

    [Fact]
    public void EveryTypeComesBack()
    {
        using SafeTensorsFile file = SafeTensorsBytes.Open(SafeTensorsBytes.Sample());
        Assert.Equal(
            ["weight_ih_l0", "empty", "steps", "größe", "half", "brain", "rng"],
            file.Tensors.Select(t => t.Name));
        Assert.Equal("lstm", file.Metadata["model"]);
        Assert.Equal("F32 [3, 2]", file.Entry("weight_ih_l0", [3, 2]).ToString());

        var weights = new float[6];
        file.Read("weight_ih_l0", weights);
        Assert.Equal([1f, -2f, 3.5f, float.NaN, float.PositiveInfinity, -0f], weights);
        Assert.True(float.IsNegative(weights[5]));
        file.Read("empty", Array.Empty<float>());
        var steps = new long[1];
        file.Read("steps", steps);
        Assert.Equal([long.MinValue], steps);
        var sizes = new int[2];
        file.Read("größe", sizes);
        Assert.Equal([int.MaxValue, -7], sizes);
        var half = new float[3];
        file.Read("half", half);
        Assert.Equal([1f, -2f, MathF.Pow(2, -24)], half);
        var brain = new float[2];
        file.Read("brain", brain);
        Assert.Equal([1f, -3.140625f], brain);
        var raw = new byte[4];
        file.ReadRaw("brain", raw);
        Assert.Equal([0x80, 0x3F, 0x49, 0xC0], raw);
        var rng = new byte[3];
        file.Read("rng", rng);
        Assert.Equal([9, 8, 7], rng);
    }

    [Fact]
    public void LargeTensorsGoThroughManyChunks()
    {
        float[] values = new float[(2 << 20) + 5];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = i;
        }

        byte[] bytes = SafeTensorsBytes.Write(w =>
        {
            w.Add("big", SafeTensorsDType.F32, [values.Length]);
            w.Add("bigHalf", SafeTensorsDType.F16, [10_000]);
            w.Write("big", values.AsSpan(0, 3));
            w.Write("big", values.AsSpan(3));
            w.WriteRaw("bigHalf", Enumerable.Range(0, 20_000).Select(i => (byte)(i % 2 == 0 ? 0 : 0x3C)).ToArray());
        });
        using SafeTensorsFile file = SafeTensorsBytes.Open(bytes);
        var read = new float[values.Length];
        file.Read("big", read);
        Assert.Equal(values, read);
        var half = new float[10_000];
        file.Read("bigHalf", half);
        Assert.All(half, h => Assert.Equal(1f, h));
    }

    [Fact]
    public void SameCallsGiveTheSameBytesAndMetadataIsSorted()
    {
        Assert.Equal(SafeTensorsBytes.Sample(), SafeTensorsBytes.Sample());
        byte[] one = SafeTensorsBytes.Write(w =>
        {
            w.AddMetadata("b", "2");
            w.AddMetadata("a", "1");
        });
        byte[] two = SafeTensorsBytes.Write(w =>
        {
            w.AddMetadata("a", "1");
            w.AddMetadata("b", "2");
        });
        Assert.Equal(one, two);
        Assert.Equal(0, one.Length % 8);
    }

    [Fact]
    public void AFileWithoutTensorsIsValid()
    {
        byte[] bytes = SafeTensorsBytes.Write(_ => { });
        Assert.Equal(SafeTensorsBytes.Make("{}      "), bytes);
        using SafeTensorsFile file = SafeTensorsBytes.Open(bytes);
        Assert.Empty(file.Tensors);
    }

    [Fact]
    public void HeaderOrderAndDataOrderMayDiffer()
    {
        byte[] bytes = SafeTensorsBytes.Make(
            """{"b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]},"e":{"shape":[0],"data_offsets":[2,2],"dtype":"U8"},"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}""",
            1, 2, 3);
        using SafeTensorsFile file = SafeTensorsBytes.Open(bytes);
        var a = new byte[2];
        var b = new byte[1];
        file.Read("a", a);
        file.Read("b", b);
        Assert.Equal([1, 2], a);
        Assert.Equal([3], b);
    }

    [Fact]
    public void FilesOnDiskAreReadAndMissingOnesNamed()
    {
        using var folder = new TempFolder();
        File.WriteAllBytes(folder["model.safetensors"], SafeTensorsBytes.Sample());
        using (var file = SafeTensorsFile.Open(folder["model.safetensors"]))
        {
            Assert.Equal(7, file.Tensors.Count);
        }

        CheckpointException missing = Assert.Throws<CheckpointException>(() => SafeTensorsFile.Open(folder["none.safetensors"]));
        Assert.Contains("none.safetensors", missing.Message, StringComparison.Ordinal);
        Assert.Throws<CheckpointException>(() => SafeTensorsFile.Open(folder.Path));
    }

    [Fact]
    public void TheWriterRefusesMisuse()
    {
        var writer = new SafeTensorsWriter(new MemoryStream());
        writer.Add("a", SafeTensorsDType.F32, [2]);
        writer.Add("b", SafeTensorsDType.I32, [1]);
        Assert.Throws<ArgumentException>(() => writer.Add("a", SafeTensorsDType.F32, [1]));
        Assert.Throws<ArgumentException>(() => writer.Add("__metadata__", SafeTensorsDType.F32, [1]));
        Assert.Throws<ArgumentException>(() => writer.Add("", SafeTensorsDType.F32, [1]));
        Assert.Throws<ArgumentException>(() => writer.Add("c", SafeTensorsDType.F32, [-1]));
        Assert.Throws<ArgumentException>(() => writer.Add("c", SafeTensorsDType.F32, [long.MaxValue, 2]));
        Assert.Throws<ArgumentException>(() => writer.Add("c", SafeTensorsDType.F32, [1, 1, 1, 1, 1, 1, 1, 1, 1]));
        writer.AddMetadata("k", "v");
        Assert.Throws<ArgumentException>(() => writer.AddMetadata("k", "w"));

        Assert.Throws<InvalidOperationException>(() => writer.Write("b", [1]));
        Assert.Throws<InvalidOperationException>(() => writer.Write("a", [1, 2]));
        Assert.Throws<InvalidOperationException>(() => writer.Write("a", [1f, 2f, 3f]));
        Assert.Throws<InvalidOperationException>(() => writer.Add("late", SafeTensorsDType.F32, [1]));
        Assert.Throws<InvalidOperationException>(() => writer.AddMetadata("late", ""));
        writer.Write("a", [1f]);
        Assert.Throws<InvalidOperationException>(writer.Finish);
        writer.Write("a", [2f]);
        writer.Write("b", [3]);
        Assert.Throws<InvalidOperationException>(() => writer.Write("b", [4]));
        writer.Finish();
        Assert.Throws<ObjectDisposedException>(writer.Finish);
    }
}
