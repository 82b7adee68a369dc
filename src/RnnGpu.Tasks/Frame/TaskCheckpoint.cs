using System.Text.Json.Nodes;
using RnnGpu.Nn;
using RnnGpu.Nn.Checkpoints;

namespace RnnGpu.Tasks.Frame;

/// <summary>How a task's model stands in a checkpoint: the section <c>model</c> (task, settings, description) and the file of its weights.</summary>
public static class TaskCheckpoint
{
    /// <summary>Name of the manifest's section.</summary>
    public const string SectionName = "model";

    /// <summary>The section.</summary>
    public static JsonObject ToJson(LearningTask task, Settings settings, JsonObject description) => new()
    {
        ["task"] = task.Name,
        ["settings"] = settings.ToJson(),
        ["description"] = description,
    };

    /// <summary>The task that a checkpoint's model is for.</summary>
    /// <exception cref="CheckpointException">It does not say.</exception>
    public static string TaskName(Checkpoint checkpoint) => checkpoint.Manifest.Section(SectionName).String("task");

    /// <summary>The settings of the run that made a checkpoint.</summary>
    /// <exception cref="CheckpointException">Another task's, or malformed.</exception>
    public static Settings ReadSettings(LearningTask task, Checkpoint checkpoint)
    {
        CheckpointSection section = checkpoint.Manifest.Section(SectionName);
        string name = section.String("task");
        return name == task.Name
            ? Settings.Read(task.DefaultSettings().Declared, section.Section("settings"))
            : throw new CheckpointException(checkpoint.Path, $"it is a model for '{name}', not for '{task.Name}'", $"Use 'rnngpu ... {name}', or another checkpoint");
    }

    /// <summary>Builds the model and reads its weights; it is in evaluation mode.</summary>
    /// <exception cref="CheckpointException">Another task's, or malformed.</exception>
    public static TaskModel Load(LearningTask task, Device device, Checkpoint checkpoint)
    {
        Settings settings = ReadSettings(task, checkpoint);
        TaskModel model = task.Create(device, settings, checkpoint.Manifest.Section(SectionName).Section("description"));
        try
        {
            ModelFile.Read(checkpoint, model.Network);
            model.Network.Eval();
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }
}
