using System.CommandLine;
using System.Text.Json.Nodes;
using RnnGpu.Cli.TaskRuns;
using RnnGpu.Cli.Training;
using RnnGpu.Nn;
using RnnGpu.Nn.Checkpoints;
using RnnGpu.Nn.Data;
using RnnGpu.Tasks.Frame;

namespace RnnGpu.Cli.Verbs;

/// <summary><c>train TASK</c>, <c>eval TASK</c> and <c>predict TASK</c>, made from what a task declares.</summary>
internal static class TaskVerbs
{
    /// <summary><c>train TASK</c>.</summary>
    public static Command Train(CommandContext context, LearningTask task)
    {
        var options = new TaskTrainOptions(task);
        var command = new Command(task.Name, task.Summary);
        options.AddTo(command);
        command.SetAction((given, stop) => Task.FromResult(TaskRun.Execute(context, task, options, given, stop)));
        return command;
    }

    /// <summary><c>eval TASK</c>.</summary>
    public static Command Eval(CommandContext context, LearningTask task)
    {
        Option<string> model = CommonOptions.Model();
        var data = new Option<string[]>("--data")
        {
            Description = $"Files to measure on: {task.DataFormat}",
            HelpName = "FILE",
            AllowMultipleArgumentsPerToken = true,
            Arity = ArgumentArity.OneOrMore,
        };
        var demo = new Option<bool>("--demo") { Description = "Measure on the made-up validation data" };
        var pictures = new Option<string?>("--pictures") { Description = "Directory for pictures (default: none are made)", HelpName = "DIR" };
        var device = new DeviceOptions();
        var command = new Command(task.Name, $"Measure a trained model ({task.Summary.ToLowerInvariant()})") { model, data, demo, pictures };
        device.AddTo(command, strategy: true);
        command.Validators.Add(result =>
        {
            bool files = result.GetResult(data) is { Implicit: false }, made = result.GetResult(demo) is { Implicit: false };
            if (files == made) { result.AddError($"name either files with --data ({task.DataFormat}) or --demo"); }
        });
        command.SetAction((given, stop) =>
        {
            using OpenModel open = OpenModel.Of(task, given.GetRequiredValue(model), device.Read(given));
            TaskData read = given.GetValue(demo)
                ? task.Demo(open.Settings).Validation
                : task.Read([.. given.GetValue(data)!.Select(TextSource.File)], open.Settings);
            var clock = System.Diagnostics.Stopwatch.StartNew();
            Scores scores = open.Model.Evaluate(read, full: true, stop);
            JsonObject result = TaskSummary.ToJson(scores);
            result["task"] = task.Name;
            result["samples"] = read.Count;
            result["seconds"] = clock.Elapsed.TotalSeconds;
            result["checkpoint"] = open.Path;
            if (given.GetValue(pictures) is { } directory)
            {
                Directory.CreateDirectory(directory);
                result["pictures"] = new JsonArray([.. open.Model.Pictures(read).Select(picture => (JsonNode)Pictures.Show(context, picture, directory))]);
            }

            TaskSummary.Show(context, scores);
            context.WriteResult(result);
            return Task.FromResult((int)ExitCode.Ok);
        });
        return command;
    }

    /// <summary><c>predict TASK</c>.</summary>
    public static Command Predict(CommandContext context, LearningTask task)
    {
        Option<string> model = CommonOptions.Model();
        var input = new Option<string[]>("--input")
        {
            Description = "Files to read; - or none for standard input",
            HelpName = "FILE",
            AllowMultipleArgumentsPerToken = true,
            Arity = ArgumentArity.OneOrMore,
        };
        var defaults = new Settings(task.PredictSettings);
        var options = new TaskOptions(task.PredictSettings, defaults);
        var device = new DeviceOptions();
        var command = new Command(task.Name, $"Use a trained model ({task.Summary.ToLowerInvariant()})") { model };
        if (task.PredictsFromInput) { command.Add(input); }
        options.AddTo(command);
        device.AddTo(command, strategy: true);
        command.SetAction((given, stop) =>
        {
            // Samples come a few at a time: a second thread would mostly wait.
            using OpenModel open = OpenModel.Of(task, given.GetRequiredValue(model), device.Read(given, threads: 1));
            string[] names = task.PredictsFromInput ? given.GetValue(input) ?? ["-"] : [];
            var answers = new JsonArray();
            var request = new PredictionRequest(
                [.. names.Select(name => name == "-" ? new TextSource("standard input", Console.OpenStandardInput) : TextSource.File(name))],
                defaults.With(options.Given(given)));
            open.Model.Predict(
                request,
                answer =>
                {
                    if (context.Json) { answers.Add((JsonNode)answer.Json); }
                    else { context.Text.WriteLine(answer.Text); }
                },
                stop);
            context.WriteResult(new JsonObject { ["task"] = task.Name, ["predictions"] = answers, ["checkpoint"] = open.Path });
            return Task.FromResult((int)ExitCode.Ok);
        });
        return command;
    }

    /// <summary>A model from a checkpoint, on a device of its own.</summary>
    private sealed class OpenModel(Device device, TaskModel model, Settings settings, string path) : IDisposable
    {
        public TaskModel Model { get; } = model;

        public Settings Settings { get; } = settings;

        public string Path { get; } = path;

        public static OpenModel Of(LearningTask task, string directory, DeviceChoice choice)
        {
            if (string.IsNullOrWhiteSpace(directory)) { throw new UsageException("--model: no directory is named"); }
            Checkpoint checkpoint = RunDirectory.OpenModel(directory);
            Settings settings = TaskCheckpoint.ReadSettings(task, checkpoint);
            var device = new Device(Backends.Create(choice), (ulong)settings.Get(TrainingSettings.Seed));
            try
            {
                return new OpenModel(device, TaskCheckpoint.Load(task, device, checkpoint), settings, checkpoint.Path);
            }
            catch
            {
                device.Dispose();
                throw;
            }
        }

        public void Dispose()
        {
            Model.Dispose();
            device.Dispose();
        }
    }
}
