using System.Diagnostics;
using RnnGpu.Core;
using RnnGpu.Nn;

namespace RnnGpu.Cli.Bench.Cpu;

/// <summary>A stream as a program that serves a model runs it: a <see cref="StreamSession"/> that takes one step of input after another and keeps the state.</summary>
internal sealed class OwnStream : IDisposable
{
    private readonly Device _device;
    private readonly Recurrent _layer;
    private readonly StreamSession _session;
    private readonly float[] _x;
    private readonly float[] _y;
    private readonly int _input;
    private readonly int _steps;
    private int _next;

    /// <summary>Weights loaded, state 0.</summary>
    /// <param name="threads">Of the backend.</param>
    /// <param name="data">B = 1; its steps are taken in turn, over and over.</param>
    public OwnStream(int threads, BenchData data)
    {
        BenchShape shape = data.Shape;
        _device = new Device(Backends.Create(new DeviceChoice("cpu", threads, ComputeMode.Fp32)), seed: 1);
        _layer = StepBench.Layer(_device, shape.Spec);
        foreach ((Parameter parameter, float[] values) in _layer.Parameters().Zip(data.Parameters)) { parameter.Load(values); }
        _layer.Eval();
        _session = new StreamSession(_layer);
        (_x, _y) = (data.X, new float[shape.Hidden]);
        (_input, _steps) = (shape.Input, shape.Steps);
    }

    /// <summary>One step: input in, output out.</summary>
    public void Step()
    {
        _session.Step(_x.AsSpan(_next * _input, _input), _y);
        _next = _next + 1 == _steps ? 0 : _next + 1;
    }

    /// <summary><c>[H]</c>: the last step's output.</summary>
    public float[] Output() => [.. _y];

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
        _session.Dispose();
        _layer.Dispose();
        _device.Dispose();
    }
}
