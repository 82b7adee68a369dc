namespace RnnGpu.Tasks.ClassifySeries;

/// <summary>A multivariate series of numbers.</summary>
/// <param name="Features">F.</param>
/// <param name="Values"><c>[T, F]</c>.</param>
public sealed record Series(int Features, double[] Values)
{
    /// <summary>T.</summary>
    public int Steps => Values.Length / Features;

    /// <summary>
    /// The series with its changes beside it, <c>[T, 2F]</c>: x[t] and x[t] - x[t-1], 0 at the first step (the "delta" features of speech recognition, Furui 1981).
    /// </summary>
    public Series WithChanges()
    {
        var values = new double[2 * Values.Length];
        for (int i = 0; i < Values.Length; i++)
        {
            int step = i / Features, at = (step * 2 * Features) + (i % Features);
            values[at] = Values[i];
            values[at + Features] = step == 0 ? 0 : Values[i] - Values[i - Features];
        }

        return new Series(2 * Features, values);
    }

    /// <summary>All steps.</summary>
    public IEnumerable<ReadOnlyMemory<double>> Rows()
    {
        for (int t = 0; t < Steps; t++) { yield return Values.AsMemory(t * Features, Features); }
    }
}
