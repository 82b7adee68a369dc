using RnnGpu.Cli;
using RnnGpu.Cli.Machine;
using RnnGpu.Core;
using RnnGpu.Cpu;
using RnnGpu.Tests.Cli;
using Xunit;

namespace RnnGpu.Tests.Machine;

/// <summary>The cache of measured figures: where it is, what backends make of what stands in it, and what commands say of it.</summary>
[Collection(CacheCollection.Name)]
public sealed class MachineCacheTests
{
    private static readonly SimdPath Path = SimdPaths.Choose();
    private static readonly MachineKey Key = CpuFigures.KeyOf(Path);
    private static readonly CpuCosts Measured = CpuCosts.Default(Path) with { FlopsPerSecond = 123e9, BarrierSeconds = 0.7e-6 };

    [Fact]
    public void The_folder_follows_the_environment()
    {
        string? before = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        try
        {
            Environment.SetEnvironmentVariable(MachineCache.Variable, "OFF");
            Assert.Null(MachineCache.Folder);
            Assert.Null(MachineCache.FileOf(Key));
            Environment.SetEnvironmentVariable(MachineCache.Variable, "/elsewhere");
            Assert.Equal("/elsewhere/" + Key.FileName, MachineCache.FileOf(Key));
            Environment.SetEnvironmentVariable(MachineCache.Variable, null);
            Environment.SetEnvironmentVariable("XDG_CACHE_HOME", "/caches");
            Assert.Equal("/caches/rnngpu", MachineCache.Folder);
            Environment.SetEnvironmentVariable("XDG_CACHE_HOME", "relative");
            Assert.NotEqual("relative/rnngpu", MachineCache.Folder);
            Assert.EndsWith("/rnngpu", MachineCache.Folder, StringComparison.Ordinal);
        }
        finally
        {
            Environment.SetEnvironmentVariable("XDG_CACHE_HOME", before);
            Environment.SetEnvironmentVariable(MachineCache.Variable, "off");
        }
    }

    [Fact]
    public void What_was_kept_is_what_is_known_from_then_on()
    {
        using var folder = new CacheFolder();
        Assert.Equal(CpuCosts.Default(Path), CpuFigures.Known(Path, out string note));
        Assert.Contains("was not measured: run `rnngpu calibrate --device cpu`", note, StringComparison.Ordinal);
        string file = MachineStore.KeepFigures(CpuFigures.Load(Path), Key, CpuFigures.Of(Measured))!;
        Assert.Equal(System.IO.Path.Combine(folder.Path, Key.FileName), file);
        Assert.Equal(Measured, CpuFigures.Known(Path, out note));
        Assert.Contains(file, note, StringComparison.Ordinal);
        Assert.Single(Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void Figures_and_strategies_are_kept_beside_each_other()
    {
        using var folder = new CacheFolder();
        _ = MachineStore.KeepChoices(CpuFigures.Load(Path), Key, new Dictionary<string, string> { ["a"] = "x", ["b"] = "x" });
        _ = MachineStore.KeepFigures(CpuFigures.Load(Path), Key, CpuFigures.Of(Measured));
        _ = MachineStore.KeepChoices(CpuFigures.Load(Path), Key, new Dictionary<string, string> { ["b"] = "y" });
        MachineRecord record = CpuFigures.Load(Path).Record!;
        Assert.Equal(CpuFigures.Of(Measured), record.Figures);
        Assert.Equal(new Dictionary<string, string> { ["a"] = "x", ["b"] = "y" }, record.Choices);

        Dictionary<string, string> many = Enumerable.Range(0, MachineFormat.MostChoices).ToDictionary(i => $"n{i}", _ => "x");
        _ = MachineStore.KeepChoices(CpuFigures.Load(Path), Key, many);
        Assert.Equal(MachineFormat.MostChoices, CpuFigures.Load(Path).Record!.Choices.Count);
    }

    [Fact]
    public async Task What_cannot_be_used_is_told_and_left_aside()
    {
        using var folder = new CacheFolder();
        string file = MachineCache.FileOf(Key)!;
        Directory.CreateDirectory(folder.Path);
        foreach ((Action damage, string reason) in new (Action, string)[]
        {
            (() => File.WriteAllText(file, "{\"format\": 7}"), "format 7"),
            (() => File.WriteAllBytes(file, [0xFF, 0x00, 0x7B]), "no JSON, or damaged"),
            (() => File.WriteAllBytes(file, new byte[MachineFormat.MostBytes + 9]), "more than"),
            (() => File.WriteAllBytes(file, []), "was not measured"),
            (() => { File.Delete(file); Directory.CreateDirectory(file); }, "was not measured"),
        })
        {
            damage();
            using (IBackend backend = Backends.Create(new DeviceChoice("cpu", 1, ComputeMode.Fp32))) { Assert.Equal("cpu", backend.Name); }
            Assert.Equal(CpuCosts.Default(Path), CpuFigures.Known(Path, out string note));
            Assert.Contains(reason, note, StringComparison.Ordinal);
            CommandLine doctor = await CommandLine.RunAsync("doctor"), json = await CommandLine.RunAsync("doctor", "--json");
            Assert.Equal((ExitCode.Ok, ExitCode.Ok), (doctor.Exit, json.Exit));
            Assert.Contains($"  cpu: {note}", doctor.Output, StringComparison.Ordinal);
            Assert.Equal(note, json.Json.GetProperty("calibration").GetProperty("cpu").GetString());
        }
    }

    [Fact]
    public async Task Calibrating_measures_prints_and_keeps()
    {
        using var folder = new CacheFolder();
        CommandLine run = await CommandLine.RunAsync("calibrate", "--device", "cpu", "--keep", "--json");
        Assert.Equal(ExitCode.Ok, run.Exit);
        Assert.Equal(MachineCache.FileOf(Key), run.Json.GetProperty("file").GetString());
        CpuCosts known = CpuFigures.Known(Path, out _);
        Assert.Equal(CpuFigures.All.Count, run.Json.GetProperty("figures").GetArrayLength());
        foreach ((CpuFigure figure, System.Text.Json.JsonElement told) in CpuFigures.All.Zip(run.Json.GetProperty("figures").EnumerateArray()))
        {
            Assert.Equal(figure.Range.Name, told.GetProperty("name").GetString());
            Assert.Equal(figure.Read(known), told.GetProperty("measured").GetDouble());
        }

        // A core multiplies faster than a megahertz's worth, and reads its own cache no slower than it reads memory on ten threads.
        Assert.InRange(known.FlopsPerSecond, 1e8, 1e13);
        Assert.True(known.L2BytesPerSecond > 0.1 * known.MemoryBytesPerSecond);
    }

    [Fact]
    public async Task Where_the_cache_is_off_or_cannot_be_written_calibrating_says_so()
    {
        Environment.SetEnvironmentVariable(MachineCache.Variable, "off");
        CommandLine off = await CommandLine.RunAsync("calibrate", "--device", "cpu", "--keep");
        Assert.Equal(ExitCode.Ok, off.Exit);
        Assert.Contains($"not kept: {MachineCache.Variable} turns the cache off", off.Output, StringComparison.Ordinal);
        Assert.Contains("a meeting of all workers", off.Output, StringComparison.Ordinal);
        using var folder = new CacheFolder();
        File.WriteAllText(folder.Path, "a file where the folder should be");
        CommandLine refused = await CommandLine.RunAsync("calibrate", "--device", "cpu", "--keep");
        Assert.Equal(ExitCode.InputOutput, refused.Exit);
        Assert.Equal(1, refused.Error.Count(c => c == '\n'));
    }
}
