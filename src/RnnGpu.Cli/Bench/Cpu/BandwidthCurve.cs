namespace RnnGpu.Cli.Bench.Cpu;

/// <summary>How fast some threads together read a working set again and again, by its size: from the level of the memory hierarchy where it fits.</summary>
/// <param name="points">Bytes of the whole set, ascending, and bytes a second; at least one.</param>
internal sealed class BandwidthCurve(IReadOnlyList<(double Bytes, double PerSecond)> points)
{
    /// <summary>What was measured.</summary>
    public IReadOnlyList<(double Bytes, double PerSecond)> Points => points;

    /// <summary>Of two measurements at the same sizes, the better at each.</summary>
    public BandwidthCurve Best(BandwidthCurve other) =>
        new([.. points.Zip(other.Points, (one, two) => (one.Bytes, Math.Max(one.PerSecond, two.PerSecond)))]);

    /// <summary>Bytes a second for a working set; between measured sizes interpolated over the logarithm of the size, beyond them as at the end.</summary>
    public double At(double bytes)
    {
        int above = 0;
        while (above < points.Count && points[above].Bytes < bytes) { above++; }
        if (above == 0) { return points[0].PerSecond; }
        if (above == points.Count) { return points[^1].PerSecond; }
        (double low, double atLow) = points[above - 1];
        (double high, double atHigh) = points[above];
        return atLow + ((atHigh - atLow) * Math.Log(bytes / low) / Math.Log(high / low));
    }
}
