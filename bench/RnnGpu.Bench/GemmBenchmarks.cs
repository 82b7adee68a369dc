using BenchmarkDotNet.Attributes;
using RnnGpu.Core;
using RnnGpu.Cpu;

namespace RnnGpu.Bench;

/// <summary>The products of an LSTM with H units, 1024 rows: input projection, its gradient, the weights' gradient.</summary>
public class GemmBenchmarks
{
    private IBackend _backend = null!;
    private TensorView _x;
    private TensorView _gates;
    private TensorView _weight;

    /// <summary>I = H.</summary>
    [Params(128, 512, 1024)]
    public int Hidden { get; set; }

    /// <summary>Worker threads.</summary>
    [Params(1, 2)]
    public int Threads { get; set; }

    /// <summary>Operands.</summary>
    [GlobalSetup]
    public void Setup()
    {
        _backend = CpuBackend.Create(Threads);
        _x = Operands.Random(_backend, new Shape(1024, Hidden), 1);
        _gates = Operands.Random(_backend, new Shape(1024, 4 * Hidden), 2);
        _weight = Operands.Random(_backend, new Shape(4 * Hidden, Hidden), 3);
    }

    /// <summary>Releases the backend's threads.</summary>
    [GlobalCleanup]
    public void Cleanup() => _backend.Dispose();

    /// <summary>gates = X W^T.</summary>
    [Benchmark]
    public void Projection() =>
        _backend.Gemm(_x.AsMatrix(), _weight.AsMatrix().T, default, GemmActivation.None, accumulate: false, _gates.AsMatrix());

    /// <summary>dX = dgates W.</summary>
    [Benchmark]
    public void InputGradient() =>
        _backend.Gemm(_gates.AsMatrix(), _weight.AsMatrix(), default, GemmActivation.None, accumulate: false, _x.AsMatrix());

    /// <summary>dW += dgates^T X.</summary>
    [Benchmark]
    public void WeightGradient() =>
        _backend.Gemm(_gates.AsMatrix().T, _x.AsMatrix(), default, GemmActivation.None, accumulate: true, _weight.AsMatrix());
}
