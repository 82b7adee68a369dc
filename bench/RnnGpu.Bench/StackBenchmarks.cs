using BenchmarkDotNet.Attributes;
using RnnGpu.Core;
using RnnGpu.Cpu;

namespace RnnGpu.Bench;

/// <summary>Stacks whose loops can run side by side, on one thread and on two: loop after loop on both, side by side, and what the cost model chooses.</summary>
public class StackBenchmarks
{
    private IBackend _one = null!;
    private IBackend _two = null!;
    private StackRun _oneThread = null!;
    private StackRun _inTurn = null!;
    private StackRun _sideBySide = null!;
    private StackRun _chosen = null!;

    /// <summary>Sizes in the form H B T, layers, directions.</summary>
    [Params("64 1 200 1 2", "128 1 200 1 2", "256 1 200 1 2", "64 1 100 2 1", "128 1 100 2 1", "256 1 100 2 1", "256 4 100 2 1")]
    public string Stack { get; set; } = "";

    /// <summary>Whether the backward pass follows.</summary>
    [Params(false, true)]
    public bool Training { get; set; }

    /// <summary>Plans and operands.</summary>
    [GlobalSetup]
    public void Setup()
    {
        int[] n = [.. Stack.Split(' ').Select(int.Parse)];
        var spec = new RnnSpec { Cell = CellKind.Lstm, InputSize = n[0], HiddenSize = n[0], Layers = n[3], Bidirectional = n[4] == 2 };
        var options = new RnnPlanOptions { Batch = n[1], Steps = n[2], Training = Training, InputGradient = Training };
        (_one, _two) = (CpuBackend.Create(1), CpuBackend.Create(2));
        _oneThread = new StackRun(_one, spec, options);
        _inTurn = new StackRun(_two, spec, options with { SideBySide = false });
        _sideBySide = new StackRun(_two, spec, options with { SideBySide = true });
        _chosen = new StackRun(_two, spec, options);
    }

    /// <summary>Releases the backends' threads.</summary>
    [GlobalCleanup]
    public void Cleanup()
    {
        _one.Dispose();
        _two.Dispose();
    }

    /// <summary>One thread.</summary>
    [Benchmark]
    public void OneThread() => _oneThread.Run();

    /// <summary>Two threads share each loop.</summary>
    [Benchmark(Baseline = true)]
    public void InTurn() => _inTurn.Run();

    /// <summary>Two threads, a loop each.</summary>
    [Benchmark]
    public void SideBySide() => _sideBySide.Run();

    /// <summary>What the cost model chooses.</summary>
    [Benchmark]
    public void Chosen() => _chosen.Run();

    private sealed class StackRun
    {
        private readonly IBackend _backend;
        private readonly RnnPlan _plan;
        private readonly RnnBackwardCall _call;
        private readonly RnnLayerTensors[] _gradients;

        public StackRun(IBackend backend, RnnSpec spec, RnnPlanOptions options)
        {
            _backend = backend;
            _plan = RnnPlan.Create(backend, spec, options);
            int count = spec.Layers * spec.Directions, t = options.Steps, b = options.Batch, h = spec.OutputSize;
            _gradients = [.. Enumerable.Range(0, count).Select(i => Layer(spec, i, 100))];
            _call = new RnnBackwardCall
            {
                Forward = new RnnForwardCall
                {
                    X = Operands.Random(backend, new Shape(t, b, spec.InputSize), 1),
                    Y = Operands.Random(backend, new Shape(t, b, h), 2),
                    Reserve = Region(_plan.ReserveBytes),
                    Workspace = Region(_plan.WorkspaceBytes),
                },
                DY = options.Training ? Operands.Random(backend, new Shape(t, b, h), 3) : default,
                DX = options.Training ? Operands.Random(backend, new Shape(t, b, spec.InputSize), 4) : default,
            };
            _plan.Pack([.. Enumerable.Range(0, count).Select(i => Layer(spec, i, 10))], Region(_plan.PackedBytes));
        }

        public void Run()
        {
            _plan.Forward(_call.Forward);
            if (_plan.Options.Training) { _plan.Backward(_call, _gradients); }
        }

        private RnnLayerTensors Layer(RnnSpec spec, int index, uint site)
        {
            uint first = site + (4 * (uint)index);
            return new(
                Operands.Random(_backend, new Shape(spec.GateSize, spec.LayerInputSize(index / spec.Directions)), first),
                Operands.Random(_backend, new Shape(spec.GateSize, spec.HiddenSize), first + 1),
                Operands.Random(_backend, new Shape(spec.GateSize), first + 2),
                Operands.Random(_backend, new Shape(spec.GateSize), first + 3));
        }

        private MemoryRegion Region(long bytes) => new(_backend.Allocate(Math.Max(bytes, 4)));
    }
}
