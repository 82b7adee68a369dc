using System.Diagnostics;
using RnnGpu.Core;

namespace RnnGpu.Cli.Bench.Cpu;

/// <summary>A stream of one sequence: each call takes one step of input and carries the state to the next, in place.</summary>
internal sealed class OwnStream : IDisposable
{
    private readonly IBackend _backend;
    private readonly List<IDeviceBuffer> _buffers = [];
    private readonly RnnPlan _plan;
    private readonly RnnForwardCall[] _calls;
    private readonly TensorView _y;
    private int _next;

    /// <summary>Weights packed, state 0.</summary>
    /// <param name="threads">Of the backend.</param>
    /// <param name="data">B = 1; its steps are taken in turn, over and over.</param>
    public OwnStream(int threads, BenchData data)
    {
        _backend = Backends.Create(new DeviceChoice("cpu", threads, ComputeMode.Fp32));
        BenchShape shape = data.Shape;
        RnnSpec spec = shape.Spec;
        _plan = RnnPlan.Create(_backend, spec, new RnnPlanOptions { Batch = 1, Steps = 1 });
        TensorView x = Put(data.X, new Shape(shape.Steps, 1, shape.Input));
        _y = Put(new float[shape.Hidden], new Shape(1, 1, shape.Hidden));
        TensorView h = Put(new float[shape.Hidden], new Shape(1, 1, shape.Hidden));
        TensorView c = Layouts.HasCellState(shape.Cell) ? Put(new float[shape.Hidden], new Shape(1, 1, shape.Hidden)) : default;
        MemoryRegion workspace = Region(_plan.WorkspaceBytes);
        _calls = new RnnForwardCall[shape.Steps];
        var step = new Shape(1, 1, shape.Input);
        for (int t = 0; t < shape.Steps; t++)
        {
            _calls[t] = new RnnForwardCall { X = x.Slice((long)t * shape.Input, step), H0 = h, C0 = c, Y = _y, HT = h, CT = c, Workspace = workspace };
        }

        RnnLayerTensors[] weights = [new(Parameter(0), Parameter(1), Parameter(2), Parameter(3))];
        _plan.Pack(weights, Region(_plan.PackedBytes));

        TensorView Parameter(int kind) => Put(data.Parameters[kind], BenchData.ShapeOf(spec, 0, kind));
    }

    /// <summary>One step.</summary>
    public void Step()
    {
        _plan.Forward(_calls[_next]);
        _next = _next + 1 == _calls.Length ? 0 : _next + 1;
    }

    /// <summary><c>[H]</c>: the last step's output.</summary>
    public float[] Output()
    {
        var values = new float[_y.Length];
        _backend.Download<float>(_y, values);
        return values;
    }

    /// <summary>Times steps one by one.</summary>
    /// <param name="microseconds">Out: of each step.</param>
    /// <param name="seconds">After so many it ends early: on a machine with too few free cores a step can take milliseconds.</param>
    /// <param name="allocated">Bytes that the calling thread allocated on the managed heap meanwhile.</param>
    /// <returns>Steps taken.</returns>
    public int Time(Span<double> microseconds, double seconds, out long allocated)
    {
        long before = GC.GetAllocatedBytesForCurrentThread(), began = Stopwatch.GetTimestamp();
        int taken = 0;
        while (taken < microseconds.Length)
        {
            long start = Stopwatch.GetTimestamp();
            Step();
            microseconds[taken++] = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
            if (Stopwatch.GetElapsedTime(began).TotalSeconds > seconds) { break; }
        }

        allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        return taken;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (IDeviceBuffer buffer in _buffers) { buffer.Dispose(); }
        _backend.Dispose();
    }

    private TensorView Put(float[] values, Shape shape)
    {
        IDeviceBuffer buffer = _backend.Allocate(shape.Length * sizeof(float));
        _buffers.Add(buffer);
        var view = new TensorView(buffer, 0, shape);
        _backend.Upload<float>(values, view);
        return view;
    }

    private MemoryRegion Region(long bytes)
    {
        if (bytes == 0) { return default; }
        IDeviceBuffer buffer = _backend.Allocate(bytes);
        _buffers.Add(buffer);
        return new MemoryRegion(buffer);
    }
}
