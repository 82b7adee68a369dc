using System.Text;
using RnnGpu.Nn.Checkpoints;
using Xunit;

namespace RnnGpu.Tests.Checkpoints;

public sealed class SafeTensorsHostileTests
{
    private const string A = """ "a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]} """;

    /// <summary>Headers before two bytes of data, with a part of the message each must give.</summary>
    public static TheoryData<string, string> Headers => new()
    {
        { "", "begin with '{'" },
        { " {}", "begin with '{'" },
        { "[]", "begin with '{'" },
        { "{", "not valid JSON" },
        { "{" + A, "not valid JSON" },
        { "{" + A + ",}", "not valid JSON" },
        { "{" + A + "} x", "not valid JSON" },
        { "{" + A + "}{}", "not valid JSON" },
        { "{" + A + "}\0", "not valid JSON" },
        { "{/*c*/" + A + "}", "not valid JSON" },
        { "{" + A + "," + A + "}", "declared twice" },
        { "{\"\\ud800\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]}}", "surrogate" },
        { "{\"\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]}}", "characters" },
        { "{}", "belong to no tensor" },
        { """{"a":[]}""", "not a JSON object" },
        { """{"a":{"dtype":"F64","shape":[2],"data_offsets":[0,2]}}""", "'F64' is not known" },
        { """{"a":{"dtype":"u8","shape":[2],"data_offsets":[0,2]}}""", "'u8' is not known" },
        { """{"a":{"dtype":8,"shape":[2],"data_offsets":[0,2]}}""", "dtype is not a string" },
        { """{"a":{"dtype":"U8","dtype":"U8","shape":[2],"data_offsets":[0,2]}}""", "stands twice" },
        { """{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2],"color":1}}""", "unknown" },
        { """{"a":{"dtype":"U8","shape":[2]}}""", "lacks" },
        { """{"a":{"dtype":"U8","data_offsets":[0,2]}}""", "lacks" },
        { """{"a":{"shape":[2],"data_offsets":[0,2]}}""", "lacks" },
        { """{"a":{"dtype":"U8","shape":2,"data_offsets":[0,2]}}""", "not an array" },
        { """{"a":{"dtype":"U8","shape":[-2],"data_offsets":[0,2]}}""", "whole number" },
        { """{"a":{"dtype":"U8","shape":[2.0],"data_offsets":[0,2]}}""", "whole number" },
        { """{"a":{"dtype":"U8","shape":["2"],"data_offsets":[0,2]}}""", "whole number" },
        { """{"a":{"dtype":"U8","shape":[[2]],"data_offsets":[0,2]}}""", "whole number" },
        { """{"a":{"dtype":"U8","shape":[9223372036854775808],"data_offsets":[0,2]}}""", "whole number" },
        { """{"a":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]}}""", "more bytes than 64 bits" },
        { """{"a":{"dtype":"I64","shape":[2305843009213693952],"data_offsets":[0,0]}}""", "more bytes than 64 bits" },
        { """{"a":{"dtype":"U8","shape":[1,1,1,1,1,1,1,1,2],"data_offsets":[0,2]}}""", "more than 8 numbers" },
        { """{"a":{"dtype":"U8","shape":[2],"data_offsets":[0]}}""", "not two numbers" },
        { """{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2,2]}}""", "more than 2 numbers" },
        { """{"a":{"dtype":"U8","shape":[2],"data_offsets":[2,0]}}""", "do not lie within" },
        { """{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}}""", "do not lie within" },
        { """{"a":{"dtype":"U8","shape":[2],"data_offsets":[9223372036854775805,9223372036854775807]}}""", "do not lie within" },
        { """{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,2]}}""", "needs 3 bytes" },
        { """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,2]}}""", "needs 8 bytes" },
        { """{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}""", "1 bytes at its end" },
        { """{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}""", "belong to no tensor" },
        { "{" + A + ""","b":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}""", "overlaps" },
        { "{" + A + ""","b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}""", "overlaps" },
        { "{" + A + ""","__metadata__":[]}""", "not a JSON object" },
        { "{" + A + ""","__metadata__":{"k":1}}""", "not a string" },
        { "{" + A + ""","__metadata__":{"k":{"x":"y"}}}""", "not a string" },
        { "{" + A + ""","__metadata__":{"k":"v","k":"v"}}""", "stands in it twice" },
        { "{" + A + ""","__metadata__":{},"__metadata__":{}}""", "more than one" },
    };

    [Theory]
    [MemberData(nameof(Headers))]
    public void AFalseHeaderIsRefusedWithOneClearLine(string header, string message)
    {
        CheckpointException e = Assert.Throws<CheckpointException>(() => SafeTensorsBytes.Open(SafeTensorsBytes.Make(header, 1, 2)));
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
        Assert.StartsWith("test.safetensors", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
    }

    [Fact]
    public void TheSampleHeaderWithoutAFaultIsAccepted()
    {
        using SafeTensorsFile file = SafeTensorsBytes.Open(SafeTensorsBytes.Make("{" + A + "}", 1, 2));
        Assert.Single(file.Tensors);
    }

    [Fact]
    public void BytesThatAreNotUtf8AreRefused()
    {
        byte[] header = Encoding.ASCII.GetBytes("{" + A + "}");
        header[Array.IndexOf(header, (byte)'a')] = 0xFF;
        CheckpointException e = Assert.Throws<CheckpointException>(() => SafeTensorsBytes.Open(SafeTensorsBytes.Make(header, [1, 2])));
        Assert.Contains("UTF-8", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    public void AFileShorterThanItsFirstFieldIsRefused(int length) =>
        Assert.Throws<CheckpointException>(() => SafeTensorsBytes.Open(new byte[length]));

    [Theory]
    [InlineData(3UL)]
    [InlineData(100_000_000UL)]
    [InlineData(100_000_001UL)]
    [InlineData(0x7FFF_FFFF_FFFF_FFFFUL)]
    [InlineData(0xFFFF_FFFF_FFFF_FFFFUL)]
    public void AHeaderLongerThanTheFileIsRefusedWithoutAllocatingIt(ulong claimed)
    {
        byte[] bytes = [.. BitConverter.GetBytes(claimed), (byte)'{', (byte)'}'];
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<CheckpointException>(() => SafeTensorsBytes.Open(bytes));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 200_000);
    }

    [Fact]
    public void AHeaderAboveTheFormatsLimitIsRefusedEvenIfTheFileHasIt()
    {
        using var folder = new TempFolder();
        using (FileStream sparse = File.Create(folder["big"]))
        {
            sparse.Write(BitConverter.GetBytes(100_000_001UL));
            sparse.SetLength(200_000_000);
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        CheckpointException e = Assert.Throws<CheckpointException>(() => SafeTensorsFile.Open(folder["big"]));
        Assert.Contains("100000000", e.Message, StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 200_000);
    }

    [Fact]
    public void TooManyTensorsAreRefused()
    {
        var header = new StringBuilder("{");
        for (int i = 0; i <= 100_000; i++)
        {
            header.Append(i == 0 ? "" : ",").Append($"\"{i}\":{{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}");
        }

        CheckpointException e = Assert.Throws<CheckpointException>(() => SafeTensorsBytes.Open(SafeTensorsBytes.Make(header.Append('}').ToString())));
        Assert.Contains("more than 100000 tensors", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void NamesCannotBreakTheLineOfAMessage()
    {
        string header = """{"a\n\u001b[2J\u2028":{"dtype":"X","shape":[2],"data_offsets":[0,2]}}""";
        CheckpointException e = Assert.Throws<CheckpointException>(() => SafeTensorsBytes.Open(SafeTensorsBytes.Make(header, 1, 2)));
        Assert.Contains("'a??[2J?'", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatDoesNotFitTheModelIsRefused()
    {
        using SafeTensorsFile file = SafeTensorsBytes.Open(SafeTensorsBytes.Sample());
        Assert.Throws<CheckpointException>(() => file.Entry("weight_hh_l0"));
        Assert.Throws<CheckpointException>(() => file.Entry("weight_ih_l0", [2, 3]));
        Assert.Throws<CheckpointException>(() => file.Entry("weight_ih_l0", [6]));
        CheckpointException shape = Assert.Throws<CheckpointException>(() => file.Entry("weight_ih_l0", [3, 5]));
        Assert.Contains("its shape is [3, 2], the model wants [3, 5]", shape.Message, StringComparison.Ordinal);
        Assert.Throws<CheckpointException>(() => file.Read("weight_ih_l0", new float[5]));
        Assert.Throws<CheckpointException>(() => file.Read("weight_ih_l0", new int[6]));
        Assert.Throws<CheckpointException>(() => file.Read("steps", new float[1]));
        Assert.Throws<CheckpointException>(() => file.Read("half", new float[4]));
        Assert.Throws<CheckpointException>(() => file.ReadRaw("half", new byte[5]));
    }

    [Fact]
    public void AFileThatShrinksWhileOpenIsRefused()
    {
        using var stream = new MemoryStream();
        stream.Write(SafeTensorsBytes.Sample());
        using var file = SafeTensorsFile.Open(stream, "test.safetensors");
        stream.SetLength(stream.Length - 1);
        Assert.Throws<CheckpointException>(() => file.Read("rng", new byte[3]));
    }
}
