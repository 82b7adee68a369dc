using System.Text.Json.Nodes;

namespace RnnGpu.Cli.Bench.Cpu;

/// <summary>A peer's part of a measurement.</summary>
/// <param name="Milliseconds">Of an iteration, one a round; empty where it did not run.</param>
/// <param name="Note">Why not; or empty.</param>
internal sealed record PeerTimes(IReadOnlyList<double> Milliseconds, string Note)
{
    /// <summary>Median over the rounds; NaN where it did not run.</summary>
    public double Median => RoundClock.Median(Milliseconds);
}

/// <summary>One row, mode and number of threads.</summary>
internal sealed record CpuPoint
{
    public required BenchRow Row { get; init; }

    public required bool Training { get; init; }

    public required int Threads { get; init; }

    /// <summary>Our milliseconds of an iteration, one a round; empty where results were wrong.</summary>
    public required IReadOnlyList<double> Rounds { get; init; }

    /// <summary>By key of the peer.</summary>
    public required IReadOnlyDictionary<string, PeerTimes> Peers { get; init; }

    /// <summary>Why it was not timed; empty otherwise.</summary>
    public string Wrong { get; init; } = "";

    /// <summary>Largest difference from another program, or from the reference, and what is allowed.</summary>
    public BenchError Error { get; init; }

    /// <summary>Operations of an iteration (<see cref="BenchShape.Flops"/>).</summary>
    public double Flops => Row.Shape.Flops(Training, (long)Row.Shape.Steps * Row.Shape.Batch);

    /// <summary>Median over the rounds; NaN where it was not timed.</summary>
    public double Median => RoundClock.Median(Rounds);

    /// <summary>How far the rounds are apart, as a part of the median.</summary>
    public double Spread => Rounds.Count == 0 ? double.NaN : (Rounds.Max() - Rounds.Min()) / Median;

    /// <summary>FLOP/s of the products.</summary>
    public double Rate => Flops / Median * 1e3;

    /// <summary>The peer's time over ours, each round for itself and then the median: above 1, ours is faster. NaN where either is missing.</summary>
    public double Ratio(PeerKind peer) => Peers.TryGetValue(peer.Key, out PeerTimes? times)
        ? RoundClock.Median(times.Milliseconds.Zip(Rounds, (theirs, ours) => theirs / ours))
        : double.NaN;

    /// <summary>The peer's median, or NaN.</summary>
    public double PeerMedian(PeerKind peer) => Peers.TryGetValue(peer.Key, out PeerTimes? times) ? times.Median : double.NaN;

    /// <summary>Every figure.</summary>
    public JsonObject ToJson(CpuBound bound)
    {
        JsonObject json = BenchRows.ToJson(Row.Shape);
        json.Insert(0, "row", Row.Name);
        json["mode"] = BenchNames.Of(Training);
        json["threads"] = Threads;
        json["wrong"] = Wrong;
        json["error"] = CommandContext.Figure(Error.Error);
        json["error_allowed"] = Error.Allowed;
        json["ms_median"] = CommandContext.Figure(Median);
        json["ms_rounds"] = Array(Rounds);
        json["gflops"] = CommandContext.Figure(Rate / 1e9);
        json["fma_share"] = CommandContext.Figure(Rate / bound.FlopsPerCore / Threads);
        double least = bound.Milliseconds(Row.Shape, Training, Threads);
        json["bound_ms"] = least;
        json["bound_share"] = CommandContext.Figure(least / Median);
        foreach (PeerKind kind in PeerKind.All)
        {
            if (!Peers.TryGetValue(kind.Key, out PeerTimes? times)) { continue; }
            json[kind.Key] = new JsonObject
            {
                ["ms_median"] = CommandContext.Figure(times.Median),
                ["ms_rounds"] = Array(times.Milliseconds),
                ["ratio"] = CommandContext.Figure(Ratio(kind)),
                ["note"] = times.Note,
            };
        }

        return json;
    }

    private static JsonArray Array(IEnumerable<double> values) => new([.. values.Select(value => (JsonNode)value)]);
}
