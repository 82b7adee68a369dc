using Xunit;

namespace RnnGpu.Tests.Contract;

/// <summary>Comparisons that say which element of what differs.</summary>
public static class Compare
{
    /// <summary>The same bits. Any NaN equals any NaN, since which one an operation gives is not defined.</summary>
    public static void Bits(string context, ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        Assert.True(expected.Length == actual.Length, $"{context}: {actual.Length} elements instead of {expected.Length}");
        for (int i = 0; i < expected.Length; i++)
        {
            if (BitConverter.SingleToInt32Bits(expected[i]) != BitConverter.SingleToInt32Bits(actual[i])
                && !(float.IsNaN(expected[i]) && float.IsNaN(actual[i])))
            {
                Assert.Fail($"{context}: element {i} of {expected.Length} is {actual[i]:G9} instead of exactly {expected[i]:G9}");
            }
        }
    }

    /// <summary>The same integers.</summary>
    public static void Same(string context, ReadOnlySpan<int> expected, ReadOnlySpan<int> actual)
    {
        Assert.True(expected.Length == actual.Length, $"{context}: {actual.Length} elements instead of {expected.Length}");
        for (int i = 0; i < expected.Length; i++)
        {
            if (expected[i] != actual[i]) { Assert.Fail($"{context}: element {i} of {expected.Length} is {actual[i]} instead of {expected[i]}"); }
        }
    }

    /// <summary>Within an absolute tolerance for each element. NaN and infinities must match.</summary>
    public static void Near(string context, ReadOnlySpan<double> expected, ReadOnlySpan<float> actual, ReadOnlySpan<double> tolerances)
    {
        Assert.True(expected.Length == actual.Length, $"{context}: {actual.Length} elements instead of {expected.Length}");
        for (int i = 0; i < expected.Length; i++) { Near(context, i, expected[i], actual[i], tolerances[i]); }
    }

    /// <summary>Within one absolute tolerance.</summary>
    public static void Near(string context, ReadOnlySpan<double> expected, ReadOnlySpan<float> actual, double tolerance)
    {
        Assert.True(expected.Length == actual.Length, $"{context}: {actual.Length} elements instead of {expected.Length}");
        for (int i = 0; i < expected.Length; i++) { Near(context, i, expected[i], actual[i], tolerance); }
    }

    /// <summary>Largest magnitude.</summary>
    public static double Largest(ReadOnlySpan<double> values)
    {
        double largest = 0;
        foreach (double value in values) { largest = Math.Max(largest, Math.Abs(value)); }
        return largest;
    }

    private static void Near(string context, int i, double expected, float actual, double tolerance)
    {
        bool same = double.IsNaN(expected) ? float.IsNaN(actual)
            : double.IsInfinity(expected) || Math.Abs(expected) > float.MaxValue ? (double)actual == (expected > 0 ? double.PositiveInfinity : double.NegativeInfinity)
            : Math.Abs(actual - expected) <= tolerance;
        if (!same) { Assert.Fail($"{context}: element {i} is {actual:G9} instead of {expected:G9}, tolerance {tolerance:G3}"); }
    }
}
