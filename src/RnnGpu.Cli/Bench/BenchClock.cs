using System.Diagnostics;
using RnnGpu.Core;

namespace RnnGpu.Cli.Bench;

/// <summary>How long to measure.</summary>
/// <param name="Seconds">For one measurement, warm-up apart.</param>
/// <param name="Repeats">Samples; null: as many as fit.</param>
internal sealed record BenchEffort(double Seconds, int? Repeats);

/// <summary>Times of an iteration.</summary>
/// <param name="Milliseconds">Ascending, one a sample.</param>
/// <param name="IterationsPerSample">Iterations that a sample is the mean of.</param>
internal sealed record BenchTimes(double[] Milliseconds, int IterationsPerSample)
{
    public double Median => Quantile(0.5);

    /// <summary>The time that a part of all samples do not exceed, interpolated between neighbours.</summary>
    public double Quantile(double part)
    {
        double at = part * (Milliseconds.Length - 1);
        int below = (int)at;
        double low = Milliseconds[below], high = Milliseconds[Math.Min(below + 1, Milliseconds.Length - 1)];
        return low + ((at - below) * (high - low));
    }
}

/// <summary>
/// Times a run by the wall clock. A sample queues iterations and waits once for all: one where callers wait for each (latency), else as many as take
/// <see cref="SampleMilliseconds"/>, so that waiting is no part of the time. <c>bench/baselines/recurrent_torch.py</c> does the same.
/// </summary>
internal static class BenchClock
{
    /// <summary>Least length of a sample.</summary>
    public const double SampleMilliseconds = 2;

    private const int WarmUps = 4, LeastSamples = 5, MostSamples = 10_000, MostIterations = 1000;

    /// <summary>Warms up and measures.</summary>
    /// <param name="run">Ready; its sets are taken in turn.</param>
    /// <param name="backend">To wait for.</param>
    /// <param name="sets">Sets of the run.</param>
    /// <param name="latency">Whether a sample is one iteration.</param>
    /// <param name="effort">How long.</param>
    /// <param name="stop">Ends it between samples.</param>
    /// <returns>Times, and the set that ran last.</returns>
    public static (BenchTimes Times, int LastSet) Measure(BenchRun run, IBackend backend, int sets, bool latency, BenchEffort effort, CancellationToken stop)
    {
        int set = 0;
        double single = double.PositiveInfinity;
        for (int i = 0; i < Math.Max(WarmUps, sets); i++)
        {
            stop.ThrowIfCancellationRequested();
            single = Math.Min(single, Sample(1));
        }

        int iterations = latency ? 1 : (int)Math.Clamp(SampleMilliseconds / single, 1, MostIterations);
        int most = effort.Repeats ?? MostSamples;
        var samples = new double[most];
        int count = 0;
        for (long start = Stopwatch.GetTimestamp(); count < most; count++)
        {
            stop.ThrowIfCancellationRequested();
            bool enough = effort.Repeats is null && count >= LeastSamples && Stopwatch.GetElapsedTime(start).TotalSeconds >= effort.Seconds;
            if (enough) { break; }
            samples[count] = Sample(iterations);
        }

        double[] taken = samples[..count];
        Array.Sort(taken);
        return (new BenchTimes(taken, iterations), (set + sets - 1) % sets);

        double Sample(int n)
        {
            long start = Stopwatch.GetTimestamp();
            for (int i = 0; i < n; i++)
            {
                run.Iterate(set);
                set = set + 1 == sets ? 0 : set + 1;
            }

            backend.Synchronize();
            return Stopwatch.GetElapsedTime(start).TotalMilliseconds / n;
        }
    }
}
