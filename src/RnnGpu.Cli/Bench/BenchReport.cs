using System.Text;
using System.Text.Json.Nodes;
using RnnGpu.Core;

namespace RnnGpu.Cli.Bench;

/// <summary>Results with where, when and how they came about; as JSON and as a Markdown table.</summary>
internal sealed class BenchReport(BenchMachine machine, string limit, string command, DateTimeOffset date)
{
    private readonly List<BenchResult> _results = [];

    /// <summary>In the order of measuring.</summary>
    public IReadOnlyList<BenchResult> Results => _results;

    /// <summary>What it is compared with, or null.</summary>
    public PeerResults? Peer { get; set; }

    /// <summary>Whether everything asked for was measured.</summary>
    public bool Complete { get; set; }

    /// <summary>Results that are wrong or failed.</summary>
    public int Failures => _results.Count(result => result.Status is BenchStatus.Wrong or BenchStatus.Failed);

    /// <summary>Adds a result.</summary>
    public void Add(BenchResult result) => _results.Add(result);

    /// <summary>The peer's time over ours in the same precision: above 1, ours is faster. NaN where either is missing.</summary>
    public double Ratio(BenchResult result) => result.Times is { } times && Peer?.Find(result.Key) is { } peer ? peer.Milliseconds / times.Median : double.NaN;

    /// <summary>The same against the peer in fp16.</summary>
    public double RatioToHalf(BenchResult result) => result.Times is { } times && Half(result) is { } peer ? peer.Milliseconds / times.Median : double.NaN;

    /// <summary>Everything.</summary>
    public JsonObject ToJson()
    {
        var json = new JsonObject
        {
            ["tool"] = "rnngpu bench kernels",
            ["commit"] = BenchMachine.Commit,
            ["date"] = date.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'"),
            ["command"] = command,
            ["machine"] = machine.ToJson(),
            ["limit"] = limit,
            ["complete"] = Complete,
            ["failures"] = Failures,
        };
        if (Peer is { } peer) { json["peer"] = new JsonObject { ["name"] = peer.Name, ["device"] = peer.Device, ["results"] = peer.Count }; }
        json["results"] = new JsonArray([.. _results.Select(result =>
        {
            JsonObject item = result.ToJson();
            if (Peer is null) { return item; }
            item["peer_ms"] = Peer.Find(result.Key) is { } same ? same.Milliseconds : null;
            item["peer_note"] = Peer.Find(result.Key)?.Note;
            item["ratio"] = CommandContext.Figure(Ratio(result));
            item["ratio_to_fp16"] = CommandContext.Figure(RatioToHalf(result));
            return item;
        })]);
        return json;
    }

    /// <summary>A page with one table.</summary>
    public string ToMarkdown()
    {
        var page = new StringBuilder();
        page.Append($"# Recurrent kernels on {machine.Description}, {date.UtcDateTime:yyyy-MM-dd}\n\n");
        if (machine.IsEmulator) { page.Append("**Times of the emulator say nothing about a GPU: this page shows that the bench runs.**\n\n"); }
        page.Append($"- Command: `{command}`\n- Commit: {BenchMachine.Commit}\n");
        if (machine.Driver.Length > 0) { page.Append($"- Driver: {machine.Driver}\n"); }
        page.Append($"- Host: {Environment.ProcessorCount} cores, {machine.Threads} threads\n- Limit: {limit}\n");
        if (Peer is { } peer) { page.Append($"- Peer: {peer.Name} on {peer.Device}. A ratio is the peer's time over ours: above 1, ours is faster.\n"); }
        if (!Complete) { page.Append("- Interrupted: rows are missing.\n"); }
        page.Append("\nMedians of an iteration; µs/step is over steps and layers. Every line was right against the reference before and after it was timed.\n\n");
        page.Append("| row | stack | dtype | mode | form | µs/step | ms | p10..p90 | MiB | GFLOP/s | of limit |");
        page.Append(Peer is null ? "\n" : " peer ms | ratio | peer fp16 ms | ratio to fp16 |\n");
        page.Append("|---|---|---|---|---|---|---|---|---|---|---|").Append(Peer is null ? "\n" : "---|---|---|---|\n");
        foreach (BenchResult result in _results) { AppendLine(page, result); }
        return page.ToString();
    }

    /// <summary>One line for people.</summary>
    public static string Line(BenchResult result)
    {
        string what = $"{result.Row.Name,-4} {BenchNames.Of(result.Mode)} {BenchNames.Of(result.Training),-9} {result.Strategy,-17}";
        if (result.Times is not { } times) { return $"  {(result.Status == BenchStatus.Skipped ? "-     " : "FAILED")} {what} {result.Note}"; }
        string share = double.IsFinite(result.LimitShare) ? $"  {result.LimitShare:P1} of the limit" : "";
        return $"  ok     {what} {result.MicrosecondsPerStep,10:0.00} us/step {times.Median,10:0.000} ms {result.GigaflopsPerSecond,10:N0} GFLOP/s{share}";
    }

    private PeerResult? Half(BenchResult result) => Peer?.Find(BenchResult.PeerKey(result.Row.Shape, ComputeMode.Fp16, result.Training));

    private void AppendLine(StringBuilder page, BenchResult result)
    {
        page.Append($"| {result.Row.Name} | {result.Row.Shape} | {BenchNames.Of(result.Mode)} | {BenchNames.Of(result.Training)} | {result.Strategy} | ");
        if (result.Times is not { } times)
        {
            string word = result.Status == BenchStatus.Skipped ? "not run" : "**failed**";
            page.Append($"{word}: {result.Note.Replace('|', '/')} | | | | | |").Append(Peer is null ? "\n" : " | | | |\n");
            return;
        }

        string spread = result.Row.Latency
            ? $"{times.Quantile(0.1):0.000}..{times.Quantile(0.9):0.000}, p99 {times.Quantile(0.99):0.000}"
            : $"{times.Quantile(0.1):0.000}..{times.Quantile(0.9):0.000}";
        page.Append($"{result.MicrosecondsPerStep:0.00} | {times.Median:0.000} | {spread} | {result.PeakBytes / (double)(1 << 20):N1} | {result.GigaflopsPerSecond:N0} | {Number(result.LimitShare, "P0")} |");
        if (Peer is null)
        {
            page.Append('\n');
            return;
        }

        PeerResult? same = Peer.Find(result.Key);
        page.Append($" {Number(same?.Milliseconds ?? double.NaN, "0.000")}{(same is { Note.Length: > 0 } ? $" ({same.Note})" : "")} | {Number(Ratio(result), "0.00")} |");
        page.Append($" {Number(Half(result)?.Milliseconds ?? double.NaN, "0.000")} | {Number(RatioToHalf(result), "0.00")} |\n");
    }

    private static string Number(double value, string format) => double.IsFinite(value) ? value.ToString(format) : "";
}
