using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using RnnGpu.Nn.Checkpoints;
using Xunit;

namespace RnnGpu.Tests.Checkpoints;

public sealed class CheckpointManifestTests
{
    private const string Hash = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    /// <summary>Bodies with a valid checksum and a fault, with a part of the message each must give.</summary>
    public static TheoryData<string, string> Hostile => new()
    {
        { Body(version: "2"), "format version 2, this program reads version 1" },
        { Body(version: "0"), "Use the program that wrote it" },
        { Body(version: "\"1\""), "not a 64-bit whole number" },
        { Body(format: "other"), "format is rnngpu-checkpoint" },
        { Body(format: "\\ud800"), "not a text" },
        { Body(step: "-1"), "negative" },
        { Body(step: "1.5"), "whole number" },
        { Body(step: "9223372036854775808"), "whole number" },
        { Body(files: "{}"), "not an array" },
        { Body(files: "[1]"), "not an array of objects" },
        { Body(files: File("../a")), "not allowed" },
        { Body(files: File("/etc/passwd")), "not allowed" },
        { Body(files: File("a\\\\b")), "not allowed" },
        { Body(files: File("..")), "not allowed" },
        { Body(files: File("")), "not allowed" },
        { Body(files: File("manifest.json")), "not allowed" },
        { Body(files: File("Manifest.JSON")), "not allowed" },
        { Body(files: File("a b")), "not allowed" },
        { Body(files: File(new string('a', 101))), "not allowed" },
        { Body(files: File("a")[..^1] + "," + File("A")[1..]), "twice" },
        { Body(files: File("a", length: "-1")), "malformed" },
        { Body(files: File("a", hash: "00")), "malformed" },
        { Body(files: "[" + string.Join(',', Enumerable.Range(0, 1001).Select(i => File($"f{i}")[1..^1])) + "]"), "at most 1000" },
        { Body(sections: "[]"), "not an object" },
        { Body(sections: "{\"a\":1}"), "not an object" },
        { Body(sections: "{\"a\":{},\"a\":{}}"), "twice" },
        { Body(sections: "{\"a\":{\"b\":1,\"b\":1}}"), "twice" },
        { Body(sections: "{\"\\ud800\":{}}"), "not valid JSON" },
        { Body(sections: new string('[', 100) + new string(']', 100)), "not valid JSON" },
    };

    [Theory]
    [MemberData(nameof(Hostile))]
    public void AFalseManifestIsRefusedEvenWithAValidChecksum(string body, string message)
    {
        CheckpointException e = Assert.Throws<CheckpointException>(() => CheckpointManifest.Read(Sign(body), "manifest.json"));
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
        Assert.StartsWith("manifest.json", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TheFaultlessBodyIsAccepted()
    {
        var manifest = CheckpointManifest.Read(Sign(Body()), "manifest.json");
        Assert.Equal(5, manifest.Step);
        Assert.Equal(new CheckpointFileEntry("a", 3, Hash), Assert.Single(manifest.Files));
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("\0\0\0\0")]
    [InlineData("{\"format\":\"rnngpu-checkpoint\",\"version\":1}")]
    public void WhatIsNoManifestIsRefused(string text) =>
        Assert.Throws<CheckpointException>(() => CheckpointManifest.Read(Encoding.UTF8.GetBytes(text), "manifest.json"));

    [Fact]
    public void AnyEditIsSeen()
    {
        string text = Encoding.UTF8.GetString(Sign(Body()));
        CheckpointException e = Assert.Throws<CheckpointException>(
            () => CheckpointManifest.Read(Encoding.UTF8.GetBytes(text.Replace("\"step\": 5", "\"step\": 6", StringComparison.Ordinal)), "manifest.json"));
        Assert.Contains("checksum", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void BytesAreTheseAndNoOthers()
    {
        var sections = new SortedDictionary<string, JsonObject>(StringComparer.Ordinal)
        {
            ["training"] = new JsonObject { ["lr"] = CheckpointSection.Number(0.1f), ["best"] = CheckpointSection.Number(double.PositiveInfinity) },
            ["data"] = new JsonObject(),
        };
        byte[] bytes = CheckpointManifest.Write(
            1200, [new CheckpointFileEntry("model.safetensors", 12, Hash), new CheckpointFileEntry("a.bin", 0, Hash)], sections, "manifest.json");
        string body = $$"""
            {
              "format": "rnngpu-checkpoint",
              "version": 1,
              "step": 1200,
              "files": [
                {
                  "name": "a.bin",
                  "length": 0,
                  "sha256": "{{Hash}}"
                },
                {
                  "name": "model.safetensors",
                  "length": 12,
                  "sha256": "{{Hash}}"
                }
              ],
              "sections": {
                "data": {},
                "training": {
                  "lr": 0.1,
                  "best": "Infinity"
                }
              }
            """.ReplaceLineEndings("\n");
        Assert.Equal(Encoding.UTF8.GetString(Sign(body)), Encoding.UTF8.GetString(bytes));
    }

    [Fact]
    public void FieldsComeBackWithTheirBits()
    {
        var json = new JsonObject
        {
            ["i"] = int.MinValue,
            ["l"] = long.MaxValue,
            ["u"] = ulong.MaxValue,
            ["f"] = CheckpointSection.Number(MathF.PI),
            ["d"] = CheckpointSection.Number(Math.PI),
            ["nan"] = CheckpointSection.Number(double.NaN),
            ["minus"] = CheckpointSection.Number(float.NegativeInfinity),
            ["s"] = "größe \" \n",
            ["b"] = true,
            ["none"] = null,
            ["ds"] = new JsonArray(1.5, "NaN"),
            ["ls"] = new JsonArray(1L, -2L),
            ["ss"] = new JsonArray("x", "y"),
            ["o"] = new JsonObject { ["k"] = 1 },
            ["os"] = new JsonArray(new JsonObject { ["k"] = 2 }),
        };
        byte[] bytes = CheckpointManifest.Write(0, [], new() { ["model"] = json }, "manifest.json");
        CheckpointSection section = CheckpointManifest.Read(bytes, "manifest.json").Section("model");
        Assert.Equal(int.MinValue, section.Int32("i"));
        Assert.Equal(long.MaxValue, section.Int64("l"));
        Assert.Equal(ulong.MaxValue, section.UInt64("u"));
        Assert.Equal(MathF.PI, section.Single("f"));
        Assert.Equal(Math.PI, section.Double("d"));
        Assert.Equal(double.NaN, section.Double("nan"));
        Assert.Equal(float.NegativeInfinity, section.Single("minus"));
        Assert.Equal("größe \" \n", section.String("s"));
        Assert.True(section.Boolean("b"));
        Assert.False(section.Has("none"));
        Assert.False(section.Has("absent"));
        Assert.True(section.Has("b"));
        Assert.Equal([1.5, double.NaN], section.Doubles("ds"));
        Assert.Equal([1L, -2L], section.Int64s("ls"));
        Assert.Equal(["x", "y"], section.Strings("ss"));
        Assert.Equal(1, section.Section("o").Int32("k"));
        Assert.Equal(2, Assert.Single(section.Sections("os")).Int32("k"));
    }

    [Fact]
    public void FieldsOfAnotherKindAreNamed()
    {
        string sections = """{"m":{"s":"x","big":1e400,"n":1,"half":"\ud800","a":[1,"x",{}],"z":null}}""";
        CheckpointSection m = CheckpointManifest.Read(Sign(Body(sections: sections)), "manifest.json").Section("m");
        foreach (string field in new[] { "s", "big", "half", "a", "z", "absent" })
        {
            foreach (Func<string, object> read in new Func<string, object>[]
            {
                f => m.Int32(f), f => m.Int64(f), f => m.UInt64(f), f => m.Single(f), f => m.Double(f), f => m.Boolean(f),
                f => m.Section(f), f => m.Sections(f), f => m.Strings(f), f => m.Int64s(f), f => m.Doubles(f),
            })
            {
                CheckpointException e = Assert.Throws<CheckpointException>(() => read(field));
                Assert.Contains($"'{field}'", e.Message, StringComparison.Ordinal);
            }
        }

        Assert.Throws<CheckpointException>(() => m.String("n"));
        Assert.Throws<CheckpointException>(() => m.String("half"));
        Assert.Throws<CheckpointException>(() => CheckpointManifest.Read(Sign(Body()), "manifest.json").Section("absent"));
    }

    /// <summary>Appends a valid checksum to a manifest's body.</summary>
    internal static byte[] Sign(string body)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(body);
        string hash = Convert.ToHexStringLower(SHA256.HashData(bytes));
        return [.. bytes, .. Encoding.UTF8.GetBytes($",\n  \"manifest_sha256\": \"{hash}\"\n}}\n")];
    }

    private static string Body(
        string format = "rnngpu-checkpoint", string version = "1", string step = "5", string? files = null, string sections = "{}") =>
        $"{{\"format\": \"{format}\", \"version\": {version}, \"step\": {step}, \"files\": {files ?? File("a")}, \"sections\": {sections}";

    private static string File(string name, string length = "3", string hash = Hash) =>
        $"[{{\"name\":\"{name}\",\"length\":{length},\"sha256\":\"{hash}\"}}]";
}
