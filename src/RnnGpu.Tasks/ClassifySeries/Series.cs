namespace RnnGpu.Tasks.ClassifySeries;

/// <summary>A multivariate series of numbers.</summary>
/// <param name="Features">F.</param>
/// <param name="Values"><c>[T, F]</c>.</param>
public sealed record Series(int Features, double[] Values)
{
    /// <summary>T.</summary>
    public int Steps => Values.Length / Features;

    /// <summary>All steps.</summary>
    public IEnumerable<ReadOnlyMemory<double>> Rows()
    {
        for (int t = 0; t < Steps; t++) { yield return Values.AsMemory(t * Features, Features); }
    }
}
