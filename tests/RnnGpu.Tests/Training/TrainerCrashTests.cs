using System.Text.Json;
using System.Text.Json.Nodes;
using RnnGpu.Nn;
using RnnGpu.Nn.Checkpoints;
using RnnGpu.Tests.Checkpoints;
using Xunit;

namespace RnnGpu.Tests.Training;

public sealed class TrainerCrashTests
{
    private const int Steps = 6;

    [Fact]
    public void KilledAtAnyStageOfASaveTheRunIsTakenUpAndEndsInTheSameFiles()
    {
        // The folder is photographed at each stage of each save: what is on the disk then is what a kill leaves.
        using var photographs = new TempFolder();
        using var folder = new TempFolder();
        int count = 0;
        var disk = new FaultyDisk(long.MaxValue) { Observe = () => TempFolder.Copy(folder["run"], photographs[$"{count++}"]) };
        using (ToyRun run = New(folder["run"], disk)) { run.Trainer.Run(); }
        SortedDictionary<string, string> expected = LastFiles(folder["run"]);
        Assert.InRange(count, 60, 400);
        int resumed = 0;
        for (int i = 0; i < count; i += 7)
        {
            using ToyRun run = New(photographs[$"{i}"], disk: null);
            if (CheckpointFolder.FindNewest(photographs[$"{i}"]).Newest is { } newest)
            {
                run.Trainer.Restore(newest);
                resumed++;
            }

            run.Trainer.Run();
            Assert.Equal(expected, LastFiles(photographs[$"{i}"]));
        }

        Assert.True(resumed > 5);
    }

    [Fact]
    public void ADiskThatFillsUpEndsTheRunInOneLineAndItGoesOnOnARoomierOne()
    {
        using var folder = new TempFolder();
        var roomy = new FaultyDisk(long.MaxValue);
        using (ToyRun run = New(folder.Path, roomy)) { run.Trainer.Run(); }
        SortedDictionary<string, string> expected = LastFiles(folder.Path);
        foreach (double part in new[] { 0.4, 0.5, 0.7, 0.99 })
        {
            using var small = new TempFolder();
            using (ToyRun run = New(small.Path, new FaultyDisk((long)(part * roomy.Written))))
            {
                CheckpointException e = Assert.Throws<CheckpointException>(() => run.Trainer.Run());
                Assert.Contains("The disk is full", e.Message, StringComparison.Ordinal);
                Assert.DoesNotContain('\n', e.Message);
            }

            using ToyRun second = New(small.Path, disk: null);
            second.Trainer.Restore(CheckpointFolder.OpenNewest(small.Path));
            Assert.InRange(second.Trainer.Step, 2, Steps - 1);
            second.Trainer.Run();
            Assert.Equal(expected, LastFiles(small.Path));
        }
    }

    [Fact]
    public void ACheckpointThatDoesNotFitIsRefusedAndChangesNothing()
    {
        using var folder = new TempFolder();
        using (ToyRun run = New(folder.Path, disk: null)) { run.Trainer.Run(); }
        Checkpoint checkpoint = CheckpointFolder.OpenNewest(folder.Path);
        Refused("seed '3'", () => new ToyRun(new TrainerOptions(), seed: 4));
        Refused("optimiser 'adamw'", () => new ToyRun(new TrainerOptions(), optimizer: static m => new Sgd(m)));
        Refused("rate", () => new ToyRun(new TrainerOptions { Schedule = new PlateauSchedule(0.1) }));
        Refused("model has no such tensor", () => new ToyRun(
            new TrainerOptions(), optimizer: static m => new AdamW([new ParameterGroup([m.NamedParameters()[0]])])));

        void Refused(string expected, Func<ToyRun> make)
        {
            using ToyRun run = make();
            float[] before = run.Weights;
            CheckpointException e = Assert.Throws<CheckpointException>(() => run.Trainer.Restore(checkpoint));
            Assert.Contains(expected, e.Message, StringComparison.Ordinal);
            Assert.Equal(before, run.Weights);
            Assert.Equal(0, run.Trainer.Step);
        }
    }

    [Fact]
    public void AManifestWithoutSenseIsRefusedFieldByField()
    {
        using var folder = new TempFolder();
        using (ToyRun run = New(folder["run"], disk: null)) { run.Trainer.Run(); }
        Checkpoint checkpoint = CheckpointFolder.OpenNewest(folder["run"]);
        int count = 0;
        foreach ((string name, CheckpointSection section) in checkpoint.Manifest.Sections)
        {
            foreach (JsonProperty field in section.Json.EnumerateObject())
            {
                foreach (JsonNode? wrong in new JsonNode?[] { null, "word", -2.0, 0.5, 1e30, new JsonArray("word") })
                {
                    if (MayBe(field.Name, wrong)) { continue; }
                    Checkpoint altered = Altered(checkpoint, folder[$"{count++}"], name, field.Name, wrong);
                    using ToyRun run = New(folder["other"], disk: null);
                    float[] before = run.Weights;
                    CheckpointException e = Assert.Throws<CheckpointException>(() => run.Trainer.Restore(altered));
                    bool named = field.Name == "optimizer" && wrong?.GetValueKind() == JsonValueKind.String;
                    Assert.Contains(named ? "optimiser 'word'" : $"'{field.Name}'", e.Message, StringComparison.Ordinal);
                    Assert.Equal(before, run.Weights);
                    Assert.Equal(0, run.Trainer.Step);
                }
            }
        }

        Assert.InRange(count, 60, 200);
    }

    /// <summary>Losses and their sums may be any number, a learning rate any that is not negative.</summary>
    private static bool MayBe(string field, JsonNode? value) => value is JsonValue number && number.TryGetValue(out double v)
        && (field.Contains("loss", StringComparison.Ordinal) || (field == "learning_rate" && v >= 0));

    private static Checkpoint Altered(Checkpoint checkpoint, string folder, string section, string field, JsonNode? value) =>
        Checkpoint.Open(CheckpointFolder.Save(folder, checkpoint.Step, writer =>
        {
            foreach (CheckpointFileEntry file in checkpoint.Manifest.Files)
            {
                using Stream from = checkpoint.OpenRead(file.Name), to = writer.Create(file.Name);
                from.CopyTo(to);
            }

            foreach ((string name, CheckpointSection old) in checkpoint.Manifest.Sections)
            {
                JsonObject copy = JsonObject.Create(old.Json)!;
                if (name == section) { copy[field] = value?.DeepClone(); }
                writer.Section(name, copy);
            }
        }));

    private static SortedDictionary<string, string> LastFiles(string run) => TempFolder.Contents(CheckpointFolder.OpenNewest(run).Path);

    private static ToyRun New(string folder, FaultyDisk? disk) => new(new TrainerOptions
    {
        MaxSteps = Steps,
        CheckpointDirectory = folder,
        CheckpointEvery = 2,
        CreateFile = disk is null ? null : disk.Create,
    });
}
