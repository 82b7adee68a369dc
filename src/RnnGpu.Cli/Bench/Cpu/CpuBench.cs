using RnnGpu.Core;

namespace RnnGpu.Cli.Bench.Cpu;

/// <summary>
/// Runs us and the peers in turn on every row: first the results of all are compared, then each side runs for a moment, round after round, so that what else
/// the machine does hits all alike.
/// </summary>
internal sealed class CpuBench : IDisposable
{
    private readonly CpuBenchRequest _request;
    private readonly Action<string> _say;
    private readonly List<OwnSide> _own = [];
    private readonly List<PeerSide> _peers = [];

    /// <summary>Opens our backends, starts the peers, measures the machine.</summary>
    /// <param name="request">What to measure.</param>
    /// <param name="command">As it was asked for.</param>
    /// <param name="say">Is told every result as it comes, a line each.</param>
    /// <param name="stop">Ends it.</param>
    /// <param name="start">Starts a peer with a number of threads; null: as <see cref="PeerKind.Start"/> does.</param>
    public CpuBench(
        CpuBenchRequest request, string command, Action<string> say, CancellationToken stop, Func<PeerKind, int, CancellationToken, PeerProcess>? start = null)
    {
        start ??= static (kind, threads, stop) => kind.Start(threads, stop);
        _request = request;
        _say = say;
        MachineLoad before = MachineLoad.Now(OwnSeconds);
        try
        {
            foreach (int threads in request.Threads) { _own.Add(new OwnSide(threads)); }
            foreach (PeerKind kind in request.Peers)
            {
                foreach (int threads in request.Threads) { _peers.Add(new PeerSide(kind, threads, () => start(kind, threads, stop))); }
            }

            Report = new CpuReport(request, command, before);
            foreach (PeerKind kind in request.Peers) { Report.AddPeer(_peers.First(peer => peer.Kind == kind)); }
            MeasureMachine();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>What has been measured.</summary>
    public CpuReport Report { get; }

    /// <summary>Measures everything.</summary>
    /// <exception cref="OperationCanceledException">Stopped; what was measured is in the report.</exception>
    public void Run(CancellationToken stop)
    {
        foreach (BenchRow row in _request.Rows)
        {
            MeasurePeak();
            var data = new BenchData(row.Shape);
            using var files = new RowFiles(data);
            foreach (bool training in row.Training) { Measure(row, data, files, training, stop); }
        }

        if (_request.StreamSteps > 0)
        {
            foreach (BenchRow row in StreamBench.Rows)
            {
                foreach (int threads in _request.Threads)
                {
                    PeerSide? onnx = _peers.Find(peer => peer.Kind == PeerKind.Onnx && peer.Threads == threads);
                    StreamPoint point = StreamBench.Measure(row, threads, onnx, _request.StreamSteps, _request.Rounds, stop);
                    Report.Add(point);
                    _say(CpuReport.Line(point));
                }
            }
        }

        MeasureMachine();
        Report.Complete = true;
    }

    /// <summary>Notes how busy the machine was until now.</summary>
    public void Finish() => Report.End = MachineLoad.Now(OwnSeconds);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (PeerSide peer in _peers) { peer.Dispose(); }
        foreach (OwnSide own in _own) { own.Dispose(); }
    }

    private double OwnSeconds => Environment.CpuUsage.TotalTime.TotalSeconds + _peers.Sum(peer => peer.ProcessorSeconds);

    private void MeasureMachine()
    {
        MeasurePeak();
        foreach (int threads in _request.Threads) { Report.AddBandwidth(threads, ReadBandwidth.Measure(threads)); }
    }

    private void MeasurePeak()
    {
        foreach (int threads in _request.Threads.Append(1).Distinct()) { Report.AddPeak(threads, CpuPeak.Measure(threads)); }
    }

    private void Measure(BenchRow row, BenchData data, RowFiles files, bool training, CancellationToken stop)
    {
        int sets = KernelBench.CpuSets(row.Shape, training);
        var check = new BenchCheck(data, training);
        var times = new Dictionary<ISide, List<double>>();
        var notes = new Dictionary<ISide, string>();
        var errors = new Dictionary<int, (BenchError Error, string Wrong)>();
        var first = new Dictionary<OwnSide, BenchOutputs>();
        foreach (OwnSide own in _own)
        {
            stop.ThrowIfCancellationRequested();
            first[own] = own.Prepare(data, training, sets);
        }

        var theirs = new Dictionary<PeerSide, BenchOutputs>();
        foreach (PeerSide peer in _peers)
        {
            stop.ThrowIfCancellationRequested();
            if (peer.Prepare(row, BenchNames.Of(training), files, sets, stop, out string refusal) is { } outputs) { theirs[peer] = outputs; }
            notes[peer] = refusal;
        }

        foreach (OwnSide own in _own) { errors[own.Threads] = Check(check, first[own], theirs, first[_own[0]]); }
        ISide[] sides = [.. _own.Where(own => errors[own.Threads].Wrong.Length == 0), .. theirs.Keys];
        sides = [.. sides.OrderBy(side => side.Threads)];
        foreach (ISide side in sides) { times[side] = []; }
        for (int round = 0; round < _request.Rounds; round++)
        {
            // There and back, so that nobody always follows the same one.
            foreach (ISide side in round % 2 == 0 ? sides : [.. sides.Reverse()])
            {
                stop.ThrowIfCancellationRequested();
                if (times[side].Count < round) { continue; }
                try
                {
                    times[side].Add(side.Measure(_request.Seconds, stop));
                }
                catch (PeerException e)
                {
                    notes[side] = e.Message;
                }
            }
        }

        foreach (OwnSide own in _own)
        {
            (BenchError error, string wrong) = errors[own.Threads];
            if (wrong.Length == 0 && !Same(own.ReadLast(), first[own])) { wrong = "the last iteration gave other bits than the first"; }
            var point = new CpuPoint
            {
                Row = row,
                Training = training,
                Threads = own.Threads,
                Rounds = wrong.Length == 0 ? times[own] : [],
                Wrong = wrong,
                Error = error,
                Peers = _peers.Where(peer => peer.Threads == own.Threads).ToDictionary(
                    peer => peer.Kind.Key, peer => new PeerTimes(times.GetValueOrDefault(peer, []), notes[peer]), StringComparer.Ordinal),
            };
            own.Release();
            Report.Add(point);
            _say(Report.Line(point));
        }
    }

    /// <summary>With every peer's results, else with a reference of our own; and that the number of threads changes no bit.</summary>
    private static (BenchError Error, string Wrong) Check(BenchCheck check, BenchOutputs outputs, Dictionary<PeerSide, BenchOutputs> theirs, BenchOutputs otherThreads)
    {
        if (!Same(outputs, otherThreads)) { return (default, "another number of threads gave other bits"); }
        BenchError worst = theirs.Count > 0 ? default : check.Compare(outputs, new PlanStrategy("plan", ""), onCpu: true, ComputeMode.Fp32);
        string of = "the reference";
        foreach ((PeerSide peer, BenchOutputs expected) in theirs)
        {
            BenchError error = check.Between(expected, outputs, ComputeMode.Fp32);
            if (!(error.Error <= worst.Error)) { (worst, of) = (error, peer.Name); }
        }

        return (worst, worst.Right ? "" : $"{worst.Worst} is {worst.Error:0.0e+0} off {of}, {worst.Allowed:0.0e+0} is allowed");
    }

    private static bool Same(BenchOutputs a, BenchOutputs b) =>
        ReferenceEquals(a, b) || (Bits(a.Y, b.Y) && Bits(a.DX, b.DX)
            && (a.Gradients is null || a.Gradients.Zip(b.Gradients!, (one, other) => Bits(one, other)).All(same => same)));

    private static bool Bits(float[]? a, float[]? b) =>
        a is null ? b is null : System.Runtime.InteropServices.MemoryMarshal.AsBytes(a.AsSpan()).SequenceEqual(System.Runtime.InteropServices.MemoryMarshal.AsBytes(b.AsSpan()));
}
