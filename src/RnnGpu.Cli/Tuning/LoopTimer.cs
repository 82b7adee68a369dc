using System.Diagnostics;
using RnnGpu.Core;

namespace RnnGpu.Cli.Tuning;

/// <summary>One direction of one layer over one chunk of steps on a backend, ready to be timed: the loop alone, without the products around it.</summary>
internal sealed class LoopTimer : IDisposable
{
    private const int LeastSamples = 5, MostSamples = 200;
    private const double Seconds = 0.2;
    private const float Spread = 0.1f;

    private readonly IBackend _backend;
    private readonly RecurrentProblem _problem;
    private readonly List<IDeviceBuffer> _buffers = [];
    private readonly float[] _inputs;
    private readonly RecurrentChunk _chunk;
    private readonly TensorView _packed, _workspace, _dh, _dc;
    private readonly MatrixView _y, _dy;

    /// <summary>Brings small random weights and inputs onto a backend.</summary>
    /// <param name="backend">Computes; stays the caller's.</param>
    /// <param name="problem">Cell and sizes; with <see cref="RecurrentProblem.Training"/> the backward loop can be timed too.</param>
    public LoopTimer(IBackend backend, RecurrentProblem problem)
    {
        _backend = backend;
        _problem = problem;
        try
        {
            int h = problem.Hidden, b = problem.Batch, t = problem.Steps, g = Layouts.Gates(problem.Cell) * h;
            bool cells = Layouts.HasCellState(problem.Cell);
            var random = new Random(1);
            float[] Draw(long count) => [.. Enumerable.Range(0, checked((int)count)).Select(_ => ((2 * random.NextSingle()) - 1) * Spread)];
            _inputs = Draw((long)t * b * g);
            TensorView weights = Space(new Shape(g, h));
            backend.Upload<float>(Draw((long)g * h), weights);
            _packed = Space(new Shape(checked((int)((backend.PackedRecurrentBytes(problem) + 3) / 4))));
            backend.PackRecurrent(weights, problem, _packed);
            _workspace = Space(new Shape(checked((int)((backend.RecurrentWorkspaceBytes(problem) + 3) / 4))));
            _chunk = new RecurrentChunk
            {
                Cell = problem.Cell,
                Hidden = h,
                Batch = b,
                Steps = t,
                Gates = Space(new Shape(t, b, g)),
                Extra = Layouts.HasExtra(problem.Cell) ? Space(new Shape(t, b, h)) : default,
                H = Space(new Shape(t + 1, b, h)),
                C = cells ? Space(new Shape(t + 1, b, h)) : default,
            };
            _y = Space(new Shape(t * b, h)).AsMatrix();
            if (!problem.Training) { return; }
            TensorView dy = Space(new Shape(t * b, h));
            backend.Fill(Spread, dy);
            _dy = dy.AsMatrix();
            _dh = Space(new Shape(b, h));
            _dc = cells ? Space(new Shape(b, h)) : default;
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>
    /// Seconds of a step: the median of some runs over all steps. Every run starts from the same inputs, which a loop overwrites; bringing them back is not timed.
    /// </summary>
    /// <param name="backward">The backward loop, behind a forward one that is not timed.</param>
    /// <param name="once">One run is enough: the device's times mean nothing.</param>
    /// <param name="stop">Ends it between runs.</param>
    public double Measure(bool backward, bool once, CancellationToken stop)
    {
        // Two runs that do not count: modules load, and loops are captured as graphs at their second run.
        int warm = once ? 0 : 3;
        var samples = new List<double>();
        long began = 0;
        for (int run = -warm; run < MostSamples; run++)
        {
            stop.ThrowIfCancellationRequested();
            if (run == 0) { began = Stopwatch.GetTimestamp(); }
            if (run >= (once ? 1 : LeastSamples) && (once || Stopwatch.GetElapsedTime(began).TotalSeconds >= Seconds)) { break; }
            double seconds = Run(backward);
            if (run >= 0) { samples.Add(seconds); }
        }

        samples.Sort();
        return samples[samples.Count / 2] / _problem.Steps;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (IDeviceBuffer buffer in _buffers) { buffer.Dispose(); }
        _buffers.Clear();
    }

    private double Run(bool backward)
    {
        _backend.Upload<float>(_inputs, _chunk.Gates);
        if (backward)
        {
            _backend.Fill(0, _dh);
            if (!_dc.IsEmpty) { _backend.Fill(0, _dc); }
            Forward();
        }

        _backend.Synchronize();
        long began = Stopwatch.GetTimestamp();
        if (backward) { _backend.RecurrentBackward(_chunk, _packed, _dy, _workspace, _dh, _dc); }
        else { Forward(); }
        _backend.Synchronize();
        return Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    private void Forward() => _backend.RecurrentForward(_chunk, _packed, default, _workspace, _y);

    private TensorView Space(Shape shape)
    {
        IDeviceBuffer buffer = _backend.Allocate(Math.Max(4, shape.Length * 4));
        _buffers.Add(buffer);
        var view = new TensorView(buffer, 0, shape);
        _backend.Fill(0, view);
        return view;
    }
}
