using RnnGpu.Nn.Checkpoints;
using Xunit;

namespace RnnGpu.Tests.Checkpoints;

public sealed class CheckpointFolderTests
{
    [Fact]
    public void SavedIsFoundAndRead()
    {
        using var run = new TempFolder();
        Assert.Null(CheckpointFolder.FindNewest(run.Path).Newest);
        string path = SampleCheckpoint.Save(run.Path, 1200);
        Assert.Equal(run["step-000001200"], path);
        Assert.Equal(["manifest.json", "model.safetensors", "optimizer.safetensors"], TempFolder.Contents(path).Keys);

        CheckpointSearch search = CheckpointFolder.FindNewest(run.Path);
        Assert.Empty(search.Skipped);
        Checkpoint checkpoint = Assert.IsType<Checkpoint>(search.Newest);
        Assert.Equal(1200, checkpoint.Step);
        Assert.True(SampleCheckpoint.IsIntact(checkpoint));
        Assert.Equal(0.1f, checkpoint.Manifest.Section("training").Single("lr"));
        Assert.Equal(["a.txt", "b.txt"], checkpoint.Manifest.Section("data").Strings("files"));
        using Stream stream = checkpoint.OpenRead("model.safetensors");
        Assert.Equal(checkpoint.Manifest.Files[0].Length, stream.Length);
        Assert.Throws<CheckpointException>(() => checkpoint.OpenTensors("other.safetensors"));
    }

    [Fact]
    public void SameContentGivesTheSameBytes()
    {
        using var one = new TempFolder();
        using var two = new TempFolder();
        SampleCheckpoint.Save(one.Path, 7);
        SampleCheckpoint.Save(two["deeper/run"], 7);
        Assert.Equal(TempFolder.Contents(one.Path), TempFolder.Contents(two["deeper/run"]));
    }

    [Fact]
    public void TheHighestStepIsTheNewest()
    {
        using var run = new TempFolder();
        foreach (long step in new[] { 999_999_999L, 2, 1_000_000_000, 10 })
        {
            SampleCheckpoint.Save(run.Path, step);
        }

        Assert.Equal(1_000_000_000, CheckpointFolder.FindNewest(run.Path).Newest?.Step);
    }

    [Fact]
    public void FoldersOfOtherNamesAreLeftAlone()
    {
        using var run = new TempFolder();
        SampleCheckpoint.Save(run.Path, 1);
        foreach (string name in new[] { "step-2", "step-00000000x", "laststep-000000009", "notes", "step-99999999999999999999" })
        {
            Directory.CreateDirectory(run[name]);
        }

        CheckpointSearch search = CheckpointFolder.FindNewest(run.Path);
        Assert.Equal(1, search.Newest?.Step);
        Assert.Empty(search.Skipped);
        SampleCheckpoint.Save(run.Path, 3);
        CheckpointFolder.Prune(run.Path, 1, []);
        Assert.True(Directory.Exists(run["step-2"]));
        Assert.Equal(6, Directory.GetDirectories(run.Path).Length);
    }

    [Fact]
    public void DamagedOnesAreSkippedWithTheirReasons()
    {
        using var run = new TempFolder();
        for (long step = 1; step <= 6; step++)
        {
            SampleCheckpoint.Save(run.Path, step);
        }

        File.Delete(run["step-000000006/manifest.json"]);
        File.AppendAllText(run["step-000000005/model.safetensors"], "x");
        byte[] bytes = File.ReadAllBytes(run["step-000000004/optimizer.safetensors"]);
        bytes[^1] ^= 1;
        File.WriteAllBytes(run["step-000000004/optimizer.safetensors"], bytes);
        File.Delete(run["step-000000003/model.safetensors"]);
        Directory.Move(run["step-000000001"], run["step-000000007"]);
        Directory.CreateDirectory(run[".tmp-step-000000008"]);

        CheckpointSearch search = CheckpointFolder.FindNewest(run.Path);
        Assert.Equal(2, search.Newest?.Step);
        Assert.Collection(
            search.Skipped,
            s => Assert.Contains("manifest says step 1", s.Reason, StringComparison.Ordinal),
            s => Assert.Contains("manifest.json: the file is missing", s.Reason, StringComparison.Ordinal),
            s => Assert.Contains("the manifest says", s.Reason, StringComparison.Ordinal),
            s => Assert.Contains("SHA-256", s.Reason, StringComparison.Ordinal),
            s => Assert.Contains("model.safetensors: the file is missing", s.Reason, StringComparison.Ordinal),
            s => Assert.Contains("never ended", s.Reason, StringComparison.Ordinal));
    }

    [Fact]
    public void AUserMayNameTheRunOrTheCheckpoint()
    {
        using var run = new TempFolder();
        CheckpointException none = Assert.Throws<CheckpointException>(() => CheckpointFolder.OpenNewest(run.Path));
        Assert.Contains("no checkpoint in it", none.Message, StringComparison.Ordinal);
        SampleCheckpoint.Save(run.Path, 1);
        SampleCheckpoint.Save(run.Path, 2);
        Assert.Equal(2, CheckpointFolder.OpenNewest(run.Path).Step);
        Assert.Equal(1, CheckpointFolder.OpenNewest(run["step-000000001/"]).Step);
        Directory.Move(run["step-000000001"], run["best"]);
        Assert.Equal(1, CheckpointFolder.OpenNewest(run["best"]).Step);

        File.Delete(run["step-000000002/model.safetensors"]);
        CheckpointException named = Assert.Throws<CheckpointException>(() => CheckpointFolder.OpenNewest(run["step-000000002"]));
        Assert.Contains("model.safetensors", named.Message, StringComparison.Ordinal);
        CheckpointException damaged = Assert.Throws<CheckpointException>(() => CheckpointFolder.OpenNewest(run.Path));
        Assert.Contains("none of the 1 checkpoints", damaged.Message, StringComparison.Ordinal);
        CheckpointException absent = Assert.Throws<CheckpointException>(() => CheckpointFolder.OpenNewest(run["absent"]));
        Assert.Contains("no such folder", absent.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void PruneKeepsTheNewestCompleteOnesAndTheNamed()
    {
        using var run = new TempFolder();
        for (long step = 1; step <= 6; step++)
        {
            SampleCheckpoint.Save(run.Path, step);
        }

        File.Delete(run["step-000000005/model.safetensors"]);
        IReadOnlyList<string> removed = CheckpointFolder.Prune(run.Path, 2, [1]);
        Assert.Equal([run["step-000000003"], run["step-000000002"]], removed);
        Assert.Equal(
            ["step-000000001", "step-000000004", "step-000000005", "step-000000006"],
            Directory.GetDirectories(run.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Empty(CheckpointFolder.Prune(run.Path, 2, [1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => CheckpointFolder.Prune(run.Path, 0, []));
    }

    [Fact]
    public void PruneRemovesNothingWhileTooFewAreComplete()
    {
        using var run = new TempFolder();
        for (long step = 1; step <= 3; step++)
        {
            SampleCheckpoint.Save(run.Path, step);
        }

        File.Delete(run["step-000000003/manifest.json"]);
        File.AppendAllText(run["step-000000002/model.safetensors"], "x");
        Assert.Empty(CheckpointFolder.Prune(run.Path, 1, []));
        Assert.Equal(3, Directory.GetDirectories(run.Path).Length);
    }

    [Fact]
    public void TheSameStepIsReplacedAndAnIdenticalOneStays()
    {
        using var run = new TempFolder();
        string path = SampleCheckpoint.Save(run.Path, 5);
        DateTime written = File.GetLastWriteTimeUtc(Path.Combine(path, "manifest.json")).AddHours(-1);
        File.SetLastWriteTimeUtc(Path.Combine(path, "manifest.json"), written);
        SampleCheckpoint.Save(run.Path, 5);
        Assert.Equal(written, File.GetLastWriteTimeUtc(Path.Combine(path, "manifest.json")));

        File.Delete(Path.Combine(path, "model.safetensors"));
        SampleCheckpoint.Save(run.Path, 5);
        Assert.True(SampleCheckpoint.IsIntact(Checkpoint.Open(path)));

        CheckpointFolder.Save(run.Path, 5, w => w.Tensors("other.safetensors", _ => { }));
        Assert.Equal(["manifest.json", "other.safetensors"], TempFolder.Contents(path).Keys);
        Assert.Single(Directory.GetFileSystemEntries(run.Path));
    }

    [Fact]
    public void TheWriterRefusesMisuseAndLeavesNothing()
    {
        using var run = new TempFolder();
        Assert.Throws<ArgumentOutOfRangeException>(() => SampleCheckpoint.Save(run.Path, -1));
        foreach (string name in new[] { "../x", "a/b", "", "manifest.json", ".hidden", "x.", "a:b" })
        {
            Assert.Throws<ArgumentException>(() => CheckpointFolder.Save(run.Path, 1, w => w.Create(name)));
        }

        Assert.Throws<ArgumentException>(() => CheckpointFolder.Save(run.Path, 1, w =>
        {
            w.Create("a").Dispose();
            w.Create("A").Dispose();
        }));
        Assert.Throws<InvalidOperationException>(() => CheckpointFolder.Save(run.Path, 1, w => w.Create("open")));
        Assert.Throws<InvalidOperationException>(() => CheckpointFolder.Save(run.Path, 1, w =>
        {
            w.Create("open");
            w.Create("second");
        }));
        Assert.Throws<InvalidOperationException>(
            () => CheckpointFolder.Save(run.Path, 1, w => w.Tensors("t", t => t.Add("missing", SafeTensorsDType.F32, [1]))));
        Assert.Throws<ArgumentException>(() => CheckpointFolder.Save(run.Path, 1, w =>
        {
            w.Section("s", []);
            w.Section("s", []);
        }));
        Assert.Empty(Directory.GetFileSystemEntries(run.Path));
    }
}
