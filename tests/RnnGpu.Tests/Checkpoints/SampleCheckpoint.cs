using System.Text.Json.Nodes;
using RnnGpu.Nn.Checkpoints;

namespace RnnGpu.Tests.Checkpoints;

/// <summary>A small checkpoint of two safetensors files and two sections, whose content depends on its step.</summary>
internal static class SampleCheckpoint
{
    public static string Save(string runDirectory, long step, Func<string, Stream>? createFile = null) =>
        CheckpointFolder.Save(runDirectory, step, w => Write(w, step), createFile);

    public static void Write(CheckpointWriter writer, long step)
    {
        writer.Tensors("model.safetensors", t =>
        {
            t.Add("weight", SafeTensorsDType.F32, [2, 3]);
            t.Add("bias", SafeTensorsDType.F32, [2]);
            t.Write("weight", [step, 2f, 3f, 4f, 5f, 6f]);
            t.Write("bias", [-1f, -2f]);
        });
        writer.Tensors("optimizer.safetensors", t =>
        {
            t.Add("weight.m", SafeTensorsDType.F32, [2, 3]);
            t.Write("weight.m", new float[6]);
        });
        writer.Section("training", new JsonObject { ["lr"] = CheckpointSection.Number(0.1f), ["epoch"] = 3 });
        writer.Section("data", new JsonObject { ["cursor"] = step * 7, ["files"] = new JsonArray("a.txt", "b.txt") });
    }

    /// <summary>Whether a checkpoint holds just what <see cref="Write"/> wrote for its step.</summary>
    public static bool IsIntact(Checkpoint checkpoint)
    {
        var weight = new float[6];
        using (SafeTensorsFile file = checkpoint.OpenTensors("model.safetensors"))
        {
            file.Read("weight", weight);
        }

        return weight.AsSpan().SequenceEqual([checkpoint.Step, 2f, 3f, 4f, 5f, 6f])
            && checkpoint.Manifest.Section("data").Int64("cursor") == checkpoint.Step * 7;
    }
}
