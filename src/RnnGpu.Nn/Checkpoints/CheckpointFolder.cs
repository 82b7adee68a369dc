using System.Globalization;

namespace RnnGpu.Nn.Checkpoints;

/// <summary>
/// The checkpoints of a run: folders <c>step-000001200</c> below the run's folder, saved atomically, found again after any
/// kind of end, and pruned. One process at a time may save into a run's folder.
/// </summary>
/// <remarks>
/// A save writes all files into <c>.tmp-step-...</c>, each brought to the disk (fsync) before it is closed, the manifest
/// last, and only then renames the folder. Rename is atomic: at every moment, and for whatever kills the process, the final
/// name is either absent or the complete checkpoint. .NET cannot fsync a folder, so a power cut just after a save may undo
/// the rename; then the checkpoint before it is the newest. It cannot leave a half-written one under the final name unseen,
/// since file contents went to the disk before the rename and every reader verifies them by SHA-256.
/// </remarks>
public static class CheckpointFolder
{
    internal const string TempPrefix = ".tmp-";
    internal const string OldPrefix = ".old-";
    private const string StepPrefix = "step-";

    /// <summary>The folder name of a step's checkpoint, such as <c>step-000001200</c>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The step is negative.</exception>
    public static string Name(long step)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        return StepPrefix + step.ToString("D9", CultureInfo.InvariantCulture);
    }

    /// <summary>The step of a folder named as <see cref="Name"/> names it, or null.</summary>
    internal static long? StepOf(string name) =>
        name.StartsWith(StepPrefix, StringComparison.Ordinal)
        && long.TryParse(name.AsSpan(StepPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out long step)
        && name.Equals(Name(step), StringComparison.Ordinal)
            ? step
            : null;

    /// <summary>
    /// Saves a checkpoint. It replaces one of the same step; where that one is identical, it stays. Leftovers of killed saves
    /// are removed first.
    /// </summary>
    /// <param name="runDirectory">The run's folder; made if missing.</param>
    /// <param name="step">The optimiser steps done.</param>
    /// <param name="write">Writes the files and sections.</param>
    /// <param name="createFile">Makes a new file for writing, given its path; null for the ordinary way.</param>
    /// <returns>The checkpoint's folder.</returns>
    /// <exception cref="CheckpointException">The disk is full, a folder cannot be written, or the like. Nothing of this save
    /// remains, and the earlier checkpoints are whole.</exception>
    public static string Save(string runDirectory, long step, Action<CheckpointWriter> write, Func<string, Stream>? createFile = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(runDirectory);
        ArgumentNullException.ThrowIfNull(write);
        string name = Name(step);
        string temp = Path.Combine(runDirectory, TempPrefix + name);
        var writer = new CheckpointWriter(temp, createFile ?? CreateFile);
        bool begun = false;
        try
        {
            Directory.CreateDirectory(runDirectory);
            RemoveLeftovers(runDirectory);
            if (Path.Exists(temp))
            {
                throw new IOException($"'{temp}' is left from an earlier save and cannot be removed");
            }

            begun = true;
            Directory.CreateDirectory(temp);
            write(writer);
            byte[] manifest = writer.Finish(step);
            return Publish(temp, Path.Combine(runDirectory, name), manifest);
        }
        catch (Exception e)
        {
            writer.Abandon();
            if (begun)
            {
                TryDelete(temp);
            }

            // NotSupportedException is the caller's mistake here: files are written, not found.
            if (CheckpointException.IsFileError(e) && e is not NotSupportedException)
            {
                throw Failed(runDirectory, step, e);
            }

            throw;
        }
    }

    /// <summary>
    /// Removes the checkpoints that are older than the newest complete ones. The manifest and the length of every file are
    /// verified before a checkpoint counts as complete (SHA-256 is not: reading all weights back would hold up training).
    /// Nothing is removed unless <paramref name="keepLast"/> complete ones remain.
    /// </summary>
    /// <param name="runDirectory">The run's folder.</param>
    /// <param name="keepLast">How many complete ones to keep, by step; at least 1.</param>
    /// <param name="keepSteps">Steps to keep in any case, such as the best one. A run that started over below the steps of an
    /// earlier run in the same folder must name the step just saved.</param>
    /// <returns>The removed folders.</returns>
    /// <exception cref="CheckpointException">A folder cannot be listed or removed.</exception>
    public static IReadOnlyList<string> Prune(string runDirectory, int keepLast, IReadOnlyCollection<long> keepSteps)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(keepLast, 1);
        ArgumentNullException.ThrowIfNull(keepSteps);
        var removed = new List<string>();
        int complete = 0;
        foreach ((long step, string path) in CheckpointSearch.List(runDirectory))
        {
            if (complete < keepLast)
            {
                complete += IsComplete(path) ? 1 : 0;
            }
            else if (!keepSteps.Contains(step))
            {
                Remove(path);
                removed.Add(path);
            }
        }

        return removed;
    }

    /// <summary>Finds the newest complete and undamaged checkpoint of a run; see <see cref="CheckpointSearch"/>.</summary>
    /// <param name="runDirectory">The run's folder; a missing one holds no checkpoint.</param>
    /// <exception cref="CheckpointException">The folder cannot be listed.</exception>
    public static CheckpointSearch FindNewest(string runDirectory) => CheckpointSearch.Run(runDirectory);

    /// <summary>Opens the checkpoint that a user named by its own folder or by its run's folder.</summary>
    /// <param name="directory">A checkpoint's folder, which must then be undamaged, or a run's, whose newest undamaged
    /// checkpoint is opened.</param>
    /// <exception cref="CheckpointException">There is no usable checkpoint; the message says why the newest is not.</exception>
    public static Checkpoint OpenNewest(string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory)));
        if (StepOf(name) is not null || File.Exists(Path.Combine(directory, CheckpointManifest.FileName)))
        {
            return Checkpoint.Open(directory);
        }

        CheckpointSearch search = FindNewest(directory);
        if (search.Newest is { } newest)
        {
            return newest;
        }

        string what = !Directory.Exists(directory) ? "there is no such folder"
            : search.Skipped.Count == 0 ? "there is no checkpoint in it"
            : $"none of the {search.Skipped.Count} checkpoints in it is usable; the newest: {search.Skipped[0].Reason.TrimEnd('.')}";
        throw new CheckpointException(directory, what, "Name the folder of a run or of one of its checkpoints");
    }

    private static FileStream CreateFile(string path) =>
        new(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 64 * 1024);

    private static string Publish(string temp, string final, byte[] manifest)
    {
        if (!Directory.Exists(final))
        {
            Directory.Move(temp, final);
            return final;
        }

        if (IsIdentical(final, manifest))
        {
            TryDelete(temp);
            return final;
        }

        // A folder cannot be renamed onto another. Between the two renames the earlier one goes by its .old- name, by which
        // searches find it and the next save restores it.
        string old = Path.Combine(Path.GetDirectoryName(final)!, OldPrefix + Path.GetFileName(final));
        Directory.Move(final, old);
        try
        {
            Directory.Move(temp, final);
        }
        catch
        {
            Directory.Move(old, final);
            throw;
        }

        TryDelete(old);
        return final;
    }

    // The manifest holds the hash of every file, so equal manifests mean equal checkpoints where the files are undamaged.
    private static bool IsIdentical(string path, byte[] manifest)
    {
        try
        {
            Checkpoint.Open(path);
            return File.ReadAllBytes(Path.Combine(path, CheckpointManifest.FileName)).AsSpan().SequenceEqual(manifest);
        }
        catch (CheckpointException)
        {
            return false;
        }
    }

    private static bool IsComplete(string path)
    {
        try
        {
            return Checkpoint.Open(path, hash: false).Step == StepOf(CheckpointSearch.FinalName(path));
        }
        catch (CheckpointException)
        {
            return false;
        }
    }

    // By way of a .tmp- name, so that a kill in the midst of it leaves no damaged checkpoint behind.
    private static void Remove(string path)
    {
        try
        {
            string doomed = Path.Combine(Path.GetDirectoryName(path)!, $"{TempPrefix}removed-{CheckpointSearch.FinalName(path)}");
            TryDelete(doomed);
            Directory.Move(path, doomed);
            Directory.Delete(doomed, recursive: true);
        }
        catch (Exception e) when (CheckpointException.IsFileError(e))
        {
            throw new CheckpointException(path, $"the old checkpoint cannot be removed ({e.Message.TrimEnd('.')})", "Remove it by hand", e);
        }
    }

    private static void RemoveLeftovers(string runDirectory)
    {
        foreach (string temp in Directory.GetDirectories(runDirectory, TempPrefix + "*"))
        {
            TryDelete(temp);
        }

        foreach (string old in Directory.GetDirectories(runDirectory, OldPrefix + StepPrefix + "*"))
        {
            string final = Path.Combine(runDirectory, CheckpointSearch.FinalName(old));
            if (Directory.Exists(final))
            {
                TryDelete(old);
            }
            else
            {
                Directory.Move(old, final);
            }
        }
    }

    // What cannot be removed now is in nobody's way, and the next save tries again.
    private static void TryDelete(string path)
    {
        try
        {
            if (Directory.Exists(path))
            {
                Directory.Delete(path, recursive: true);
            }
        }
        catch (Exception e) when (CheckpointException.IsFileError(e))
        {
        }
    }

    private static CheckpointException Failed(string runDirectory, long step, Exception e)
    {
        // ENOSPC and EDQUOT on Linux; ERROR_DISK_FULL and ERROR_HANDLE_DISK_FULL on Windows.
        bool full = e.HResult is 28 or 122 or unchecked((int)0x80070070) or unchecked((int)0x80070027);
        return new CheckpointException(
            runDirectory,
            $"the checkpoint of step {step} could not be saved ({e.Message.TrimEnd('.')})",
            (full ? "The disk is full: free some space" : "Check the folder, its permissions and its disk")
                + ", or save elsewhere; earlier checkpoints are whole",
            e);
    }
}
