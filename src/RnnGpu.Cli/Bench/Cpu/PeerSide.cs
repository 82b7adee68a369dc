using System.Text.Json.Nodes;

namespace RnnGpu.Cli.Bench.Cpu;

/// <summary>What is measured: us or a peer, with a number of threads.</summary>
internal interface ISide
{
    /// <summary>Threads that it computes with.</summary>
    int Threads { get; }

    /// <summary>Median milliseconds of an iteration of the row that was prepared.</summary>
    /// <exception cref="PeerException">A peer failed.</exception>
    double Measure(double seconds, CancellationToken stop);
}

/// <summary>A peer with a number of threads. One that cannot be had, or that fails, is gone for the rest of the run.</summary>
internal sealed class PeerSide : ISide, IDisposable
{
    // A team of threads spins for a while after its work, on a core that the next side needs.
    private const int SettleMilliseconds = 25;

    private readonly PeerProcess? _process;

    /// <summary>Starts it.</summary>
    /// <param name="kind">Which program.</param>
    /// <param name="threads">That it computes with.</param>
    /// <param name="start">Starts its process, or throws a <see cref="PeerException"/>.</param>
    public PeerSide(PeerKind kind, int threads, Func<PeerProcess> start)
    {
        Kind = kind;
        Threads = threads;
        try
        {
            _process = start();
            Name = _process.Greeting["name"]?.ToString() ?? kind.Title;
            Version = _process.Greeting["version"]?.ToString() ?? "";
        }
        catch (PeerException e)
        {
            Gone = e.Message;
            Name = kind.Title;
            Version = "";
        }
    }

    /// <summary>Which program.</summary>
    public PeerKind Kind { get; }

    /// <inheritdoc/>
    public int Threads { get; }

    /// <summary>With its version.</summary>
    public string Name { get; }

    /// <summary>Its version alone, or empty.</summary>
    public string Version { get; }

    /// <summary>Why there is nothing more to be had from it; null while there is.</summary>
    public string? Gone { get; private set; }

    /// <summary>Processor time that it has taken.</summary>
    public double ProcessorSeconds => _process?.ProcessorSeconds ?? 0;

    /// <summary>Takes over a row and runs one iteration.</summary>
    /// <param name="row">As grids say it.</param>
    /// <param name="mode"><c>inference</c>, <c>training</c> or <c>step</c>.</param>
    /// <param name="files">With the row's numbers.</param>
    /// <param name="sets">Of inputs and outputs, taken in turn.</param>
    /// <param name="stop">Ends waiting.</param>
    /// <param name="refusal">Why there are no results.</param>
    /// <returns>The iteration's results, or null.</returns>
    public BenchOutputs? Prepare(BenchRow row, string mode, RowFiles files, int sets, CancellationToken stop, out string refusal)
    {
        refusal = Gone ?? "";
        if (Gone is not null) { return null; }
        try
        {
            string into = files.Into($"{Kind.Key}-{Threads}");
            var request = new JsonObject
            {
                ["op"] = "prepare",
                ["row"] = BenchRows.ToJson(row),
                ["mode"] = mode,
                ["folder"] = files.Folder,
                ["into"] = into,
                ["sets"] = sets,
            };
            if (_process!.Ask(request, stop)["refused"] is { } refused)
            {
                refusal = refused.ToString();
                return null;
            }

            return files.Read(into, training: mode == BenchNames.Of(training: true));
        }
        catch (Exception e) when (e is PeerException or IOException)
        {
            refusal = Gone = e.Message;
            return null;
        }
    }

    /// <inheritdoc/>
    public double Measure(double seconds, CancellationToken stop)
    {
        double milliseconds = PeerProcess.Number(Ask(new JsonObject { ["op"] = "measure", ["seconds"] = seconds }, stop), "ms");
        if (Threads > 1) { Thread.Sleep(SettleMilliseconds); }
        return milliseconds;
    }

    /// <summary>Microseconds of each of some steps of the stream that was prepared; fewer if they take longer than so many seconds.</summary>
    /// <exception cref="PeerException">It failed.</exception>
    public IReadOnlyList<double> Steps(int count, double seconds, CancellationToken stop)
    {
        JsonObject answer = Ask(new JsonObject { ["op"] = "steps", ["count"] = count, ["seconds"] = seconds }, stop);
        double[] steps = answer["us"] is JsonArray list ? [.. list.Select(item => item!.GetValue<double>())] : throw new PeerException($"{Name} answered no steps");
        if (Threads > 1) { Thread.Sleep(SettleMilliseconds); }
        return steps;
    }

    /// <inheritdoc/>
    public void Dispose() => _process?.Dispose();

    private JsonObject Ask(JsonObject request, CancellationToken stop)
    {
        try
        {
            return _process!.Ask(request, stop);
        }
        catch (PeerException e)
        {
            Gone = e.Message;
            throw;
        }
    }
}
