using System.Text.Json.Nodes;
using RnnGpu.Cli.Charts;
using RnnGpu.Core;
using RnnGpu.Nn;
using RnnGpu.Nn.Checkpoints;
using RnnGpu.Tasks.CharLm;
using RnnGpu.Tasks.Language;
using Spectre.Console;

namespace RnnGpu.Cli.Training;

/// <summary>What a run says of itself at its start and at its end, to people and as JSON.</summary>
internal sealed class RunSummary(
    CommandContext context, TrainSettings settings, TrainingText text, CharModel model, IBackend backend, string directory)
{
    private const int SampleLength = 400;
    private const double SampleTemperature = 0.7;

    /// <summary>The learning curve of a history.</summary>
    public static LearningCurve Curve(TrainingHistory history) => RunDirectory.Curve("charlm: nats per character", "nats per character", history);

    /// <summary>Before the first step.</summary>
    public void Begin(Checkpoint? resumed, long? totalSteps)
    {
        CharModelConfig config = settings.Model;
        string files = text.Corpus.Files.Count == 1 ? "1 file" : $"{text.Corpus.Files.Count:N0} files";
        Table(
            ("text", $"{text.Training.Length:N0} characters to learn, {text.Validation.Length:N0} for validation, {text.Vocabulary.Size - 1} distinct, {files}"),
            ("model", $"{config.Layers} x {Layouts.Name(config.Cell)} of {config.Hidden}, embedding {config.Embedding}, dropout {config.Dropout}: {model.ParameterCount():N0} weights"),
            ("training", $"{settings.Optimizer}, learning rate {settings.LearningRate} ({settings.Schedule}), batch {settings.Batch}, windows of {settings.SeqLength}, "
                + (totalSteps is { } total ? $"{total:N0} steps" : $"{settings.Length}")),
            ("device", backend.Description),
            ("checkpoints", directory));
        if (resumed is not null) { context.Text.WriteLine($"resumed from {resumed.Path} at step {resumed.Step:N0}"); }
    }

    /// <summary>After Ctrl-C.</summary>
    public int Interrupted(TrainingResult result, TrainingHistory history, ProgressReport progress)
    {
        string message = $"interrupted at step {result.Figures.Step:N0}; saved in {result.Checkpoint}; continue with: rnngpu train charlm --resume {Quoted(directory)}";
        JsonObject figures = Figures("interrupted", result, history, progress);
        figures["error"] = message;
        figures["code"] = (int)ExitCode.Interrupted;
        context.WriteResult(figures);
        context.Error.WriteLine($"rnngpu: {message}");
        return (int)ExitCode.Interrupted;
    }

    /// <summary>After the last step.</summary>
    /// <param name="result">Of the trainer.</param>
    /// <param name="history">Its curve.</param>
    /// <param name="progress">Speed.</param>
    /// <param name="best">Checkpoint of the best validation loss; the model holds its weights.</param>
    /// <param name="curve">Path of the picture.</param>
    public int Done(TrainingResult result, TrainingHistory history, ProgressReport progress, string best, string curve)
    {
        string sample = Sample();
        JsonObject figures = Figures("complete", result, history, progress);
        figures["best_checkpoint"] = best;
        figures["learning_curve"] = curve;
        figures["sample"] = sample;
        context.WriteResult(figures);
        foreach (string line in TerminalChart.Draw(Curve(history), Math.Min(context.Console.Profile.Width, 100), 14)) { context.Console.MarkupLine(line); }
        double loss = result.Figures.BestValidationLoss;
        Table(
            ("best validation", $"{loss:F4} nats/character ({loss / Math.Log(2):F4} bits) at step {result.Figures.BestStep:N0} of {result.Figures.Step:N0}"),
            ("speed", progress.Steps > 0 ? $"{progress.UnitsPerSecond:N0} characters/s, {TrainStatus.Duration(result.Figures.Elapsed)} in all" : "nothing left to do"),
            ("model", best),
            ("learning curve", curve));
        context.Text.WriteLine();
        context.Text.WriteLine("a sample:");
        context.Text.WriteLine(sample);
        context.Text.WriteLine();
        context.Text.WriteLine($"more: rnngpu sample --model {Quoted(directory)}");
        return (int)ExitCode.Ok;
    }

    private string Sample()
    {
        model.Eval();
        using var writer = new CharWriter(model, text.Vocabulary);
        var sampler = new TokenSampler(text.Vocabulary.Size, SampleTemperature, topP: 1, settings.Seed);
        writer.Read([]);
        var ids = new int[SampleLength];
        for (int i = 0; i < ids.Length; i++) { ids[i] = writer.Next(sampler); }
        return text.Vocabulary.Decode(ids);
    }

    private JsonObject Figures(string end, TrainingResult result, TrainingHistory history, ProgressReport progress)
    {
        TrainingFigures figures = result.Figures;
        CharModelConfig config = settings.Model;
        return new JsonObject
        {
            ["task"] = "charlm",
            ["end"] = end,
            ["steps"] = figures.Step,
            ["epochs"] = figures.Epoch,
            ["validation_nats_per_char"] = CommandContext.Figure(figures.ValidationLoss),
            ["best_nats_per_char"] = CommandContext.Figure(figures.BestValidationLoss),
            ["best_bits_per_char"] = CommandContext.Figure(figures.BestValidationLoss / Math.Log(2)),
            ["best_step"] = figures.BestStep,
            ["loss_scale"] = figures.LossScale,
            ["skipped_steps"] = figures.SkippedSteps,
            ["characters_per_second"] = CommandContext.Figure(progress.UnitsPerSecond),
            ["seconds"] = figures.Elapsed.TotalSeconds,
            ["steps_by_this_process"] = progress.Steps,
            ["train_characters"] = text.Training.Length,
            ["validation_characters"] = text.Validation.Length - 1,
            ["vocabulary"] = text.Vocabulary.Size,
            ["parameters"] = model.ParameterCount(),
            ["cell"] = Layouts.Name(config.Cell),
            ["layers"] = config.Layers,
            ["hidden"] = config.Hidden,
            ["embedding"] = config.Embedding,
            ["dropout"] = config.Dropout,
            ["settings"] = TrainSettingsFormat.ToJson(settings),
            ["device"] = backend.Description,
            ["directory"] = directory,
            ["checkpoint"] = result.Checkpoint,
            ["history"] = new JsonObject { ["training"] = Points(history.Training), ["validation"] = Points(history.Validation) },
        };
    }

    private static JsonArray Points(IReadOnlyList<HistoryPoint> points) =>
        new([.. points.Select(point => new JsonObject { ["step"] = point.Step, ["loss"] = CommandContext.Figure(point.Loss) })]);

    private static string Quoted(string path) => path.Contains(' ') ? $"'{path}'" : path;

    private void Table(params ReadOnlySpan<(string Name, string Value)> rows)
    {
        Grid grid = new Grid().AddColumn(new GridColumn().NoWrap()).AddColumn();
        foreach ((string name, string value) in rows) { grid.AddRow(new Text(name), new Text(value)); }
        context.Console.Write(grid);
    }
}
