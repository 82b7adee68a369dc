using System.Text;
using System.Text.Json;

namespace RnnGpu.Core;

/// <summary>A plan in figures: what <see cref="RnnPlan.Explain"/> returns.</summary>
/// <param name="Backend">Device and path.</param>
/// <param name="Stack">The spec in words.</param>
/// <param name="Shape">Batch and steps in words.</param>
/// <param name="Strategy">How the recurrence runs, one line a decision.</param>
/// <param name="ChunkSteps">Steps of a hoisted product.</param>
/// <param name="SpanSteps">Steps whose activations are held at once.</param>
/// <param name="Spans">Number of spans.</param>
/// <param name="Recomputes">Whether spans run twice.</param>
/// <param name="HoistedFlops">Floating-point operations in products over whole chunks, of one iteration.</param>
/// <param name="RecurrentFlops">Floating-point operations inside the time loop, of one iteration.</param>
/// <param name="ReserveBytes">See <see cref="RnnPlan.ReserveBytes"/>.</param>
/// <param name="WorkspaceBytes">See <see cref="RnnPlan.WorkspaceBytes"/>.</param>
/// <param name="PackedBytes">See <see cref="RnnPlan.PackedBytes"/>.</param>
/// <param name="Sections">Every planned tensor with its bytes.</param>
public sealed record RnnPlanExplanation(
    string Backend,
    string Stack,
    string Shape,
    IReadOnlyList<string> Strategy,
    int ChunkSteps,
    int SpanSteps,
    int Spans,
    bool Recomputes,
    double HoistedFlops,
    double RecurrentFlops,
    long ReserveBytes,
    long WorkspaceBytes,
    long PackedBytes,
    IReadOnlyList<(string Region, string Name, long Bytes)> Sections)
{
    /// <summary>The ways in which the time loop can run, where there are several.</summary>
    public IReadOnlyList<LoopCandidate> Candidates { get; init; } = [];

    /// <summary>All planned memory.</summary>
    public long PlannedBytes => ReserveBytes + WorkspaceBytes + PackedBytes;

    /// <summary>For people.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        text.AppendLine($"{Stack}, {Shape}, on {Backend}");
        foreach (string line in Strategy) { text.AppendLine($"  - {line}"); }
        if (Candidates.Count > 0) { text.AppendLine("  candidates for the time loop:"); }
        foreach (LoopCandidate candidate in Candidates) { text.AppendLine($"    {candidate}"); }
        text.AppendLine($"  work an iteration: {HoistedFlops / 1e9:F2} GFLOP hoisted, {RecurrentFlops / 1e9:F2} GFLOP in the time loop");
        text.AppendLine($"  planned memory: {PlannedBytes:N0} bytes (reserve {ReserveBytes:N0}, workspace {WorkspaceBytes:N0}, packed weights {PackedBytes:N0})");
        foreach ((string region, string name, long bytes) in Sections) { text.AppendLine($"    {bytes,16:N0}  {region,-9}  {name}"); }
        return text.ToString();
    }

    /// <summary>As a JSON object.</summary>
    public string ToJson()
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true }))
        {
            WriteTo(json);
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }

    /// <summary>Writes the JSON object.</summary>
    public void WriteTo(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("backend", Backend);
        json.WriteString("stack", Stack);
        json.WriteString("shape", Shape);
        json.WriteStartArray("strategy");
        foreach (string line in Strategy) { json.WriteStringValue(line); }
        json.WriteEndArray();
        json.WriteStartArray("candidates");
        foreach (LoopCandidate candidate in Candidates) { WriteTo(json, candidate); }
        json.WriteEndArray();
        json.WriteNumber("chunk_steps", ChunkSteps);
        json.WriteNumber("span_steps", SpanSteps);
        json.WriteNumber("spans", Spans);
        json.WriteBoolean("recomputes", Recomputes);
        json.WriteNumber("hoisted_flops", HoistedFlops);
        json.WriteNumber("recurrent_flops", RecurrentFlops);
        json.WriteNumber("planned_bytes", PlannedBytes);
        json.WriteNumber("reserve_bytes", ReserveBytes);
        json.WriteNumber("workspace_bytes", WorkspaceBytes);
        json.WriteNumber("packed_bytes", PackedBytes);
        json.WriteStartArray("sections");
        foreach ((string region, string name, long bytes) in Sections)
        {
            json.WriteStartObject();
            json.WriteString("region", region);
            json.WriteString("name", name);
            json.WriteNumber("bytes", bytes);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteTo(Utf8JsonWriter json, LoopCandidate candidate)
    {
        json.WriteStartObject();
        json.WriteString("pass", candidate.Pass);
        json.WriteString("strategy", candidate.Strategy);
        if (candidate.Eligible) { json.WriteNumber("predicted_seconds", candidate.PredictedSeconds); }
        if (double.IsFinite(candidate.MeasuredSeconds)) { json.WriteNumber("measured_seconds", candidate.MeasuredSeconds); }
        json.WriteBoolean("taken", candidate.Taken);
        json.WriteString("reason", candidate.Reason);
        json.WriteEndObject();
    }
}

public sealed partial class RnnPlan
{
    /// <summary>Says how the plan runs, why, and in how many bytes.</summary>
    public RnnPlanExplanation Explain()
    {
        var sections = new List<(string, string, long)>();
        void Add(string region, MemoryLayout layout)
        {
            foreach ((string name, long bytes) in layout.Sections) { sections.Add((region, name, bytes)); }
        }

        Add("reserve", _memory.Reserve);
        Add("workspace", _memory.Workspace);
        Add("packed", _memory.Packed);

        double rows = (double)Options.Steps * B, hoisted = 0, recurrent = 0;
        double forwards = Recomputes ? 2 : 1;
        for (int layer = 0; layer < Spec.Layers; layer++)
        {
            double w = 2.0 * rows * Spec.GateSize * Spec.LayerInputSize(layer) * Spec.Directions;
            double r = 2.0 * rows * Spec.GateSize * H * Spec.Directions;
            bool passesOn = layer > 0 || Options.InputGradient;
            hoisted += w * forwards;
            recurrent += r * forwards;
            if (!Options.Training) { continue; }
            hoisted += w + r + (passesOn ? w : 0);
            recurrent += r;
        }

        var problem = new RecurrentProblem(Spec.Cell, H, B, _memory.ChunkSteps, Options.Training);
        string layers = Spec.Layers == 1 ? "one layer" : $"{Spec.Layers} layers";
        string directions = Spec.Bidirectional ? ", bidirectional" : "";
        return new RnnPlanExplanation(
            _backend.Description,
            $"{Layouts.Name(Spec.Cell)} {Spec.InputSize} -> {H}, {layers}{directions}{(Spec.Bias ? "" : ", no bias")}"
                + (Spec.Dropout > 0 ? $", dropout {Spec.Dropout} between layers" : ""),
            $"batch {B}, {Options.Steps} steps, {(Options.Training ? "training" : "inference")}",
            Decisions(), _memory.ChunkSteps, _memory.SpanSteps, _memory.Spans, Recomputes,
            hoisted, recurrent, ReserveBytes, WorkspaceBytes, PackedBytes, sections)
        { Candidates = _backend.RecurrentCandidates(problem) };
    }

    private List<string> Decisions()
    {
        int chunks = (Options.Steps + _memory.ChunkSteps - 1) / _memory.ChunkSteps;
        var lines = new List<string>
        {
            $"hoisting: the input projection of {_memory.ChunkSteps} steps is one product of {(long)_memory.ChunkSteps * B} rows ({chunks} chunks)",
            "recurrence: " + _backend.DescribeRecurrent(new RecurrentProblem(Spec.Cell, H, B, _memory.ChunkSteps, Options.Training)),
            Spec.Bidirectional
                ? "order: layer by layer, since a layer needs both directions of the one below; "
                    + (!DirectionsBeside ? "the forward direction, then the reverse"
                        : Options.Training && !_memory.Stored ? "both directions at the same time, one after the other on the way back, since spans are run again"
                        : "both directions at the same time")
                : _schedule.Stages > 1
                    ? $"order: a wavefront of {_schedule.Stages} stages of layers, each on the chunk that the one below has just left"
                        + (Recomputes ? "; chunk by chunk through all layers on the way back, since spans are run again" : "")
                : $"order: chunk by chunk through {(Spec.Layers == 1 ? "the layer" : "all layers")}, so that a chunk is still in cache when the next layer reads it",
            "memory: " + Reason,
        };
        if (Recomputes)
        {
            lines.Add($"recomputation: {_memory.Spans} spans of {_memory.SpanSteps} steps, one more forward pass");
        }

        if (Options.Training)
        {
            lines.Add("gradients of W, R and X: one product each a chunk, behind its backward loop"
                + (WeightGradientsBeside ? "; those of W and R beside the loops that follow" : ""));
        }

        if (_schedule.Prediction.Length > 0) { lines.Add("prediction: " + _schedule.Prediction); }
        lines.Insert(1, "products: " + _backend.DescribeProducts);
        if (_backend.DescribeCosts is { Length: > 0 } costs) { lines.Add("predictions: " + costs); }

        return lines;
    }
}
