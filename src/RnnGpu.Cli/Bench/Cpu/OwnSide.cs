using RnnGpu.Core;

namespace RnnGpu.Cli.Bench.Cpu;

/// <summary>Our side with a number of threads: the plan, as training and inference run it.</summary>
internal sealed class OwnSide(int threads) : ISide, IDisposable
{
    private static readonly PlanStrategy Strategy = new("plan", "");

    private readonly IBackend _backend = Backends.Create(new DeviceChoice("cpu", threads, ComputeMode.Fp32));
    private BenchRun? _run;
    private RoundClock? _clock;
    private int _set;

    /// <inheritdoc/>
    public int Threads => threads;

    /// <summary>Takes over a row and runs one iteration.</summary>
    /// <param name="data">Of the row.</param>
    /// <param name="training">Forward and backward, or forward alone.</param>
    /// <param name="sets">Of inputs and outputs, taken in turn.</param>
    /// <returns>The iteration's results.</returns>
    public BenchOutputs Prepare(BenchData data, bool training, int sets)
    {
        Release();
        BenchRun run = Strategy.Prepare(_backend, data, training, sets);
        _run = run;
        _clock = new RoundClock(() =>
        {
            _set = _set + 1 == sets ? 0 : _set + 1;
            run.Iterate(_set);
            _backend.Synchronize();
        });
        _set = 0;
        run.Iterate(0);
        return run.Read(0);
    }

    /// <inheritdoc/>
    public double Measure(double seconds, CancellationToken stop) => _clock!.Measure(seconds);

    /// <summary>Results of the last iteration.</summary>
    public BenchOutputs ReadLast() => _run!.Read(_set);

    /// <summary>Lets go of the row.</summary>
    public void Release()
    {
        _run?.Dispose();
        _run = null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Release();
        _backend.Dispose();
    }
}
