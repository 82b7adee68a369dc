using System.CommandLine;
using RnnGpu.Cli.Training;

namespace RnnGpu.Cli.Verbs;

/// <summary><c>rnngpu train TASK</c>.</summary>
internal static class TrainVerb
{
    /// <summary>The verb.</summary>
    public static Command Create(CommandContext context)
    {
        var options = new TrainOptions();
        var charlm = new Command("charlm", "Train a character language model; without --data on this project's own sources");
        options.AddTo(charlm);
        charlm.SetAction((given, stop) => Task.FromResult(CharLmRun.Execute(context, options, given, stop)));
        return new Command("train", "Train a model") { charlm };
    }
}
