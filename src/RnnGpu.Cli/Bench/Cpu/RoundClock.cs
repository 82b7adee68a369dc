using System.Diagnostics;

namespace RnnGpu.Cli.Bench.Cpu;

/// <summary>
/// Times one side of a comparison in rounds, between which the other sides run: a sample is as many iterations as take <see cref="BenchClock.SampleMilliseconds"/>,
/// a measurement the median of its samples. <c>bench/baselines/peer_server.py</c> does the same.
/// </summary>
/// <param name="iterate">One iteration.</param>
internal sealed class RoundClock(Action iterate)
{
    private const double WarmMilliseconds = 10;
    private const int MostIterations = 1000;

    private double _single = double.PositiveInfinity;

    /// <summary>Median milliseconds of an iteration.</summary>
    /// <param name="seconds">How long; one sample at least.</param>
    public double Measure(double seconds)
    {
        // The others ran in between: bring weights and code back into the caches, unless an iteration is long beside that.
        long start = Stopwatch.GetTimestamp();
        if (double.IsInfinity(_single)) { _single = Sample(1); }
        while (_single < WarmMilliseconds && Stopwatch.GetElapsedTime(start).TotalMilliseconds < WarmMilliseconds) { _single = Math.Min(_single, Sample(1)); }

        int iterations = (int)Math.Clamp(BenchClock.SampleMilliseconds / _single, 1, MostIterations);
        var samples = new List<double>();
        start = Stopwatch.GetTimestamp();
        while (samples.Count == 0 || Stopwatch.GetElapsedTime(start).TotalSeconds < seconds) { samples.Add(Sample(iterations)); }
        return Median(samples);
    }

    /// <summary>The middle of some numbers; between two, their mean. NaN of none.</summary>
    public static double Median(IEnumerable<double> values)
    {
        double[] ordered = [.. values.Order()];
        return ordered.Length == 0 ? double.NaN : (ordered[(ordered.Length - 1) / 2] + ordered[ordered.Length / 2]) / 2;
    }

    private double Sample(int iterations)
    {
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < iterations; i++) { iterate(); }
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds / iterations;
    }
}
