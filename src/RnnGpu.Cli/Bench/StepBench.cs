using System.Diagnostics;
using System.Text.Json.Nodes;
using RnnGpu.Core;
using RnnGpu.Nn;

namespace RnnGpu.Cli.Bench;

/// <summary>Times of single steps in microseconds, ascending.</summary>
internal sealed record StepTimes(double[] Microseconds)
{
    /// <summary>The time that a part of all steps do not exceed.</summary>
    public double Quantile(double part) => Microseconds[(int)Math.Ceiling(part * Microseconds.Length) - 1];

    /// <summary>For results.</summary>
    public JsonObject ToJson() => new()
    {
        ["steps"] = Microseconds.Length,
        ["p50_us"] = Quantile(0.5),
        ["p90_us"] = Quantile(0.9),
        ["p99_us"] = Quantile(0.99),
        ["max_us"] = Microseconds[^1],
    };

    /// <inheritdoc/>
    public override string ToString() => $"p50 {Quantile(0.5),8:0.00} us   p90 {Quantile(0.9),8:0.00}   p99 {Quantile(0.99),8:0.00}   of {Microseconds.Length:N0} steps";
}

/// <summary>What a step of streams takes, as a caller sees it who waits for each.</summary>
/// <param name="Step">Inputs in, a step of all streams through a <see cref="StreamBatch"/>, outputs out.</param>
/// <param name="Calls">The backend's own calls of such a step alone: the products and the cells. The rest is what surrounds them.</param>
internal sealed record StepResult(StepTimes Step, StepTimes Calls)
{
    /// <summary>Microseconds of a step beside the backend's calls, by medians.</summary>
    public double Around => Step.Quantile(0.5) - Calls.Quantile(0.5);
}

/// <summary>
/// Times steps of streams on a recurrent stack. Steps through a session and the bare calls run in turn, some of each, so that both see the same
/// machine; bits of the two are compared before.
/// </summary>
internal static class StepBench
{
    private const int WarmUp = 200, Turn = 50;

    /// <summary>Measures.</summary>
    /// <param name="backend">Stays the caller's.</param>
    /// <param name="spec">One direction.</param>
    /// <param name="streams">Streams that step together.</param>
    /// <param name="seconds">How long, warm-up apart.</param>
    /// <param name="stop">Ends it.</param>
    /// <exception cref="InvalidOperationException">A session's output is not that of the bare calls: nothing is measured.</exception>
    public static StepResult Measure(IBackend backend, RnnSpec spec, int streams, double seconds, CancellationToken stop)
    {
        using var device = new Device(backend, seed: 1, ownsBackend: false);
        using Recurrent layer = Layer(device, spec);
        layer.Eval();
        using var batch = new StreamBatch(layer, streams);
        int[] slots = [.. Enumerable.Range(0, streams).Select(_ => batch.Acquire())];
        float[] x = new float[streams * spec.InputSize], y = new float[streams * spec.OutputSize], bare = new float[y.Length];
        var random = new Random(20260101);
        for (int i = 0; i < x.Length; i++) { x[i] = (2 * random.NextSingle()) - 1; }

        RnnPlan plan = layer.Plan(1, streams, training: false, inputGradient: false);
        using IDeviceBuffer memory = backend.Allocate(plan.WorkspaceBytes), input = backend.Allocate(4L * x.Length), output = backend.Allocate(4L * y.Length);
        var stepper = new RnnStepper(plan, new MemoryRegion(memory));
        TensorView xView = new(input, 0, new Shape(streams, spec.InputSize)), yView = new(output, 0, new Shape(streams, spec.OutputSize));
        backend.Upload<float>(x, xView);

        void Session() => batch.Step(slots, x, y);
        void Calls()
        {
            stepper.Step(xView, default, default, yView);
            stepper.Advance();
            backend.Synchronize();
        }

        for (int i = 0; i < WarmUp; i++)
        {
            stop.ThrowIfCancellationRequested();
            Session();
            Calls();
        }

        backend.Download(yView, bare.AsSpan());
        if (!y.AsSpan().SequenceEqual(bare)) { throw new InvalidOperationException("a session's output is not that of the bare calls: its times mean nothing"); }
        List<double> session = [], calls = [];
        for (long start = Stopwatch.GetTimestamp(); session.Count == 0 || Stopwatch.GetElapsedTime(start).TotalSeconds < seconds;)
        {
            stop.ThrowIfCancellationRequested();
            Take(session, Session);
            Take(calls, Calls);
        }

        session.Sort();
        calls.Sort();
        return new StepResult(new StepTimes([.. session]), new StepTimes([.. calls]));
    }

    private static void Take(List<double> times, Action step)
    {
        for (int i = 0; i < Turn; i++)
        {
            long start = Stopwatch.GetTimestamp();
            step();
            times.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
        }
    }

    /// <summary>A layer as a stack says.</summary>
    public static Recurrent Layer(Device device, RnnSpec spec) => spec.Cell switch
    {
        CellKind.Lstm => new Lstm(device, spec.InputSize, spec.HiddenSize, spec.Layers),
        CellKind.GruResetAfter => new Gru(device, spec.InputSize, spec.HiddenSize, spec.Layers),
        CellKind.GruResetBefore => new Gru(device, spec.InputSize, spec.HiddenSize, spec.Layers, resetAfter: false),
        CellKind.ElmanRelu => new Elman(device, spec.InputSize, spec.HiddenSize, spec.Layers, nonlinearity: Nonlinearity.Relu),
        _ => new Elman(device, spec.InputSize, spec.HiddenSize, spec.Layers),
    };
}
