using System.Text.Json.Nodes;
using RnnGpu.Core;

namespace RnnGpu.Cli.Bench;

/// <summary>What became of a measurement.</summary>
internal enum BenchStatus
{
    /// <summary>Right and timed.</summary>
    Ok,

    /// <summary>Not run; the note says why.</summary>
    Skipped,

    /// <summary>Its results are not the reference's, so it was not timed.</summary>
    Wrong,

    /// <summary>The device failed.</summary>
    Failed,
}

/// <summary>One row, precision, mode and strategy.</summary>
internal sealed record BenchResult
{
    public required BenchRow Row { get; init; }

    public required ComputeMode Mode { get; init; }

    public required bool Training { get; init; }

    public required string Strategy { get; init; }

    public BenchStatus Status { get; init; }

    /// <summary>Why it is not Ok; empty otherwise.</summary>
    public string Note { get; init; } = "";

    /// <summary>How the loop ran, in the backend's words.</summary>
    public string How { get; init; } = "";

    /// <summary>Distance from the reference.</summary>
    public BenchError? Error { get; init; }

    public BenchTimes? Times { get; init; }

    /// <summary>Device memory at most: parameters, gradients, workspaces, one set of inputs and outputs.</summary>
    public long PeakBytes { get; init; }

    /// <summary>Operations of an iteration (<see cref="BenchShape.Flops"/>).</summary>
    public double Flops { get; init; }

    /// <summary>Least milliseconds by the model; NaN where there is none.</summary>
    public double LimitMilliseconds { get; init; } = double.NaN;

    /// <summary>Median microseconds a step and layer: an iteration over T L.</summary>
    public double MicrosecondsPerStep => Times is { } times ? times.Median * 1e3 / Row.Shape.Steps / Row.Shape.Layers : double.NaN;

    /// <summary>Rate of the products.</summary>
    public double GigaflopsPerSecond => Times is { } times ? Flops / times.Median / 1e6 : double.NaN;

    /// <summary>Part of the limit that was reached.</summary>
    public double LimitShare => Times is { } times ? LimitMilliseconds / times.Median : double.NaN;

    /// <summary>What is measured, to be found in a peer's results.</summary>
    public string Key => PeerKey(Row.Shape, Mode, Training);

    /// <summary>The key of a measurement.</summary>
    public static string PeerKey(BenchShape shape, ComputeMode mode, bool training) => $"{shape.Key}/{BenchNames.Of(mode)}/{BenchNames.Of(training)}";

    /// <summary>Every figure.</summary>
    public JsonObject ToJson()
    {
        JsonObject json = BenchRows.ToJson(Row.Shape);
        json.Insert(0, "row", Row.Name);
        json["dtype"] = BenchNames.Of(Mode);
        json["mode"] = BenchNames.Of(Training);
        json["strategy"] = Strategy;
        json["key"] = Key;
        json["status"] = Status switch
        {
            BenchStatus.Ok => "ok",
            BenchStatus.Skipped => "skipped",
            BenchStatus.Wrong => "wrong",
            _ => "failed",
        };
        json["note"] = Note;
        json["how"] = How;
        if (Error is { } error)
        {
            json["error"] = CommandContext.Figure(error.Error);
            json["error_allowed"] = error.Allowed;
            json["error_of"] = error.Worst;
        }

        if (Times is not { } times) { return json; }
        json["ms_median"] = times.Median;
        json["ms_p10"] = times.Quantile(0.1);
        json["ms_p90"] = times.Quantile(0.9);
        json["ms_p99"] = times.Quantile(0.99);
        json["us_per_step"] = MicrosecondsPerStep;
        json["samples"] = times.Milliseconds.Length;
        json["iterations_per_sample"] = times.IterationsPerSample;
        json["peak_bytes"] = PeakBytes;
        json["gflops"] = GigaflopsPerSecond;
        json["limit_ms"] = CommandContext.Figure(LimitMilliseconds);
        json["limit_share"] = CommandContext.Figure(LimitShare);
        return json;
    }
}

/// <summary>Rows as JSON, in the words of a grid file.</summary>
internal static class BenchRows
{
    /// <summary>The sizes of a shape.</summary>
    public static JsonObject ToJson(BenchShape shape)
    {
        var json = new JsonObject
        {
            ["cell"] = Layouts.Name(shape.Cell),
            ["input"] = shape.Input,
            ["hidden"] = shape.Hidden,
            ["batch"] = shape.Batch,
            ["steps"] = shape.Steps,
            ["layers"] = shape.Layers,
            ["bidirectional"] = shape.Bidirectional,
        };
        if (shape.Lengths is { } range) { json["lengths"] = new JsonArray(range.Min, range.Max); }
        if (shape.Resets > 0) { json["resets"] = shape.Resets; }
        return json;
    }

    /// <summary>A row as <see cref="BenchGrid"/> reads it.</summary>
    public static JsonObject ToJson(BenchRow row)
    {
        JsonObject json = ToJson(row.Shape);
        json.Insert(0, "name", row.Name);
        json.Insert(1, "on", row.OnCpu ? "cpu" : "gpu");
        json["dtypes"] = new JsonArray([.. row.Modes.Select(mode => (JsonNode)BenchNames.Of(mode))]);
        json["modes"] = new JsonArray([.. row.Training.Select(training => (JsonNode)BenchNames.Of(training))]);
        json["latency"] = row.Latency;
        return json;
    }

    /// <summary>A grid of rows.</summary>
    public static JsonObject ToJson(IEnumerable<BenchRow> rows) => new() { ["rows"] = new JsonArray([.. rows.Select(ToJson)]) };
}
