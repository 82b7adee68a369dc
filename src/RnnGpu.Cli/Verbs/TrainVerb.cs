using System.CommandLine;
using RnnGpu.Cli.Training;
using RnnGpu.Tasks.Frame;

namespace RnnGpu.Cli.Verbs;

/// <summary><c>rnngpu train TASK</c>.</summary>
internal static class TrainVerb
{
    /// <summary>The verb.</summary>
    /// <param name="context">Where it writes.</param>
    /// <param name="tasks">Beside the character language model.</param>
    public static Command Create(CommandContext context, IReadOnlyList<LearningTask> tasks)
    {
        var options = new TrainOptions();
        var charlm = new Command("charlm", "Train a character language model; without --data on this project's own sources");
        options.AddTo(charlm);
        charlm.SetAction((given, stop) => Task.FromResult(CharLmRun.Execute(context, options, given, stop)));
        var verb = new Command("train", "Train a model") { charlm };
        foreach (LearningTask task in tasks) { verb.Add(TaskVerbs.Train(context, task)); }
        return verb;
    }
}
