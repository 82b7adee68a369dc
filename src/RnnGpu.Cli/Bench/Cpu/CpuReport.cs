using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;
using RnnGpu.Cpu;

namespace RnnGpu.Cli.Bench.Cpu;

/// <summary>Measurements of <c>bench cpu</c> with where, when and how they came about; as lines, as Markdown and as JSON.</summary>
/// <param name="request">What was asked for.</param>
/// <param name="command">As typed.</param>
/// <param name="start">How busy the machine was before.</param>
internal sealed class CpuReport(CpuBenchRequest request, string command, MachineLoad start)
{
    /// <summary>Processors that others may use on a machine that counts as idle.</summary>
    private const double Idle = 0.05;

    private readonly List<CpuPoint> _points = [];
    private readonly List<StreamPoint> _streams = [];
    private readonly Dictionary<string, (string Name, string Version, string? Gone)> _peers = new(StringComparer.Ordinal);
    private readonly SortedDictionary<int, List<double>> _peaks = [];
    private readonly SortedDictionary<int, BandwidthCurve> _read = [];
    private readonly DateTimeOffset _date = DateTimeOffset.UtcNow;

    /// <summary>Whether everything asked for was measured.</summary>
    public bool Complete { get; set; }

    /// <summary>How busy the machine was up to the end.</summary>
    public MachineLoad? End { get; set; }

    /// <summary>Measurements whose results were wrong.</summary>
    public int Failures => _points.Count(point => point.Wrong.Length > 0) + _streams.Count(stream => stream.Wrong);

    /// <summary>The bound by the best peak and bandwidth so far: what a moment of less shows is what others took.</summary>
    public CpuBound Bound => new(_peaks[1].Max(), _read);

    private bool WasIdle => End is { } end && end.Others(start) + end.Stolen(start) < Idle;

    /// <summary>Adds a measurement.</summary>
    public void Add(CpuPoint point) => _points.Add(point);

    /// <summary>Adds a stream.</summary>
    public void Add(StreamPoint point) => _streams.Add(point);

    /// <summary>Adds a measured peak, FLOP/s.</summary>
    public void AddPeak(int threads, double flops)
    {
        if (!_peaks.TryGetValue(threads, out List<double>? measured)) { _peaks[threads] = measured = []; }
        measured.Add(flops);
    }

    /// <summary>Adds a measured bandwidth; of each size the best counts.</summary>
    public void AddBandwidth(int threads, BandwidthCurve curve) => _read[threads] = _read.TryGetValue(threads, out BandwidthCurve? before) ? before.Best(curve) : curve;

    /// <summary>Names a peer.</summary>
    public void AddPeer(PeerSide peer) => _peers[peer.Kind.Key] = (peer.Name, peer.Version, peer.Gone);

    /// <summary>What the goals of the CPU backend come to.</summary>
    public IReadOnlyList<CpuVerdict> Verdicts =>
        new CpuVerdicts(_points, _streams, Bound, _peers.TryGetValue(PeerKind.Torch.Key, out var torch) ? torch.Version : "", WasIdle).All;

    /// <summary>One line for people.</summary>
    public string Line(CpuPoint point)
    {
        string what = $"{BenchNames.Of(point.Training),-9} {point.Row.Name,-20} {point.Threads,2} thr";
        if (point.Wrong.Length > 0) { return $"  FAILED {what} {point.Wrong}"; }
        CpuBound bound = Bound;
        var line = new StringBuilder($"  ok     {what} {point.Median,10:0.0000} ms +-{point.Spread / 2,4:P0} {point.Rate / 1e9,6:0} GFLOP/s");
        line.Append($" {point.Rate / bound.FlopsPerCore / point.Threads,5:P0} of peak {bound.Milliseconds(point.Row.Shape, point.Training, point.Threads) / point.Median,5:P0} of bound");
        foreach (PeerKind kind in request.Peers)
        {
            double ratio = point.Ratio(kind);
            if (double.IsFinite(ratio)) { line.Append($"  {ratio:0.00} x {kind.Title}"); }
        }

        return line.ToString();
    }

    /// <summary>One line for people.</summary>
    public static string Line(StreamPoint point) => point.Wrong
        ? $"  FAILED {point.Row.Name} {point.Threads} thr {point.Note}"
        : $"  ok     stream    {point.Row.Name,-20} {point.Threads,2} thr p50 {StreamPoint.Quantile(point.Microseconds, 0.5):0.00} us, p99 {StreamPoint.Quantile(point.Microseconds, 0.99):0.00} us, {point.AllocatedBytes} bytes"
            + (point.Peer.Length > 0 ? $"; ONNX Runtime p50 {StreamPoint.Quantile(point.Peer, 0.5):0.00} us, p99 {StreamPoint.Quantile(point.Peer, 0.99):0.00} us" : "");

    /// <summary>Everything.</summary>
    public JsonObject ToJson()
    {
        CpuBound bound = Bound;
        var json = new JsonObject
        {
            ["tool"] = "rnngpu bench cpu",
            ["commit"] = BenchMachine.Commit,
            ["date"] = _date.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'"),
            ["command"] = command,
            ["processor"] = BenchMachine.Processor,
            ["cores"] = Environment.ProcessorCount,
            ["simd"] = SimdPaths.Choose().ToString(),
            ["runtime"] = RuntimeInformation.FrameworkDescription,
            ["complete"] = Complete,
            ["failures"] = Failures,
            ["load_before"] = CommandContext.Figure(start.Average),
            ["load_after"] = CommandContext.Figure(End?.Average ?? double.NaN),
            ["others_processors"] = CommandContext.Figure(End?.Others(start) ?? double.NaN),
            ["stolen_processors"] = CommandContext.Figure(End?.Stolen(start) ?? double.NaN),
        };
        json["peers"] = new JsonArray([.. _peers.Select(peer => (JsonNode)new JsonObject { ["key"] = peer.Key, ["name"] = peer.Value.Name, ["missing"] = peer.Value.Gone })]);
        json["peak_gflops"] = new JsonArray([.. _peaks.Select(peak => (JsonNode)new JsonObject
        {
            ["threads"] = peak.Key, ["best"] = peak.Value.Max() / 1e9, ["least"] = peak.Value.Min() / 1e9,
        })]);
        json["read_gbs"] = new JsonArray([.. _read.SelectMany(curve => curve.Value.Points.Select(point => (JsonNode)new JsonObject
        {
            ["threads"] = curve.Key, ["bytes"] = point.Bytes, ["gbs"] = point.PerSecond / 1e9,
        }))]);
        json["points"] = new JsonArray([.. _points.Select(point => (JsonNode)point.ToJson(bound))]);
        json["streams"] = new JsonArray([.. _streams.Select(stream => (JsonNode)stream.ToJson())]);
        json["goals"] = new JsonArray([.. Verdicts.Select(verdict => (JsonNode)new JsonObject { ["goal"] = verdict.Goal, ["measured"] = verdict.Measured, ["holds"] = verdict.Holds })]);
        return json;
    }

    /// <summary>A page with tables.</summary>
    public string ToMarkdown()
    {
        var page = new StringBuilder();
        page.Append($"# Recurrent layers on a CPU, {_date.UtcDateTime:yyyy-MM-dd}\n\n- Command: `{command}`\n- Commit: {BenchMachine.Commit}\n");
        page.Append($"- Machine: {BenchMachine.Processor}, {Environment.ProcessorCount} cores; ours: {SimdPaths.Choose()}, {RuntimeInformation.FrameworkDescription}\n");
        foreach ((string name, _, string? gone) in _peers.Values) { page.Append($"- Peer: {name}{(gone is null ? "" : $", not measured: {gone}")}\n"); }
        page.Append($"- FMA peak: {string.Join("; ", _peaks.Select(peak => $"{Threads(peak.Key)} {peak.Value.Max() / 1e9:0} GFLOP/s ({peak.Value.Min() / 1e9:0} at the worst moment)"))}\n");
        page.Append($"- Load: {LoadInWords()}\n");
        if (!Complete) { page.Append("- Interrupted: rows are missing.\n"); }
        page.Append($"\nMedians over {request.Rounds} rounds, in which all sides run in turn; +- is half the distance between the fastest and the slowest round. Results of all sides were compared before "
            + "(for training: outputs and all gradients). A ratio is the peer's time over ours, above 1 ours is faster.\n");
        foreach (bool training in new[] { false, true }) { AppendTable(page, training); }
        AppendStreams(page);
        AppendBandwidth(page);
        IReadOnlyList<CpuVerdict> verdicts = Verdicts;
        if (verdicts.Count > 0)
        {
            page.Append("\n## Goals\n\n| goal | measured | holds |\n|---|---|---|\n");
            foreach (CpuVerdict verdict in verdicts) { page.Append($"| {verdict.Goal} | {verdict.Measured} | {(verdict.Holds is { } holds ? holds ? "yes" : "**no**" : "?")} |\n"); }
        }

        return page.ToString();
    }

    private string LoadInWords()
    {
        if (End is not { } end || !double.IsFinite(end.Others(start))) { return $"load average {start.Average:0.00} before; what others used is unknown"; }
        return $"load average {start.Average:0.00} before, {end.Average:0.00} after; over {end.Seconds(start):0} s other processes used {end.Others(start):0.00} and the host took "
            + $"{end.Stolen(start):0.00} of {Environment.ProcessorCount} processors{(WasIdle ? "" : ": **not idle**")}";
    }

    private void AppendTable(StringBuilder page, bool training)
    {
        CpuPoint[] points = [.. _points.Where(point => point.Training == training)];
        if (points.Length == 0) { return; }
        PeerKind[] kinds = [.. request.Peers.Where(kind => !training || kind != PeerKind.Onnx)];
        page.Append($"\n## {(training ? "Training step: forward, backward, all gradients" : "Inference")}\n\n| row | stack | threads | ms | +- | GFLOP/s | of FMA peak | of bound | to 1 thread |");
        foreach (PeerKind kind in kinds) { page.Append($" {kind.Title} ms | ratio |"); }
        page.Append("\n|---|---|---|---|---|---|---|---|---|").Insert(page.Length, "---|---|", kinds.Length).Append('\n');
        CpuBound bound = Bound;
        foreach (CpuPoint point in points)
        {
            page.Append($"| {point.Row.Name} | {point.Row.Shape} | {point.Threads} | ");
            if (point.Wrong.Length > 0)
            {
                page.Append($"**wrong**: {point.Wrong} | | | | | |").Insert(page.Length, " | |", kinds.Length).Append('\n');
                continue;
            }

            CpuPoint? single = point.Threads == 1 ? null : points.FirstOrDefault(other => other.Threads == 1 && other.Row.Name == point.Row.Name);
            double share = bound.Milliseconds(point.Row.Shape, training, point.Threads) / point.Median;
            page.Append($"{point.Median:0.000} | {point.Spread / 2:P0} | {point.Rate / 1e9:0} | {point.Rate / bound.FlopsPerCore / point.Threads:P0} | ");
            page.Append($"{share:P0}{(bound.ReadsBind(point.Row.Shape, point.Threads) ? " (reads)" : "")} | {Number(single is null ? double.NaN : single.Median / point.Median)} |");
            foreach (PeerKind kind in kinds)
            {
                double median = point.PeerMedian(kind);
                page.Append(double.IsFinite(median) ? $" {median:0.000} | {point.Ratio(kind):0.00} |" : " none | |");
            }

            page.Append('\n');
        }
    }

    private void AppendStreams(StringBuilder page)
    {
        if (_streams.Count == 0) { return; }
        page.Append("\n## Streaming: one step a call, B = 1, I = H, state carried\n\n| row | threads | p50 us | p99 us | bytes allocated | ONNX Runtime p50 us | p99 us |\n|---|---|---|---|---|---|---|\n");
        foreach (StreamPoint stream in _streams)
        {
            page.Append(stream.Wrong
                ? $"| {stream.Row.Name} | {stream.Threads} | **wrong**: {stream.Note} | | | | |\n"
                : $"| {stream.Row.Name} | {stream.Threads} | {StreamPoint.Quantile(stream.Microseconds, 0.5):0.00} | {StreamPoint.Quantile(stream.Microseconds, 0.99):0.00} | {stream.AllocatedBytes} | "
                    + $"{Number(StreamPoint.Quantile(stream.Peer, 0.5))} | {Number(StreamPoint.Quantile(stream.Peer, 0.99))} |\n");
        }
    }

    private void AppendBandwidth(StringBuilder page)
    {
        page.Append("\n## Read bandwidth, GB/s, by working set\n\n| threads |");
        foreach ((double bytes, _) in _read.First().Value.Points) { page.Append(bytes < 1 << 20 ? $" {bytes / 1024:0} KiB |" : $" {bytes / (1 << 20):0} MiB |"); }
        page.Append("\n|---|").Insert(page.Length, "---|", _read.First().Value.Points.Count).Append('\n');
        foreach ((int threads, BandwidthCurve curve) in _read)
        {
            page.Append($"| {threads} |");
            foreach ((_, double perSecond) in curve.Points) { page.Append($" {perSecond / 1e9:0} |"); }
            page.Append('\n');
        }
    }

    private static string Threads(int count) => count == 1 ? "1 thread" : $"{count} threads";

    private static string Number(double value) => double.IsFinite(value) ? value.ToString("0.00") : "";
}
