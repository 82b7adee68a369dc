using System.Globalization;

namespace RnnGpu.Cli.Bench.Cpu;

/// <summary>A goal of the CPU backend and what was measured for it.</summary>
/// <param name="Goal">In words.</param>
/// <param name="Measured">Figures, with the row that is furthest from the goal.</param>
/// <param name="Holds">Null where nothing, or too little, was measured to say.</param>
internal sealed record CpuVerdict(string Goal, string Measured, bool? Holds);

/// <summary>What the CPU backend is to reach, set against measurements. Rows whose results were wrong make every goal about them fail.</summary>
/// <param name="points">Measurements.</param>
/// <param name="streams">Measurements of single steps.</param>
/// <param name="bound">Of the machine.</param>
/// <param name="torchVersion">Of PyTorch, or empty.</param>
/// <param name="idle">Whether the machine did nothing else.</param>
internal sealed class CpuVerdicts(
    IReadOnlyList<CpuPoint> points, IReadOnlyList<StreamPoint> streams, CpuBound bound, string torchVersion, bool idle)
{
    private const double OnnxMean = 1.25, OnnxLeast = 1, OldTorchMean = 3, OldTorchLeast = 2, TorchMean = 1.3;
    private const double InferencePeak = 0.8, TrainingPeak = 0.7, BoundShare = 0.75, TwoThreads = 1.8;

    /// <summary>Every goal that there are measurements for.</summary>
    public IReadOnlyList<CpuVerdict> All
    {
        get
        {
            var all = new List<CpuVerdict?>();
            foreach (int threads in points.Select(point => point.Threads).Distinct().Order())
            {
                all.Add(Against(PeerKind.Onnx, training: false, threads, OnnxMean, OnnxLeast));
                bool old = int.TryParse(torchVersion.Split('.')[0], NumberStyles.None, CultureInfo.InvariantCulture, out int major) && major < 2;
                all.Add(Against(PeerKind.Torch, training: true, threads, old ? OldTorchMean : TorchMean, old ? OldTorchLeast : 0));
            }

            foreach (bool training in new[] { false, true })
            {
                double least = training ? TrainingPeak : InferencePeak;
                all.Add(Least(
                    $"{BenchNames.Of(training)}, 1 thread, H >= 256, B >= 32: at least {least:P0} of the FMA peak", least, "P0",
                    point => point.Training == training && point.Threads == 1 && point.Row.Shape is { Hidden: >= 256, Batch: >= 32 },
                    point => point.Rate / bound.FlopsPerCore));
            }

            foreach (bool training in new[] { false, true })
            {
                all.Add(Least(
                    $"{BenchNames.Of(training)}, 1 thread, B = 1: at least {BoundShare:P0} of the bound by reading the weights", BoundShare, "P0",
                    point => point.Training == training && point.Threads == 1 && point.Row.Shape.Batch == 1,
                    point => bound.Milliseconds(point.Row.Shape, training, 1) / point.Median));
            }

            all.Add(Scaling());
            all.AddRange(streams.Select(Stream));
            return [.. all.OfType<CpuVerdict>()];
        }
    }

    /// <summary>exp of the mean logarithm.</summary>
    public static double GeometricMean(IEnumerable<double> values)
    {
        double[] all = [.. values];
        return all.Length == 0 ? double.NaN : Math.Exp(all.Sum(Math.Log) / all.Length);
    }

    private CpuVerdict? Against(PeerKind peer, bool training, int threads, double mean, double least)
    {
        CpuPoint[] asked = [.. points.Where(point => point.Training == training && point.Threads == threads)];
        CpuPoint[] measured = [.. asked.Where(point => double.IsFinite(point.Ratio(peer)))];
        string goal = $"{BenchNames.Of(training)}, {Threads(threads)}: at least {mean:0.##} times {peer.Title}{(training ? $" {torchVersion}" : "")} in the geometric mean"
            + (least > 0 ? $", no point below {least:0.0}" : "");
        if (measured.Length == 0) { return asked.Length == 0 ? null : new CpuVerdict(goal, "not measured", null); }
        double found = GeometricMean(measured.Select(point => point.Ratio(peer)));
        CpuPoint worst = measured.MinBy(point => point.Ratio(peer))!;
        int below = measured.Count(point => point.Ratio(peer) < least), wrong = asked.Count(point => point.Wrong.Length > 0);
        string figures = $"{found:0.00} over {measured.Length} points; least {worst.Ratio(peer):0.00} ({worst.Row.Name})"
            + (below > 1 ? $", {below} points below {least:0.0}" : "") + Wrong(wrong);
        return new CpuVerdict(goal, figures, wrong == 0 && found >= mean && below == 0);
    }

    private CpuVerdict? Least(string goal, double least, string format, Func<CpuPoint, bool> chosen, Func<CpuPoint, double> value)
    {
        CpuPoint[] asked = [.. points.Where(chosen)], measured = [.. asked.Where(point => point.Wrong.Length == 0)];
        if (asked.Length == 0) { return null; }
        int wrong = asked.Length - measured.Length;
        if (measured.Length == 0) { return new CpuVerdict(goal, Wrong(wrong), false); }
        CpuPoint worst = measured.MinBy(value)!;
        int below = measured.Count(point => value(point) < least);
        string figures = $"least {value(worst).ToString(format)} ({worst.Row.Name}), median {RoundClock.Median(measured.Select(value)).ToString(format)}, {below} of {measured.Length} points below" + Wrong(wrong);
        return new CpuVerdict(goal, figures, wrong == 0 && below == 0);
    }

    private CpuVerdict? Scaling()
    {
        (string Name, double Gain)[] gains =
        [
            .. from two in points
               where two.Threads == 2 && two.Row.Shape is { Hidden: 512, Batch: 64 }
               join one in points.Where(point => point.Threads == 1) on (two.Row.Name, two.Training) equals (one.Row.Name, one.Training)
               select ($"{two.Row.Name} {BenchNames.Of(two.Training)}", one.Median / two.Median),
        ];
        if (gains.Length == 0) { return null; }
        (string worst, double least) = gains.MinBy(gain => gain.Gain);
        bool holds = gains.All(gain => gain.Gain >= TwoThreads);
        return new CpuVerdict(
            $"H = 512, B = 64: two threads at least {TwoThreads:0.0} times as fast as one on an idle machine",
            $"{GeometricMean(gains.Select(gain => gain.Gain)):0.00} in the geometric mean; least {least:0.00} ({worst})" + (holds || idle ? "" : "; the machine was not idle"),
            holds ? true : idle ? false : null);
    }

    private static CpuVerdict Stream(StreamPoint point)
    {
        string goal = $"{point.Row.Name}, {Threads(point.Threads)}: no allocation";
        if (point.Wrong) { return new CpuVerdict(goal, point.Note, false); }
        string peer = point.Peer.Length == 0 ? "" : $"; {PeerKind.Onnx.Title} {Figures(point.Peer)}";
        return new CpuVerdict(goal, $"{Figures(point.Microseconds)}, {point.AllocatedBytes} bytes in {point.Microseconds.Length} steps{peer}", point.AllocatedBytes == 0);

        static string Figures(double[] steps) => $"p50 {StreamPoint.Quantile(steps, 0.5):0.00} us, p99 {StreamPoint.Quantile(steps, 0.99):0.00} us";
    }

    private static string Wrong(int count) => count == 0 ? "" : $"; {count} points wrong";

    private static string Threads(int count) => count == 1 ? "1 thread" : $"{count} threads";
}
