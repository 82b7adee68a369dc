using BenchmarkDotNet.Attributes;
using RnnGpu.Core;
using RnnGpu.Cpu;

namespace RnnGpu.Bench;

/// <summary>The cells' functions on one thread, from the first-level cache into it: times are an element's. A copy's time is in each.</summary>
public class ActivationBenchmarks
{
    private const int Elements = 4096;

    private IBackend _backend = null!;
    private TensorView _x;
    private TensorView _y;

    /// <summary>Arguments are uniform in -Range..Range: small ones, and ones that saturate.</summary>
    [Params(0.5f, 8f)]
    public float Range { get; set; }

    /// <summary>Operands.</summary>
    [GlobalSetup]
    public void Setup()
    {
        _backend = CpuBackend.Create(1);
        _x = Operands.Random(_backend, new Shape(Elements), 1, Range);
        _y = Operands.Random(_backend, new Shape(Elements), 2);
    }

    /// <summary>Releases the backend.</summary>
    [GlobalCleanup]
    public void Cleanup() => _backend.Dispose();

    /// <summary>y = x: what reading and writing take.</summary>
    [Benchmark(Baseline = true, OperationsPerInvoke = Elements)]
    public void Copy() => _backend.Copy(_x, _y);

    /// <summary>y = exp x.</summary>
    [Benchmark(OperationsPerInvoke = Elements)]
    public void Exp() => _backend.Unary(UnaryOp.Exp, 0, _x, _y);

    /// <summary>y = 1 / (1 + exp(-x)).</summary>
    [Benchmark(OperationsPerInvoke = Elements)]
    public void Sigmoid() => _backend.Unary(UnaryOp.Sigmoid, 0, _x, _y);

    /// <summary>y = tanh x.</summary>
    [Benchmark(OperationsPerInvoke = Elements)]
    public void Tanh() => _backend.Unary(UnaryOp.Tanh, 0, _x, _y);

    /// <summary>y = max(x, 0).</summary>
    [Benchmark(OperationsPerInvoke = Elements)]
    public void Relu() => _backend.Unary(UnaryOp.Relu, 0, _x, _y);
}
