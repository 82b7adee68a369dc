using System.CommandLine;
using System.Text.Json.Nodes;
using RnnGpu.Tasks.CharLm;
using RnnGpu.Tasks.Frame;

namespace RnnGpu.Cli.Verbs;

/// <summary><c>rnngpu eval</c>: how well a model predicts a text.</summary>
internal static class EvalVerb
{
    /// <summary>The verb.</summary>
    /// <param name="context">Where it writes.</param>
    /// <param name="tasks">Beside the character language model.</param>
    public static Command Create(CommandContext context, IReadOnlyList<LearningTask> tasks)
    {
        Option<string> model = CommonOptions.Model();
        var data = new Option<string[]>("--data")
        {
            Description = "Text files or directories; all of the text is evaluated",
            HelpName = "FILE|DIR",
            AllowMultipleArgumentsPerToken = true,
            Arity = ArgumentArity.OneOrMore,
            Required = true,
        };
        Option<int?> streams = NumberOptions.Int32(
            "--streams", "Parts of the text evaluated side by side; 1 is one exact pass (default: chosen by the text's length)", 1, 4096);
        var device = new DeviceOptions();
        var command = new Command("eval", "Measure a trained model on a text, in nats and bits a character") { model, data, streams };
        device.AddTo(command, strategy: true);
        foreach (LearningTask task in tasks) { command.Add(TaskVerbs.Eval(context, task)); }
        command.SetAction((given, stop) => Task.FromResult(Run(
            context, given.GetRequiredValue(model), given.GetRequiredValue(data), given.GetValue(streams), device.Read(given), stop)));
        return command;
    }

    private static int Run(CommandContext context, string directory, string[] data, int? streams, DeviceChoice device, CancellationToken stop)
    {
        TextCorpus corpus = TextCorpus.Read(data);
        using LoadedModel loaded = LoadedModel.Open(directory, device);
        using var evaluator = new CharEvaluator(loaded.Model, loaded.Vocabulary.Encode(corpus.CodePoints.Span), streams);
        var clock = System.Diagnostics.Stopwatch.StartNew();
        CharScore score = evaluator.Evaluate(stop);
        if (!double.IsFinite(score.NatsPerCharacter)) { throw new NotFiniteNumberException("the loss is not a finite number; the model is of no use"); }
        context.WriteResult(new JsonObject
        {
            ["nats_per_char"] = score.NatsPerCharacter,
            ["bits_per_char"] = score.BitsPerCharacter,
            ["perplexity"] = CommandContext.Figure(score.Perplexity),
            ["characters"] = score.Characters,
            ["unknown_characters"] = score.UnknownCharacters,
            ["streams"] = evaluator.Streams,
            ["seconds"] = clock.Elapsed.TotalSeconds,
            ["checkpoint"] = loaded.Path,
        });
        if (context.Json) { return (int)ExitCode.Ok; }
        context.Text.WriteLine($"{score.NatsPerCharacter:F4} nats/character, {score.BitsPerCharacter:F4} bits/character over {score.Characters:N0} characters");
        if (score.UnknownCharacters > 0) { context.Text.WriteLine($"{score.UnknownCharacters:N0} of them are not in the model's vocabulary"); }
        return (int)ExitCode.Ok;
    }
}
