using RnnGpu.Core;
using RnnGpu.Cuda;
using RnnGpu.Cuda.Driver;

namespace RnnGpu.Cli.Bench;

/// <summary>Runs a request: for each row, precision, mode and strategy, first the check against the reference, then the clock.</summary>
internal sealed class KernelBench : IDisposable
{
    private const long CpuCacheBytes = 64L << 20;
    private const int MostSets = 16;

    private readonly BenchRequest _request;
    private readonly BenchBackends _backends;
    private readonly Action<BenchResult> _tell;
    private readonly bool _onCpu;
    private readonly int _sets;
    private readonly GpuCosts? _gpu;
    private readonly double _cpuFlops;

    /// <summary>Opens the device.</summary>
    /// <param name="request">What to measure.</param>
    /// <param name="choice">Where; a device by name, not "auto".</param>
    /// <param name="tell">Is told every result as it comes.</param>
    public KernelBench(BenchRequest request, DeviceChoice choice, Action<BenchResult> tell)
    {
        _request = request;
        _tell = tell;
        _onCpu = choice.Device == "cpu";
        _backends = new BenchBackends(choice);
        try
        {
            IBackend backend = _backends.Open(ComputeMode.Fp32, new CudaOptions());
            Machine = BenchMachine.Of(backend, choice);
            _gpu = backend is CudaBackend { Driver.IsEmulator: false } cuda ? GpuCosts.LimitOf(cuda.Device, cuda.Lookup.Record) : null;
        }
        catch
        {
            _backends.Dispose();
            throw;
        }

        _cpuFlops = _onCpu ? CpuPeak.Measure(choice.Threads ?? Machine.Threads) : double.NaN;
        _sets = Machine.IsEmulator ? 2 : 0;
    }

    /// <summary>Where it runs.</summary>
    public BenchMachine Machine { get; }

    /// <summary>What shares of the limit refer to.</summary>
    public string LimitName =>
        _onCpu ? $"a measured peak of {_cpuFlops / 1e9:N0} GFLOP/s in fused multiply-adds"
        : _gpu is { } gpu ? $"the model in LimitModel.cs with the {(gpu == GpuCosts.BuiltIn(gpu.Name) ? "built-in" : "measured")} figures of {gpu.Name}"
        : "none: there is no model of this device";

    /// <summary>Measures everything.</summary>
    /// <exception cref="OperationCanceledException">Stopped; what was measured has been told.</exception>
    public void Run(CancellationToken stop)
    {
        foreach (BenchRow row in _request.Rows)
        {
            BenchData? data = null;
            foreach (bool training in row.Training)
            {
                BenchCheck? check = null;
                foreach (ComputeMode mode in row.Modes)
                {
                    foreach (BenchStrategy strategy in _request.Strategies)
                    {
                        stop.ThrowIfCancellationRequested();
                        var result = new BenchResult { Row = row, Mode = mode, Training = training, Strategy = strategy.Name };
                        string? refusal = !_onCpu ? null
                            : mode != ComputeMode.Fp32 ? "the CPU computes in fp32"
                            : strategy.NeedsGpu ? "for GPUs only"
                            : null;
                        if (refusal is null)
                        {
                            data ??= new BenchData(row.Shape);
                            check ??= new BenchCheck(data, training);
                            result = Measure(result, strategy, data, check, stop);
                        }
                        else
                        {
                            result = result with { Status = BenchStatus.Skipped, Note = refusal };
                        }

                        _tell(result);
                    }
                }
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _backends.Dispose();

    private BenchResult Measure(BenchResult result, BenchStrategy strategy, BenchData data, BenchCheck check, CancellationToken stop)
    {
        try
        {
            try
            {
                return MeasureOnce(result, strategy, data, check, stop);
            }
            catch (OutOfDeviceMemoryException)
            {
                _backends.Close();
                return MeasureOnce(result, strategy, data, check, stop);
            }
        }
        catch (Exception e) when (e is OutOfDeviceMemoryException or NotSupportedException)
        {
            return result with { Status = BenchStatus.Skipped, Note = e.Message };
        }
        catch (CudaException e)
        {
            _backends.Close();
            return result with { Status = BenchStatus.Failed, Note = e.Message };
        }
    }

    private BenchResult MeasureOnce(BenchResult result, BenchStrategy strategy, BenchData data, BenchCheck check, CancellationToken stop)
    {
        IBackend backend = _backends.Open(result.Mode, strategy.Options);
        if (strategy.Refusal(backend, data.Shape, result.Training) is { } refusal) { return result with { Status = BenchStatus.Skipped, Note = refusal }; }
        int sets = _sets > 0 ? _sets : Sets(backend, BenchStrategy.SetBytes(data.Shape, result.Training));
        using BenchRun run = strategy.Prepare(backend, data, result.Training, sets);
        run.Iterate(0);
        BenchError error = check.Compare(run.Read(0), strategy, _onCpu, result.Mode);
        result = result with { Error = error, How = run.How };
        if (!error.Right) { return Wrong(result, error, "before timing"); }
        (BenchTimes times, int last) = BenchClock.Measure(run, backend, sets, result.Row.Latency, _request.Effort, stop);

        // The iterations that were timed went by graphs and buffers of their own: the last of them must still be right.
        BenchError after = check.Compare(run.Read(last), strategy, _onCpu, result.Mode);
        if (!after.Right) { return Wrong(result, after, "after timing"); }
        double flops = data.Shape.Flops(result.Training, data.ActiveRows);
        return result with
        {
            Times = times,
            PeakBytes = run.PeakBytes,
            Flops = flops,
            LimitMilliseconds = _onCpu ? flops / _cpuFlops * 1e3
                : _gpu is { } gpu ? LimitModel.Milliseconds(gpu, data.Shape, result.Mode, result.Training, data.ActiveRows)
                : double.NaN,
        };
    }

    private static BenchResult Wrong(BenchResult result, BenchError error, string when) => result with
    {
        Status = BenchStatus.Wrong,
        Error = error,
        Note = $"{error.Worst} is {error.Error:0.0e+0} off the reference {when}, {error.Allowed:0.0e+0} is allowed",
    };

    /// <summary>Sets of inputs and outputs on a CPU.</summary>
    public static int CpuSets(BenchShape shape, bool training) => Sets(CpuCacheBytes, BenchStrategy.SetBytes(shape, training));

    private static int Sets(IBackend backend, long setBytes) => Sets(backend is CudaBackend cuda ? cuda.Device.L2Bytes : CpuCacheBytes, setBytes);

    /// <summary>So many that together they are twice what a cache holds.</summary>
    private static int Sets(long cache, long setBytes) => (int)Math.Clamp(((2 * cache) + setBytes - 1) / setBytes, 2, MostSets);
}
