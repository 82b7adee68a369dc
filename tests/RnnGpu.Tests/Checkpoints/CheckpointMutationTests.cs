using System.Text;
using FsCheck;
using FsCheck.Fluent;
using RnnGpu.Nn.Checkpoints;
using Xunit;

namespace RnnGpu.Tests.Checkpoints;

public sealed class CheckpointMutationTests
{
    [Theory]
    [InlineData("model.safetensors")]
    [InlineData("manifest.json")]
    public void ADamagedFileIsFoundOut(string name)
    {
        using var run = new TempFolder();
        SampleCheckpoint.Save(run.Path, 1);
        string path = Path.Combine(SampleCheckpoint.Save(run.Path, 2), name);
        byte[] original = File.ReadAllBytes(path);
        int refused = 0;
        Prop.ForAll(Mutation.Strokes, strokes =>
        {
            byte[] mutated = Mutation.Apply(original, strokes);
            File.WriteAllBytes(path, mutated);
            bool same = mutated.AsSpan().SequenceEqual(original);
            refused += same ? 0 : 1;
            long before = GC.GetAllocatedBytesForCurrentThread();
            CheckpointSearch search = CheckpointFolder.FindNewest(run.Path);
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4 << 20);
            Assert.Equal(same ? 2 : 1, search.Newest?.Step);
            Assert.Equal(same ? 0 : 1, search.Skipped.Count);
            Assert.True(SampleCheckpoint.IsIntact(search.Newest!));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500).WithReplay(20_240_603, 7));
        Assert.True(refused > 300, $"refused {refused}");
    }

    [Fact]
    public void AForgedManifestReadsOrIsRefused()
    {
        // With a checksum that fits, so that the checks behind it are reached, too.
        using var run = new TempFolder();
        string text = File.ReadAllText(Path.Combine(SampleCheckpoint.Save(run.Path, 2), "manifest.json"));
        byte[] body = Encoding.UTF8.GetBytes(text[..text.IndexOf(",\n  \"manifest_sha256\"", StringComparison.Ordinal)]);
        int accepted = 0;
        int refused = 0;
        Prop.ForAll(Mutation.Strokes, strokes =>
        {
            byte[] forged = CheckpointManifestTests.Sign(Encoding.Latin1.GetString(Mutation.Apply(body, strokes)));
            try
            {
                var manifest = CheckpointManifest.Read(forged, "manifest.json");
                accepted++;
                Assert.True(manifest.Step >= 0);
                Assert.All(manifest.Files, f => Assert.True(f.Length >= 0 && Path.GetFileName(f.Name) == f.Name));
                foreach (CheckpointSection section in manifest.Sections.Values)
                {
                    foreach (string field in new[] { "lr", "epoch", "cursor", "files" })
                    {
                        ReadsOrIsRefused(() => section.Double(field));
                        ReadsOrIsRefused(() => section.Int64(field));
                        ReadsOrIsRefused(() => section.Strings(field));
                    }
                }
            }
            catch (CheckpointException)
            {
                refused++;
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(3000).WithReplay(20_240_604, 7));
        Assert.True(accepted > 100, $"accepted {accepted}");
        Assert.True(refused > 1000, $"refused {refused}");
    }

    private static void ReadsOrIsRefused(Func<object> read)
    {
        try
        {
            Assert.NotNull(read());
        }
        catch (CheckpointException e)
        {
            Assert.DoesNotContain('\n', e.Message);
        }
    }
}
