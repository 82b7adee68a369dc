using RnnGpu.Nn.Checkpoints;
using Xunit;

namespace RnnGpu.Tests.Checkpoints;

public sealed class CheckpointCrashTests
{
    [Fact]
    public void ADiskThatFillsUpAtAnyByteLeavesTheEarlierCheckpointAndNothingElse()
    {
        using var run = new TempFolder();
        SampleCheckpoint.Save(run.Path, 1);
        SortedDictionary<string, string> before = TempFolder.Contents(run.Path);
        var roomy = new FaultyDisk(long.MaxValue);
        using (var other = new TempFolder())
        {
            SampleCheckpoint.Save(other.Path, 2, roomy.Create);
        }

        Assert.InRange(roomy.Written, 500, 5000);
        for (long capacity = 0; capacity < roomy.Written; capacity += 5)
        {
            var disk = new FaultyDisk(capacity);
            CheckpointException e = Assert.Throws<CheckpointException>(() => SampleCheckpoint.Save(run.Path, 2, disk.Create));
            Assert.Contains("checkpoint of step 2 could not be saved (No space left on device)", e.Message, StringComparison.Ordinal);
            Assert.Contains("The disk is full: free some space, or save elsewhere", e.Message, StringComparison.Ordinal);
            Assert.Equal(before, TempFolder.Contents(run.Path));
        }

        Assert.True(SampleCheckpoint.IsIntact(CheckpointFolder.FindNewest(run.Path).Newest!));
        SampleCheckpoint.Save(run.Path, 2, new FaultyDisk(roomy.Written).Create);
        Assert.Equal(2, CheckpointFolder.FindNewest(run.Path).Newest?.Step);
    }

    [Theory]
    [InlineData("model.safetensors")]
    [InlineData("optimizer.safetensors")]
    [InlineData("manifest.json")]
    public void AFileThatCannotBeMadeOrFlushedFailsTheSave(string name)
    {
        using var run = new TempFolder();
        SampleCheckpoint.Save(run.Path, 1);
        SortedDictionary<string, string> before = TempFolder.Contents(run.Path);
        foreach (FaultyDisk disk in new[] { new FaultyDisk(1 << 20) { FailCreateOf = name }, new FaultyDisk(1 << 20) { FailFlushOf = name } })
        {
            CheckpointException e = Assert.Throws<CheckpointException>(() => SampleCheckpoint.Save(run.Path, 2, disk.Create));
            Assert.Contains("earlier checkpoints are whole", e.Message, StringComparison.Ordinal);
            Assert.Equal(before, TempFolder.Contents(run.Path));
        }
    }

    [Fact]
    public void ASwallowedFailureDoesNotBecomeACheckpoint()
    {
        using var run = new TempFolder();
        Assert.Throws<CheckpointException>(() => CheckpointFolder.Save(
            run.Path,
            1,
            w =>
            {
                try
                {
                    w.Tensors("model.safetensors", _ => { });
                }
                catch (IOException)
                {
                    // A careless caller.
                }
            },
            new FaultyDisk(3).Create));
        Assert.Empty(Directory.GetFileSystemEntries(run.Path));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(1)]
    public void AKillAtAnyStageLeavesTheEarlierCheckpoint(long step)
    {
        // The folder is photographed at each step of a save: what is on the disk then is what a kill leaves.
        using var run = new TempFolder();
        using var photographs = new TempFolder();
        SampleCheckpoint.Save(run["run"], 1);
        SortedDictionary<string, string> first = TempFolder.Contents(run["run"]);
        int count = 0;
        var disk = new FaultyDisk(long.MaxValue) { Observe = () => TempFolder.Copy(run["run"], photographs[$"{count++}"]) };
        CheckpointFolder.Save(run["run"], step, w =>
        {
            SampleCheckpoint.Write(w, step);
            w.Section("more", []);
        }, disk.Create);
        Assert.InRange(count, 20, 60);
        for (int i = 0; i < count; i++)
        {
            string photograph = photographs[$"{i}"];
            CheckpointSearch search = CheckpointFolder.FindNewest(photograph);
            Assert.Equal(1, search.Newest?.Step);
            Assert.True(SampleCheckpoint.IsIntact(search.Newest!));
            Assert.Contains("never ended", Assert.Single(search.Skipped).Reason, StringComparison.Ordinal);

            // The next save clears up, and the one before it is still just as it was.
            SampleCheckpoint.Save(photograph, 3);
            Assert.Equal(3, CheckpointFolder.FindNewest(photograph).Newest?.Step);
            Directory.Delete(Path.Combine(photograph, "step-000000003"), recursive: true);
            Assert.Equal(first, TempFolder.Contents(photograph));
        }
    }

    [Fact]
    public void AKillBetweenTheTwoRenamesOfAReplacementLosesNothing()
    {
        using var run = new TempFolder();
        SampleCheckpoint.Save(run.Path, 1);
        SampleCheckpoint.Save(run.Path, 2);
        Directory.Move(run["step-000000002"], run[".old-step-000000002"]);
        Assert.Equal(2, CheckpointFolder.FindNewest(run.Path).Newest?.Step);
        CheckpointFolder.Prune(run.Path, 1, []);
        Assert.Equal(2, CheckpointFolder.FindNewest(run.Path).Newest?.Step);
        SampleCheckpoint.Save(run.Path, 3);
        Assert.Equal(["step-000000002", "step-000000003"], Directory.GetDirectories(run.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.True(SampleCheckpoint.IsIntact(Checkpoint.Open(run["step-000000002"])));

        // After the second rename the one moved aside is only a leftover.
        TempFolder.Copy(run["step-000000003"], run[".old-step-000000003"]);
        SampleCheckpoint.Save(run.Path, 4);
        Assert.False(Directory.Exists(run[".old-step-000000003"]));
    }

    [Fact]
    public void LeftoversOfKilledSavesAndRemovalsGoWithTheNextSave()
    {
        using var run = new TempFolder();
        Directory.CreateDirectory(run[".tmp-step-000000001"]);
        File.WriteAllText(run[".tmp-step-000000001/model.safetensors"], "half");
        Directory.CreateDirectory(run[".tmp-removed-step-000000000"]);
        SampleCheckpoint.Save(run.Path, 1);
        Assert.Equal([run["step-000000001"]], Directory.GetFileSystemEntries(run.Path));
    }

    [Fact]
    public void AFileInTheWayIsToldAndKept()
    {
        using var run = new TempFolder();
        File.WriteAllText(run["run"], "a file where the run's folder should be");
        Assert.Throws<CheckpointException>(() => SampleCheckpoint.Save(run["run"], 1));
        Assert.Throws<CheckpointException>(() => CheckpointFolder.FindNewest(run["run"]));
        Assert.Throws<CheckpointException>(() => CheckpointFolder.OpenNewest(run["run"]));
        Assert.Throws<CheckpointException>(() => SampleCheckpoint.Save(run["run/deeper"], 1));

        File.WriteAllText(run["step-000000001"], "a file where the checkpoint should be");
        Assert.Throws<CheckpointException>(() => SampleCheckpoint.Save(run.Path, 1));
        File.WriteAllText(run[".tmp-step-000000002"], "a file where the temporary folder should be");
        Assert.Throws<CheckpointException>(() => SampleCheckpoint.Save(run.Path, 2));
        Assert.Equal([".tmp-step-000000002", "run", "step-000000001"], TempFolder.Contents(run.Path).Keys);
    }
}
