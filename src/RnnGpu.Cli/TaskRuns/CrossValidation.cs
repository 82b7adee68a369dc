using System.Text.Json.Nodes;
using RnnGpu.Tasks.Frame;
using Spectre.Console;

namespace RnnGpu.Cli.TaskRuns;

/// <summary><c>train TASK --folds K</c>: K models, each trained on all folds but one and measured on that one.</summary>
internal static class CrossValidation
{
    /// <summary>Trains and measures.</summary>
    /// <returns>Exit code.</returns>
    public static int Execute(
        CommandContext context, LearningTask task, Settings settings, TaskSource source, int folds, DeviceChoice device, CancellationToken stop)
    {
        TaskData all = source.Demo ? task.Demo(settings).Training : source.ReadWhole(task, settings);
        var clock = System.Diagnostics.Stopwatch.StartNew();
        var results = new List<Scores>();
        foreach (int[] fold in task.Folds(all, folds, (ulong)settings.Get(TrainingSettings.Seed)))
        {
            var data = new DataSplit(all.Subset(Folds.Others(all.Count, fold)), all.Subset(fold));
            results.Add(TaskRun.TrainOnce(context, task, settings, source, data, device, stop));
            context.Text.WriteLine($"fold {results.Count} of {folds}: {string.Join(", ", results[^1].All)}");
        }

        string[] names = [.. results[0].All.Select(score => score.Name)];
        var means = new JsonObject();
        var table = new Table().AddColumn("score").AddColumn("mean").AddColumn("deviation between folds");
        foreach (string name in names)
        {
            Score[] scores = [.. results.Select(result => result.All.First(score => score.Name == name))];
            double mean = scores.Average(score => score.Value), deviation = Math.Sqrt(scores.Average(score => Math.Pow(score.Value - mean, 2)));
            means[name] = CommandContext.Figure(mean);
            table.AddRow(name.Replace('_', ' '), mean.ToString(scores[0].Format), deviation.ToString(scores[0].Format));
        }

        context.Console.Write(table);
        context.WriteResult(new JsonObject
        {
            ["task"] = task.Name,
            ["folds"] = folds,
            ["samples"] = all.Count,
            ["scores"] = means,
            ["fold_scores"] = new JsonArray([.. results.Select(result => (JsonNode)TaskSummary.ToJson(result))]),
            ["seconds"] = clock.Elapsed.TotalSeconds,
            ["settings"] = settings.ToJson(),
        });
        return (int)ExitCode.Ok;
    }
}
