namespace RnnGpu.Nn.Checkpoints;

/// <summary>A folder that a search passed over.</summary>
/// <param name="Path">The folder.</param>
/// <param name="Reason">Why, in one line.</param>
public sealed record SkippedCheckpoint(string Path, string Reason);

/// <summary>
/// The result of looking for a run's newest checkpoint: the newest one that is complete and undamaged in every byte, and
/// what was passed over on the way to it, newest first, then the leftovers of saves that never ended.
/// </summary>
public sealed class CheckpointSearch
{
    private CheckpointSearch(Checkpoint? newest, IReadOnlyList<SkippedCheckpoint> skipped)
    {
        Newest = newest;
        Skipped = skipped;
    }

    /// <summary>The newest usable checkpoint, or null.</summary>
    public Checkpoint? Newest { get; }

    /// <summary>Newer ones that are damaged, and leftovers of unfinished saves.</summary>
    public IReadOnlyList<SkippedCheckpoint> Skipped { get; }

    internal static CheckpointSearch Run(string runDirectory)
    {
        var skipped = new List<SkippedCheckpoint>();
        Checkpoint? newest = null;
        foreach ((long step, string path) in List(runDirectory))
        {
            try
            {
                var checkpoint = Checkpoint.Open(path);
                if (checkpoint.Step == step)
                {
                    newest = checkpoint;
                    break;
                }

                skipped.Add(new SkippedCheckpoint(path, $"{path}: its manifest says step {checkpoint.Step}."));
            }
            catch (CheckpointException e)
            {
                skipped.Add(new SkippedCheckpoint(path, e.Message));
            }
        }

        foreach (string path in Folders(runDirectory, CheckpointFolder.TempPrefix + "*"))
        {
            skipped.Add(new SkippedCheckpoint(path, $"{path}: a save that never ended; the next save removes it."));
        }

        return new CheckpointSearch(newest, skipped);
    }

    /// <summary>
    /// The run's checkpoint folders by step, highest first, whatever they hold. One that a save had moved aside when it was
    /// killed stands for its step where no other does.
    /// </summary>
    internal static List<(long Step, string Path)> List(string runDirectory)
    {
        ArgumentException.ThrowIfNullOrEmpty(runDirectory);
        var byStep = new SortedDictionary<long, string>();
        foreach (string path in Folders(runDirectory, "*step-*"))
        {
            string name = Path.GetFileName(path);
            string final = FinalName(path);
            if (CheckpointFolder.StepOf(final) is not { } step)
            {
                continue;
            }

            if (name.Equals(final, StringComparison.Ordinal))
            {
                byStep[step] = path;
            }
            else
            {
                byStep.TryAdd(step, path);
            }
        }

        var list = new List<(long, string)>(byStep.Count);
        foreach ((long step, string path) in byStep)
        {
            list.Add((step, path));
        }

        list.Reverse();
        return list;
    }

    /// <summary>The name of a checkpoint's folder without the prefix it bears while moved aside.</summary>
    internal static string FinalName(string path)
    {
        string name = Path.GetFileName(path);
        return name.StartsWith(CheckpointFolder.OldPrefix, StringComparison.Ordinal) ? name[CheckpointFolder.OldPrefix.Length..] : name;
    }

    private static string[] Folders(string runDirectory, string pattern)
    {
        try
        {
            string[] folders = Directory.GetDirectories(runDirectory, pattern);
            Array.Sort(folders, StringComparer.Ordinal);
            return folders;
        }
        catch (DirectoryNotFoundException) when (!File.Exists(runDirectory))
        {
            return [];
        }
        catch (Exception e) when (CheckpointException.IsFileError(e))
        {
            throw new CheckpointException(
                runDirectory, $"its checkpoints cannot be listed ({e.Message.TrimEnd('.')})", "Name the folder of a run that may be read", e);
        }
    }
}
