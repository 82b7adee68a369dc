using System.Text;
using FsCheck;
using FsCheck.Fluent;
using RnnGpu.Core;
using RnnGpu.Tests.Checkpoints;
using Xunit;

namespace RnnGpu.Tests.Machine;

/// <summary>Files of measured figures are read as if somebody hostile wrote them: a record with every figure in its range, or a reason.</summary>
public sealed class MachineFormatTests
{
    private static readonly MachineKey Key = new("gpu", [("name", "NVIDIA \"H200\""), ("driver", "12.4"), ("multiprocessors", "132")]);
    private static readonly FigureRange[] Ranges = [new("a_bytes_per_second", 1e9, 1e13), new("b_seconds", 1e-9, 1e-3)];

    private static readonly MachineRecord Record = new(
        Key,
        new Dictionary<string, double> { ["a_bytes_per_second"] = 2.25e11, ["b_seconds"] = 1.0 / 3e6 },
        new Dictionary<string, string> { ["lstm/512/16/bf16/forward"] = "persistent", ["gru/64/1/fp32/backward"] = "stepwise" });

    [Fact]
    public void What_is_written_is_read_bit_for_bit()
    {
        MachineRecord read = Read(MachineFormat.Write(Record))!;
        Assert.Equal(Record.Figures, read.Figures);
        Assert.Equal(Record.Choices, read.Choices);
        Assert.Equal(Key, read.Key);
        MachineRecord bare = Read(MachineFormat.Write(new MachineRecord(Key, new Dictionary<string, double>(), new Dictionary<string, string>())))!;
        Assert.Empty(bare.Figures);
        Assert.Empty(bare.Choices);
    }

    [Theory]
    [InlineData("", "no JSON")]
    [InlineData("{", "no JSON")]
    [InlineData("[1]", "no JSON object")]
    [InlineData("{}", "does not say its format")]
    [InlineData("""{"format": "1"}""", "does not say its format")]
    [InlineData("""{"format": 99999999999999999999}""", "does not say its format")]
    [InlineData("""{"format": 2}""", "has format 2, this program reads format 1")]
    [InlineData("""{"format": 1}""", "has no 'device'")]
    [InlineData("""{"format": 1, "device": {}}""", "device has no 'kind'")]
    [InlineData("""{"format": 1, "device": {"kind": "gpu", "name": "other", "driver": "12.4", "multiprocessors": "132"}}""", "of another device (gpu: name other")]
    [InlineData("""{"format": 1, "device": {"kind": "cpu", "name": "NVIDIA \"H200\"", "driver": "12.4", "multiprocessors": "132"}}""", "of another device (cpu")]
    [InlineData("""{"format": 1, "device": {"kind": 3}}""", "device has no 'kind'")]
    [InlineData("[[[[[[[[[[]]]]]]]]]]", "no JSON")]
    public void What_is_no_record_is_refused_with_the_reason(string text, string reason)
    {
        Assert.Null(MachineFormat.Read(Encoding.UTF8.GetBytes(text), Key, Ranges, out string problem));
        Assert.Contains(reason, problem, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', problem);
    }

    [Theory]
    [InlineData("\"a_bytes_per_second\": 1e99, \"b_seconds\": 1e-6", "a_bytes_per_second is 1e99")]
    [InlineData("\"a_bytes_per_second\": 1e999, \"b_seconds\": 1e-6", "a_bytes_per_second")]
    [InlineData("\"a_bytes_per_second\": -2e11, \"b_seconds\": 1e-6", "a_bytes_per_second is -2e11")]
    [InlineData("\"a_bytes_per_second\": 0, \"b_seconds\": 1e-6", "a_bytes_per_second is 0")]
    [InlineData("\"a_bytes_per_second\": \"2e11\", \"b_seconds\": 1e-6", "a_bytes_per_second")]
    [InlineData("\"a_bytes_per_second\": NaN, \"b_seconds\": 1e-6", "no JSON")]
    [InlineData("\"a_bytes_per_second\": null, \"b_seconds\": 1e-6", "a_bytes_per_second is null")]
    [InlineData("\"a_bytes_per_second\": 2e11", "lacks b_seconds")]
    [InlineData("\"a_bytes_per_second\": 2e11, \"b_seconds\": 1e-6, \"c\\n\\u001b[31m\": 1", "that there is not")]
    public void Figures_that_no_machine_has_are_refused(string figures, string reason)
    {
        string text = Encoding.UTF8.GetString(MachineFormat.Write(Record with { Figures = new Dictionary<string, double>() })).Replace("\"measured\": {}", $"\"measured\": {{{figures}}}", StringComparison.Ordinal);
        Assert.Contains(figures, text, StringComparison.Ordinal);
        Assert.Null(MachineFormat.Read(Encoding.UTF8.GetBytes(text), Key, Ranges, out string problem));
        Assert.Contains(reason, problem, StringComparison.Ordinal);
        Assert.DoesNotContain(problem, char.IsControl);
    }

    [Fact]
    public void Sizes_are_bounded()
    {
        var many = Enumerable.Range(0, MachineFormat.MostChoices + 1).ToDictionary(i => $"lstm/{i}", _ => "stepwise");
        Assert.Null(MachineFormat.Read(MachineFormat.Write(Record with { Choices = many }), Key, Ranges, out string problem));
        Assert.Contains("more than 1,024 strategies", problem, StringComparison.Ordinal);
        Assert.Null(MachineFormat.Read(MachineFormat.Write(Record with { Choices = new Dictionary<string, string> { ["x"] = new('y', 1000) } }), Key, Ranges, out problem));
        Assert.Contains("is no word", problem, StringComparison.Ordinal);
        Assert.Null(MachineFormat.Read(new byte[MachineFormat.MostBytes + 1], Key, Ranges, out problem));
        Assert.Contains("more than 262,144 bytes", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Damage_is_refused_or_harmless()
    {
        byte[] whole = MachineFormat.Write(Record);
        Prop.ForAll(Mutation.Strokes, strokes =>
        {
            MachineRecord? read = MachineFormat.Read(Mutation.Apply(whole, strokes), Key, Ranges, out string problem);
            if (read is null) { return problem.Length > 0; }
            return read.Figures.All(figure => Ranges.Any(range => range.Name == figure.Key && figure.Value >= range.Least && figure.Value <= range.Most));
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Names_of_files_are_plain_and_differ_with_every_part()
    {
        string name = Key.FileName;
        Assert.Matches("^gpu-nvidia-h200-[0-9a-f]{16}\\.json$", name);
        MachineKey hostile = Key with { Parts = [("name", "../../etc/passwd\0" + new string('x', 500))] };
        Assert.Matches("^[a-z0-9-]{1,80}\\.json$", hostile.FileName);
        Assert.NotEqual(name, (Key with { Kind = "cpu" }).FileName);
        Assert.NotEqual(name, (Key with { Parts = [.. Key.Parts.Take(2), ("multiprocessors", "114")] }).FileName);
    }

    private static MachineRecord? Read(byte[] text) => MachineFormat.Read(text, Key, Ranges, out _);
}
