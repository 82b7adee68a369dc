using System.Text.Json.Nodes;
using RnnGpu.Core;

namespace RnnGpu.Cli.Bench.Cpu;

/// <summary>Times of single steps of a stream.</summary>
/// <param name="Row">Cell and sizes.</param>
/// <param name="Threads">Of each side.</param>
/// <param name="Microseconds">Ours, ascending; empty where results were wrong.</param>
/// <param name="AllocatedBytes">On the managed heap, over all steps.</param>
/// <param name="Peer">Of the peer, ascending; empty where it did not run.</param>
/// <param name="Note">Why results are missing; or empty.</param>
/// <param name="Wrong">Whether our results were wrong.</param>
internal sealed record StreamPoint(BenchRow Row, int Threads, double[] Microseconds, long AllocatedBytes, double[] Peer, string Note, bool Wrong)
{
    /// <summary>The time that a part of all steps do not exceed; NaN where there are none.</summary>
    public static double Quantile(double[] ascending, double part) => ascending.Length == 0 ? double.NaN : new BenchTimes(ascending, 1).Quantile(part);

    /// <summary>Every figure.</summary>
    public JsonObject ToJson() => new()
    {
        ["row"] = Row.Name,
        ["threads"] = Threads,
        ["steps"] = Microseconds.Length,
        ["us_p50"] = CommandContext.Figure(Quantile(Microseconds, 0.5)),
        ["us_p99"] = CommandContext.Figure(Quantile(Microseconds, 0.99)),
        ["allocated_bytes"] = AllocatedBytes,
        ["peer_us_p50"] = CommandContext.Figure(Quantile(Peer, 0.5)),
        ["peer_us_p99"] = CommandContext.Figure(Quantile(Peer, 0.99)),
        ["note"] = Note,
    };
}

/// <summary>Streams at B = 1, I = H = 256: step by step with the state carried, beside ONNX Runtime, which gets its state back as an input.</summary>
internal static class StreamBench
{
    private const int Hidden = 256, Inputs = 16;
    private const double MostSeconds = 2;

    /// <summary>The streams.</summary>
    public static IReadOnlyList<BenchRow> Rows { get; } =
    [
        .. new[] { CellKind.Lstm, CellKind.GruResetAfter, CellKind.ElmanTanh }.Select(cell => new BenchRow
        {
            Name = $"{Layouts.Name(cell)}-h{Hidden}-step",
            Shape = new BenchShape { Cell = cell, Input = Hidden, Hidden = Hidden, Batch = 1, Steps = Inputs },
            Modes = [ComputeMode.Fp32],
            Training = [false],
            OnCpu = true,
            Latency = true,
        }),
    ];

    /// <summary>Checks and measures one.</summary>
    /// <param name="row">One of <see cref="Rows"/>.</param>
    /// <param name="threads">Of each side.</param>
    /// <param name="peer">ONNX Runtime, or null.</param>
    /// <param name="steps">To time, fewer where they take too long; both sides in turn, in parts.</param>
    /// <param name="rounds">Parts.</param>
    /// <param name="stop">Ends it between parts.</param>
    public static StreamPoint Measure(BenchRow row, int threads, PeerSide? peer, int steps, int rounds, CancellationToken stop)
    {
        var data = new BenchData(row.Shape);
        using var files = new RowFiles(data);
        using var stream = new OwnStream(threads, data);
        var check = new BenchCheck(data, training: false);
        float[] y = [.. Enumerable.Range(0, row.Shape.Steps).SelectMany(_ =>
        {
            stream.Step();
            return stream.Output();
        })];
        var outputs = new BenchOutputs(y, null, null);
        string note = "no peer";
        BenchOutputs? theirs = peer?.Prepare(row, "step", files, sets: 1, stop, out note);
        BenchError error = check.Compare(outputs, new PlanStrategy("step", ""), onCpu: true, ComputeMode.Fp32);
        if (error.Right && theirs is not null) { error = check.Between(theirs, outputs, ComputeMode.Fp32); }
        if (!error.Right) { return new StreamPoint(row, threads, [], 0, [], $"{error.Worst} is {error.Error:0.0e+0} off, {error.Allowed:0.0e+0} is allowed", Wrong: true); }

        int part = (steps + rounds - 1) / rounds, taken = 0;
        var ours = new double[part * rounds];
        var others = new List<double>();
        long allocated = 0;
        var warm = new double[part / 4];
        for (int round = 0; round < rounds; round++)
        {
            stop.ThrowIfCancellationRequested();
            stream.Time(warm, MostSeconds, out _);
            taken += stream.Time(ours.AsSpan(taken, part), MostSeconds, out long bytes);
            allocated += bytes;
            if (theirs is null || peer is null) { continue; }
            try
            {
                peer.Steps(part / 4, MostSeconds, stop);
                others.AddRange(peer.Steps(part, MostSeconds, stop));
            }
            catch (PeerException e)
            {
                theirs = null;
                note = e.Message;
            }
        }

        ours = ours[..taken];
        Array.Sort(ours);
        others.Sort();
        return new StreamPoint(row, threads, ours, allocated, [.. others], note, Wrong: false);
    }
}
