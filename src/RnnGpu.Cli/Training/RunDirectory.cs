using RnnGpu.Cli.Charts;
using RnnGpu.Nn;
using RnnGpu.Nn.Checkpoints;

namespace RnnGpu.Cli.Training;

/// <summary>The directory of a run: its checkpoints and its learning curve.</summary>
internal static class RunDirectory
{
    /// <summary>File name of the learning curve.</summary>
    public const string CurveName = "learning-curve.svg";

    /// <summary>The directory of a new run: the one given, or the first of <c>runs/TASK</c>, <c>runs/TASK-2</c>, ... without checkpoints.</summary>
    /// <param name="task">Name of the task.</param>
    /// <param name="given">The one given, or null.</param>
    /// <exception cref="UsageException">The given one holds checkpoints already.</exception>
    public static string ForNewRun(string task, string? given)
    {
        if (given is not null)
        {
            return HoldsCheckpoints(given)
                ? throw new UsageException($"--out: {given} holds checkpoints of an earlier run; continue it with --resume {given}, or name another directory")
                : given;
        }

        string directory = $"runs/{task}";
        for (int number = 2; HoldsCheckpoints(directory); number++) { directory = $"runs/{task}-{number}"; }
        return directory;
    }

    /// <summary>Opens the newest usable checkpoint of a run to continue it.</summary>
    /// <param name="directory">The run's directory.</param>
    /// <param name="tell">Is told of checkpoints that are damaged and passed over.</param>
    /// <exception cref="UsageException">It is the directory of a checkpoint, not of a run.</exception>
    /// <exception cref="CheckpointException">There is no usable checkpoint.</exception>
    public static Checkpoint OpenToResume(string directory, Action<string> tell)
    {
        if (File.Exists(Path.Combine(directory, CheckpointManifest.FileName)))
        {
            throw new UsageException($"--resume: {directory} is one checkpoint; name the directory of the run, above it");
        }

        CheckpointSearch search = CheckpointFolder.FindNewest(directory);
        if (search.Newest is not { } newest) { return CheckpointFolder.OpenNewest(directory); }
        foreach (SkippedCheckpoint skipped in search.Skipped) { tell($"passed over {skipped.Reason}"); }
        return newest;
    }

    /// <summary>The checkpoint to use a run's model from: its best if that is there and whole, else its newest.</summary>
    /// <param name="directory">Of a run or of one checkpoint.</param>
    /// <exception cref="CheckpointException">There is no usable checkpoint.</exception>
    public static Checkpoint OpenModel(string directory)
    {
        Checkpoint newest = CheckpointFolder.OpenNewest(directory);
        bool isCheckpoint = Path.GetFullPath(newest.Path).TrimEnd(Path.DirectorySeparatorChar) == Path.GetFullPath(directory).TrimEnd(Path.DirectorySeparatorChar);
        if (isCheckpoint || !newest.Manifest.Sections.TryGetValue("training", out CheckpointSection? training)) { return newest; }
        string best = Path.Combine(directory, CheckpointFolder.Name(Math.Max(0, training.Int64("best_step"))));
        return Directory.Exists(best) ? Checkpoint.Open(best) : newest;
    }

    /// <summary>Writes the learning curve; an earlier one is replaced at once or not at all.</summary>
    /// <returns>Its path.</returns>
    public static string WriteCurve(string directory, LearningCurve curve) => WritePicture(directory, CurveName, SvgChart.Draw(curve));

    /// <summary>Writes a picture; an earlier one is replaced at once or not at all.</summary>
    /// <returns>Its path.</returns>
    public static string WritePicture(string directory, string name, string svg)
    {
        string path = Path.Combine(directory, name), temporary = path + ".tmp";
        File.WriteAllText(temporary, svg);
        File.Move(temporary, path, overwrite: true);
        return path;
    }

    /// <summary>The learning curve of a history.</summary>
    /// <param name="title">Above it.</param>
    /// <param name="measure">What the losses are in.</param>
    /// <param name="history">Of a run.</param>
    public static LearningCurve Curve(string title, string measure, TrainingHistory history) => LearningCurve.Of(
        title, measure, [.. history.Training.Select(Point)], [.. history.Validation.Select(Point)]);

    private static CurvePoint Point(HistoryPoint point) => new(point.Step, point.Loss);

    private static bool HoldsCheckpoints(string directory) =>
        Directory.Exists(directory) && Directory.EnumerateDirectories(directory, "*step-*").Any();
}
