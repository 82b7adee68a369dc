using BenchmarkDotNet.Attributes;
using RnnGpu.Core;
using RnnGpu.Cpu;

namespace RnnGpu.Bench;

/// <summary>One layer, I = H, forward for inference and forward + backward for training.</summary>
public class RecurrentBenchmarks
{
    private readonly RnnLayerTensors[] _weights = new RnnLayerTensors[1];
    private readonly RnnLayerTensors[] _gradients = new RnnLayerTensors[1];
    private IBackend _backend = null!;
    private RnnPlan _inference = null!;
    private RnnPlan _training = null!;
    private RnnForwardCall _inferenceCall;
    private RnnBackwardCall _trainingCall;
    private MemoryRegion _packed;

    /// <summary>Cell.</summary>
    [Params(CellKind.Lstm, CellKind.GruResetAfter)]
    public CellKind Cell { get; set; }

    /// <summary>Sizes in the form H B T.</summary>
    [Params("128 1 50", "128 32 50", "256 64 50", "512 64 25", "1024 64 25")]
    public string Size { get; set; } = "";

    /// <summary>Worker threads.</summary>
    [Params(1, 2)]
    public int Threads { get; set; }

    /// <summary>Plans and operands.</summary>
    [GlobalSetup]
    public void Setup()
    {
        int[] size = [.. Size.Split(' ').Select(int.Parse)];
        (int h, int b, int t) = (size[0], size[1], size[2]);
        _backend = CpuBackend.Create(Threads);
        var spec = new RnnSpec { Cell = Cell, InputSize = h, HiddenSize = h };
        _inference = RnnPlan.Create(_backend, spec, new RnnPlanOptions { Batch = b, Steps = t });
        _training = RnnPlan.Create(_backend, spec, new RnnPlanOptions { Batch = b, Steps = t, Training = true, InputGradient = true });
        _weights[0] = Layer(spec, 10);
        _gradients[0] = Layer(spec, 20);
        _packed = Region(_training.PackedBytes);
        var region = Region(_inference.WorkspaceBytes);
        TensorView x = Operands.Random(_backend, new Shape(t, b, h), 1), y = Operands.Random(_backend, new Shape(t, b, h), 2);
        _inferenceCall = new RnnForwardCall { X = x, Y = y, Workspace = region };
        _inference.Pack(_weights, Region(_inference.PackedBytes));
        _trainingCall = new RnnBackwardCall
        {
            Forward = new RnnForwardCall { X = x, Y = y, Reserve = Region(_training.ReserveBytes), Workspace = Region(_training.WorkspaceBytes) },
            DY = Operands.Random(_backend, new Shape(t, b, h), 3),
            DX = Operands.Random(_backend, new Shape(t, b, h), 4),
        };
    }

    /// <summary>Releases the backend's threads.</summary>
    [GlobalCleanup]
    public void Cleanup() => _backend.Dispose();

    /// <summary>Weights packed beforehand, as a server has them.</summary>
    [Benchmark]
    public void Inference() => _inference.Forward(_inferenceCall);

    /// <summary>Weights packed anew, forward, backward with all gradients.</summary>
    [Benchmark]
    public void Training()
    {
        _training.Pack(_weights, _packed);
        _training.Forward(_trainingCall.Forward);
        _training.Backward(_trainingCall, _gradients);
    }

    private RnnLayerTensors Layer(RnnSpec spec, uint site) => new(
        Operands.Random(_backend, new Shape(spec.GateSize, spec.InputSize), site),
        Operands.Random(_backend, new Shape(spec.GateSize, spec.HiddenSize), site + 1),
        Operands.Random(_backend, new Shape(spec.GateSize), site + 2),
        Operands.Random(_backend, new Shape(spec.GateSize), site + 3));

    private MemoryRegion Region(long bytes) => new(_backend.Allocate(Math.Max(bytes, 4)));
}
