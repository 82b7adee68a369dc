using System.CommandLine;
using RnnGpu.Tasks.Frame;

namespace RnnGpu.Cli.Verbs;

/// <summary><c>rnngpu predict TASK</c>.</summary>
internal static class PredictVerb
{
    /// <summary>The verb.</summary>
    public static Command Create(CommandContext context, IReadOnlyList<LearningTask> tasks)
    {
        var verb = new Command("predict", "Use a trained model on new data");
        foreach (LearningTask task in tasks) { verb.Add(TaskVerbs.Predict(context, task)); }
        return verb;
    }
}
