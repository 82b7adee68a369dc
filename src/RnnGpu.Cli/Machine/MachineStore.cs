using RnnGpu.Core;

namespace RnnGpu.Cli.Machine;

/// <summary>Writes what was measured of a device to the cache (<see cref="MachineCache"/>): a new file is written beside the old one and takes its place whole.</summary>
internal static class MachineStore
{
    /// <summary>Keeps new figures; strategies that were measured before stay.</summary>
    /// <param name="found">What the cache held.</param>
    /// <param name="key">The device.</param>
    /// <param name="figures">All of them.</param>
    /// <returns>The file; null: the cache is turned off.</returns>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static string? KeepFigures(MachineLookup found, MachineKey key, IReadOnlyDictionary<string, double> figures) =>
        Write(new MachineRecord(key, figures, found.Record?.Choices ?? new Dictionary<string, string>()));

    /// <summary>Adds strategies to what the cache held.</summary>
    /// <inheritdoc cref="KeepFigures"/>
    public static string? KeepChoices(MachineLookup found, MachineKey key, IReadOnlyDictionary<string, string> choices) => Write(With(found.Record, key, choices));

    /// <summary>A record with further strategies, the new ones in place of old ones for the same problem.</summary>
    public static MachineRecord With(MachineRecord? record, MachineKey key, IReadOnlyDictionary<string, string> choices)
    {
        var all = new Dictionary<string, string>(record?.Choices ?? new Dictionary<string, string>(), StringComparer.Ordinal);
        foreach ((string problem, string strategy) in choices)
        {
            // A full file forgets what comes first in it; it is quickly measured again.
            if (!all.ContainsKey(problem) && all.Count == MachineFormat.MostChoices) { all.Remove(all.Keys.First()); }
            all[problem] = strategy;
        }

        return new MachineRecord(key, record?.Figures ?? new Dictionary<string, double>(), all);
    }

    private static string? Write(MachineRecord record)
    {
        if (MachineCache.FileOf(record.Key) is not { } file) { return null; }
        string path = Path.GetFullPath(file), part = $"{path}.{Environment.ProcessId}.part";
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        try
        {
            using (FileStream stream = new(part, FileMode.Create, FileAccess.Write))
            {
                stream.Write(MachineFormat.Write(record));
                stream.Flush(flushToDisk: true);
            }

            File.Move(part, path, overwrite: true);
        }
        catch
        {
            File.Delete(part);
            throw;
        }

        return path;
    }
}
