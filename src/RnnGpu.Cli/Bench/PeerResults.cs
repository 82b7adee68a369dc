using System.Text.Json;

namespace RnnGpu.Cli.Bench;

/// <summary>A peer's measurement.</summary>
/// <param name="Milliseconds">Median of an iteration.</param>
/// <param name="MicrosecondsPerStep">The same a step and layer.</param>
/// <param name="PeakBytes">Device memory at most, 0 where it is not known.</param>
/// <param name="Note">What it did otherwise, in a few words; or empty.</param>
internal sealed record PeerResult(double Milliseconds, double MicrosecondsPerStep, long PeakBytes, string Note);

/// <summary>Results of another program on the same rows, as <c>bench/baselines/recurrent_torch.py</c> writes them.</summary>
internal sealed class PeerResults
{
    private readonly Dictionary<string, PeerResult> _results = new(StringComparer.Ordinal);

    /// <summary>The program with its versions.</summary>
    public required string Name { get; init; }

    /// <summary>What it ran on.</summary>
    public required string Device { get; init; }

    /// <summary>Measurements.</summary>
    public int Count => _results.Count;

    /// <summary>The measurement of a key, or null.</summary>
    public PeerResult? Find(string key) => _results.GetValueOrDefault(key);

    /// <summary>Reads a file.</summary>
    /// <exception cref="UsageException">There is no such file, or it holds no results.</exception>
    public static PeerResults Read(string path)
    {
        try
        {
            return Parse(File.ReadAllText(path), path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new UsageException($"--peer: {path}: no such file; use torch to run PyTorch, or name a file that bench/baselines/recurrent_torch.py wrote");
        }
    }

    /// <summary>Reads a file's text.</summary>
    public static PeerResults Parse(string text, string path)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            JsonElement root = document.RootElement;
            var peer = new PeerResults { Name = root.GetProperty("peer").GetString() ?? "", Device = root.GetProperty("device").GetString() ?? "" };
            foreach (JsonElement result in root.GetProperty("results").EnumerateArray())
            {
                if (!result.TryGetProperty("ms_median", out JsonElement median)) { continue; }
                peer._results[result.GetProperty("key").GetString() ?? ""] = new PeerResult(
                    median.GetDouble(),
                    result.GetProperty("us_per_step").GetDouble(),
                    result.TryGetProperty("peak_bytes", out JsonElement bytes) && bytes.ValueKind == JsonValueKind.Number ? bytes.GetInt64() : 0,
                    result.TryGetProperty("note", out JsonElement note) ? note.GetString() ?? "" : "");
            }

            return peer;
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new UsageException($"--peer: {path} holds no results of bench/baselines/recurrent_torch.py: {e.Message}");
        }
    }
}
