using System.Text.Json;
using RnnGpu.Core;

namespace RnnGpu.Cli.Bench;

/// <summary>
/// Reads a grid: a JSON object with <c>rows</c>, each an object with <c>name</c>, <c>on</c> (gpu or cpu), <c>cell</c>, <c>hidden</c>, <c>batch</c>,
/// <c>steps</c> and, where they are not I = H, one layer, one direction, fp32, both modes: <c>input</c>, <c>layers</c>, <c>bidirectional</c>, <c>lengths</c>
/// ([least, most]), <c>resets</c> (probability), <c>dtypes</c>, <c>modes</c>, <c>latency</c>, <c>published</c> (times
/// of others: <c>by</c>, <c>on</c>, <c>dtype</c>, <c>mode</c>, <c>ms</c>, <c>note</c>). <c>bench/baselines/recurrent_torch.py</c> reads the same files.
/// </summary>
internal static class BenchGrid
{
    /// <summary>Names of forward alone and of forward with backward.</summary>
    public static readonly string[] ModeNames = ["inference", "training"];

    private static readonly string[] Properties =
        ["name", "on", "cell", "input", "hidden", "batch", "steps", "layers", "bidirectional", "lengths", "resets", "dtypes", "modes", "latency", "published"];

    private static readonly string[] PublishedProperties = ["by", "on", "dtype", "mode", "ms", "note"];

    /// <summary>The rows of a file.</summary>
    /// <exception cref="UsageException">There is no such file, or it is no grid; says which row and what is wrong.</exception>
    public static IReadOnlyList<BenchRow> Read(string path)
    {
        try
        {
            return Parse(File.ReadAllText(path), path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new UsageException($"--grid: {path}: no such file");
        }
    }

    /// <summary>The rows of a grid's text.</summary>
    /// <param name="text">JSON.</param>
    /// <param name="path">For messages.</param>
    public static IReadOnlyList<BenchRow> Parse(string text, string path)
    {
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(text, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip });
        }
        catch (JsonException e)
        {
            throw new UsageException($"--grid: {path} is no JSON: {e.Message}");
        }

        using (document)
        {
            if (document.RootElement.ValueKind != JsonValueKind.Object
                || !document.RootElement.TryGetProperty("rows", out JsonElement rows) || rows.ValueKind != JsonValueKind.Array)
            {
                throw new UsageException($"--grid: {path} is no grid: it has no list of rows");
            }

            var read = new List<BenchRow>();
            foreach (JsonElement row in rows.EnumerateArray())
            {
                BenchRow next = new RowReader(row, $"--grid: {path}, row {read.Count + 1}").Read();
                if (read.Exists(other => other.Name == next.Name)) { throw new UsageException($"--grid: {path} has two rows '{next.Name}'"); }
                read.Add(next);
            }

            return read.Count > 0 ? read : throw new UsageException($"--grid: {path} has no rows");
        }
    }

    private readonly struct RowReader(JsonElement row, string where)
    {
        public BenchRow Read()
        {
            if (row.ValueKind != JsonValueKind.Object) { throw new UsageException($"{where} is no object"); }
            foreach (JsonProperty property in row.EnumerateObject())
            {
                if (!Properties.Contains(property.Name)) { throw new UsageException($"{where}: there is no '{property.Name}'; a row has {string.Join(", ", Properties)}"); }
            }

            int hidden = Number("hidden", RnnSpec.MaxSize), steps = Number("steps", RnnPlanOptions.MaxSteps);
            string[] on = ["gpu", "cpu"];
            string[] cells = CommonOptions.Cells, modes = [.. Enum.GetValues<ComputeMode>().Select(BenchNames.Of)];
            _ = Layouts.TryParseCell(Word("cell", cells), out CellKind cell);
            return new BenchRow
            {
                Name = Text("name") ?? throw new UsageException($"{where}: a row needs a name"),
                OnCpu = Word("on", on) == "cpu",
                Shape = new BenchShape
                {
                    Cell = cell,
                    Hidden = hidden,
                    Input = Number("input", RnnSpec.MaxSize, hidden),
                    Batch = Number("batch", RnnPlanOptions.MaxBatch),
                    Steps = steps,
                    Layers = Number("layers", RnnSpec.MaxLayers, 1),
                    Bidirectional = Flag("bidirectional"),
                    Lengths = Lengths(steps),
                    Resets = Probability("resets"),
                },
                Modes = [.. Words("dtypes", modes, ["fp32"]).Select(BenchNames.Mode)],
                Training = [.. Words("modes", ModeNames, ModeNames).Select(name => name == ModeNames[1])],
                Latency = Flag("latency"),
                Published = Published(),
            };
        }

        private int Number(string name, int most, int? otherwise = null)
        {
            if (!row.TryGetProperty(name, out JsonElement value))
            {
                return otherwise ?? throw new UsageException($"{where}: '{name}' is missing");
            }

            return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) && number >= 1 && number <= most
                ? number
                : throw new UsageException($"{where}: '{name}' is a whole number from 1 to {most}, not {value.GetRawText()}");
        }

        private double Probability(string name)
        {
            if (!row.TryGetProperty(name, out JsonElement value)) { return 0; }
            return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && number is >= 0 and <= 1
                ? number
                : throw new UsageException($"{where}: '{name}' is a probability, not {value.GetRawText()}");
        }

        private bool Flag(string name)
        {
            if (!row.TryGetProperty(name, out JsonElement value)) { return false; }
            return value.ValueKind is JsonValueKind.True or JsonValueKind.False
                ? value.GetBoolean()
                : throw new UsageException($"{where}: '{name}' is true or false, not {value.GetRawText()}");
        }

        private LengthRange? Lengths(int steps)
        {
            if (!row.TryGetProperty("lengths", out JsonElement value)) { return null; }
            if (value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 2
                && value[0].ValueKind == JsonValueKind.Number && value[0].TryGetInt32(out int least)
                && value[1].ValueKind == JsonValueKind.Number && value[1].TryGetInt32(out int most)
                && least >= 0 && least <= most && most <= steps)
            {
                return new LengthRange(least, most);
            }

            throw new UsageException($"{where}: 'lengths' is [least, most] with 0 <= least <= most <= {steps} steps, not {value.GetRawText()}");
        }

        private List<PublishedTime> Published()
        {
            if (!row.TryGetProperty("published", out JsonElement list)) { return []; }
            if (list.ValueKind != JsonValueKind.Array) { throw new UsageException($"{where}: 'published' is a list of times"); }
            var times = new List<PublishedTime>();
            foreach (JsonElement item in list.EnumerateArray())
            {
                var reader = new RowReader(item, $"{where}, published time {times.Count + 1}");
                if (item.ValueKind != JsonValueKind.Object || item.EnumerateObject().Any(property => !PublishedProperties.Contains(property.Name)))
                {
                    throw new UsageException($"{where}: a published time has {string.Join(", ", PublishedProperties)}");
                }

                bool timed = item.TryGetProperty("ms", out JsonElement ms) && ms.ValueKind == JsonValueKind.Number && ms.TryGetDouble(out double value) && value > 0 && double.IsFinite(value);
                if (!timed || reader.Text("by") is not { } by || reader.Text("on") is not { } on) { throw new UsageException($"{where}: a published time needs 'by', 'on' and 'ms'"); }
                string[] modes = [.. Enum.GetValues<ComputeMode>().Select(BenchNames.Of)];
                times.Add(new PublishedTime(by, on, BenchNames.Mode(reader.Word("dtype", modes)), reader.Word("mode", ModeNames) == ModeNames[1], ms.GetDouble(), reader.Text("note") ?? ""));
            }

            return times;
        }

        private string? Text(string name) =>
            row.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text ? text : null;

        private string Word(string name, string[] words) => Text(name) is { } word && words.Contains(word)
            ? word
            : throw new UsageException($"{where}: '{name}' is one of {string.Join(", ", words)}, not {(row.TryGetProperty(name, out JsonElement value) ? value.GetRawText() : "nothing")}");

        private string[] Words(string name, string[] words, string[] otherwise)
        {
            if (!row.TryGetProperty(name, out JsonElement value)) { return otherwise; }
            if (value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > 0
                && value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String && words.Contains(item.GetString())))
            {
                return [.. value.EnumerateArray().Select(item => item.GetString()!).Distinct()];
            }

            throw new UsageException($"{where}: '{name}' is a list of some of {string.Join(", ", words)}, not {value.GetRawText()}");
        }
    }
}
