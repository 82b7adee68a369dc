using System.Security.Cryptography;
using System.Text.Json.Nodes;
using RnnGpu.Nn.Checkpoints;
using RnnGpu.Nn.Data;
using RnnGpu.Tasks.Frame;

namespace RnnGpu.Cli.TaskRuns;

/// <summary>Where a run's data come from, as a checkpoint remembers it: files by path and SHA-256, or the demo.</summary>
/// <param name="Demo">Made-up data.</param>
/// <param name="Data">Files to learn.</param>
/// <param name="Valid">Files to measure on; none: a part of the former.</param>
internal sealed record TaskSource(bool Demo, IReadOnlyList<string> Data, IReadOnlyList<string> Valid)
{
    /// <summary>Name of the manifest's section.</summary>
    public const string SectionName = "data_files";

    /// <summary>SHA-256 over all files' bytes, in order; empty for the demo.</summary>
    public string Fingerprint { get; private init; } = "";

    /// <summary>Names a run's files.</summary>
    /// <exception cref="DataException">One is missing or cannot be read.</exception>
    public static TaskSource Of(bool demo, IEnumerable<string> data, IEnumerable<string> valid)
    {
        var source = new TaskSource(demo, [.. data.Select(Path.GetFullPath)], [.. valid.Select(Path.GetFullPath)]);
        return source with { Fingerprint = demo ? "" : Hash([.. source.Data, .. source.Valid]) };
    }

    /// <summary>The files of a run that continues, or others with the same bytes.</summary>
    /// <exception cref="DataException">They have changed.</exception>
    public static TaskSource Resumed(CheckpointSection section, string[] data, string[] valid)
    {
        TaskSource source = Of(
            section.Boolean("demo"), data.Length > 0 ? data : section.Strings("data"), valid.Length > 0 ? valid : section.Strings("valid"));
        return source.Fingerprint == section.String("fingerprint") ? source : throw new DataException(
            $"{string.Join(", ", source.Data.Concat(source.Valid))}: not the data that the run was started with; give those with --data and --valid, or start a new run");
    }

    /// <summary>Reads and cuts the data.</summary>
    public DataSplit Read(LearningTask task, Settings settings)
    {
        if (Demo) { return task.Demo(settings); }
        TaskData data = ReadWhole(task, settings);
        return Valid.Count > 0
            ? new DataSplit(data, task.Read([.. Valid.Select(TextSource.File)], settings))
            : task.Split(data, settings.Get(TrainingSettings.Validation));
    }

    /// <summary>Reads the data to learn, uncut.</summary>
    public TaskData ReadWhole(LearningTask task, Settings settings) => task.Read([.. Data.Select(TextSource.File)], settings);

    /// <summary>For a checkpoint's section.</summary>
    public JsonObject ToJson() => new()
    {
        ["demo"] = Demo,
        ["data"] = new JsonArray([.. Data.Select(path => (JsonNode)path)]),
        ["valid"] = new JsonArray([.. Valid.Select(path => (JsonNode)path)]),
        ["fingerprint"] = Fingerprint,
    };

    private static string Hash(IReadOnlyList<string> files)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[1 << 16];
        foreach (string file in files)
        {
            using Stream stream = TextSource.File(file).Open();
            try
            {
                for (int read = stream.Read(buffer); read > 0; read = stream.Read(buffer)) { hash.AppendData(buffer, 0, read); }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
            {
                throw new DataException($"{file}: cannot be read: {e.Message}", e);
            }
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
