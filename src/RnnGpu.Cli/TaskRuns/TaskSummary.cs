using System.Text.Json.Nodes;
using RnnGpu.Cli.Charts;
using RnnGpu.Cli.Training;
using RnnGpu.Core;
using RnnGpu.Nn;
using RnnGpu.Nn.Checkpoints;
using RnnGpu.Tasks.Frame;
using Spectre.Console;

namespace RnnGpu.Cli.TaskRuns;

/// <summary>What a task's run says of itself at its start and at its end, to people and as JSON.</summary>
internal sealed class TaskSummary(CommandContext context, LearningTask task, Settings settings, string directory)
{
    private readonly JsonObject _figures = new() { ["task"] = task.Name };

    /// <summary>Before the first step.</summary>
    public void Begin(DataSplit data, long parameters, IBackend backend, long totalSteps, Checkpoint? resumed)
    {
        Table(
            ("to learn", data.Training.Summary),
            ("to measure on", data.Validation.Summary),
            ("model", $"{parameters:N0} weights"),
            ("settings", settings.ToString()),
            ("training", $"{totalSteps:N0} steps"),
            ("device", backend.Description),
            ("checkpoints", directory));
        if (resumed is not null) { context.Text.WriteLine($"resumed from {resumed.Path} at step {resumed.Step:N0}"); }
        _figures["training_samples"] = data.Training.Count;
        _figures["validation_samples"] = data.Validation.Count;
        _figures["parameters"] = parameters;
        _figures["settings"] = settings.ToJson();
        _figures["device"] = backend.Description;
        _figures["directory"] = directory;
    }

    /// <summary>After Ctrl-C.</summary>
    public int Interrupted(TrainingResult result, ProgressReport progress)
    {
        string message = $"interrupted at step {result.Figures.Step:N0}; saved in {result.Checkpoint}; continue with: rnngpu train {task.Name} --resume {Quoted(directory)}";
        Add(result, progress, "interrupted");
        _figures["error"] = message;
        _figures["code"] = (int)ExitCode.Interrupted;
        context.WriteResult(_figures);
        context.Error.WriteLine($"rnngpu: {message}");
        return (int)ExitCode.Interrupted;
    }

    /// <summary>After the last step.</summary>
    /// <param name="result">Of the trainer.</param>
    /// <param name="progress">Speed.</param>
    /// <param name="scores">Of the best checkpoint.</param>
    /// <param name="best">Its path.</param>
    /// <param name="curve">Learning curve.</param>
    /// <param name="curvePath">Its picture.</param>
    /// <param name="pictures">Of the task.</param>
    public int Done(
        TrainingResult result, ProgressReport progress, Scores scores, string best, LearningCurve curve, string curvePath, IReadOnlyList<TaskPicture> pictures)
    {
        Add(result, progress, "complete");
        _figures["scores"] = ToJson(scores);
        _figures["best_checkpoint"] = best;
        foreach (string line in TerminalChart.Draw(curve, Math.Min(context.Console.Profile.Width, 100), 12)) { context.Console.MarkupLine(line); }
        string[] paths = [curvePath, .. pictures.Select(picture => Pictures.Show(context, picture, directory))];
        _figures["pictures"] = new JsonArray([.. paths.Select(path => (JsonNode)path)]);
        Show(context, scores);
        Table(
            ("best", $"step {result.Figures.BestStep:N0} of {result.Figures.Step:N0}"),
            ("speed", progress.Steps > 0 ? $"{progress.UnitsPerSecond:N0} {progress.Unit}/s, {TrainStatus.Duration(result.Figures.Elapsed)} in all" : "nothing left to do"),
            ("model", best),
            ("pictures", string.Join(", ", paths)));
        context.Text.WriteLine();
        context.Text.WriteLine($"use it: rnngpu predict {task.Name} --model {Quoted(directory)}");
        context.WriteResult(_figures);
        return (int)ExitCode.Ok;
    }

    /// <summary>Scores for people.</summary>
    public static void Show(CommandContext context, Scores scores)
    {
        foreach (ScoreTable table in scores.Tables)
        {
            var shown = new Table { Title = new TableTitle(Markup.Escape(table.Name.Replace('_', ' '))) };
            foreach (string column in table.Columns) { shown.AddColumn(Markup.Escape(column)); }
            foreach (ScoreRow row in table.Rows) { shown.AddRow([Markup.Escape(row.Name), .. row.Values.Select(value => double.IsNaN(value) ? "" : $"{value:G5}")]); }
            context.Console.Write(shown);
        }

        context.Text.WriteLine(string.Join(", ", scores.All));
    }

    /// <summary>Scores for programs.</summary>
    public static JsonObject ToJson(Scores scores)
    {
        var json = new JsonObject { ["objective"] = CommandContext.Figure(scores.Objective) };
        foreach (Score score in scores.All) { json[score.Name] = CommandContext.Figure(score.Value); }
        foreach (ScoreTable table in scores.Tables)
        {
            json[table.Name] = new JsonArray([.. table.Rows.Select(row =>
            {
                var line = new JsonObject { [table.Columns[0]] = row.Name };
                for (int i = 0; i < row.Values.Count; i++) { line[table.Columns[i + 1]] = CommandContext.Figure(row.Values[i]); }
                return (JsonNode)line;
            })]);
        }

        return json;
    }

    private void Add(TrainingResult result, ProgressReport progress, string end)
    {
        TrainingFigures figures = result.Figures;
        _figures["end"] = end;
        _figures["steps"] = figures.Step;
        _figures["epochs"] = figures.Epoch;
        _figures["best_step"] = figures.BestStep;
        _figures["loss_scale"] = figures.LossScale;
        _figures["skipped_steps"] = figures.SkippedSteps;
        _figures["best_objective"] = CommandContext.Figure(figures.BestValidationLoss);
        _figures["training_loss"] = CommandContext.Figure(figures.Loss);
        _figures["unit"] = progress.Unit;
        _figures["units_per_second"] = CommandContext.Figure(progress.UnitsPerSecond);
        _figures["seconds"] = figures.Elapsed.TotalSeconds;
        _figures["checkpoint"] = result.Checkpoint;
    }

    private static string Quoted(string path) => path.Contains(' ') ? $"'{path}'" : path;

    private void Table(params ReadOnlySpan<(string Name, string Value)> rows)
    {
        Grid grid = new Grid().AddColumn(new GridColumn().NoWrap()).AddColumn();
        foreach ((string name, string value) in rows) { grid.AddRow(new Text(name), new Text(value)); }
        context.Console.Write(grid);
    }
}
