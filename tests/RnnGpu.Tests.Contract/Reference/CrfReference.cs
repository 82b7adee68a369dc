namespace RnnGpu.Tests.Contract;

/// <summary>
/// One row of a linear-chain conditional random field in float64, in plain log space without shifts: the definition of
/// <see cref="Core.CrfScores"/> turned into loops.
/// </summary>
/// <param name="x"><c>[n, K]</c>.</param>
/// <param name="transitions"><c>[K, K]</c>.</param>
/// <param name="start"><c>[K]</c>.</param>
/// <param name="end"><c>[K]</c>.</param>
public sealed class CrfReference(double[][] x, double[] transitions, double[] start, double[] end)
{
    private readonly int _k = start.Length;

    private double[][]? _alpha, _beta;
    private double? _logZ;

    /// <summary>Steps.</summary>
    public int Steps => x.Length;

    /// <summary>log Z.</summary>
    public double LogZ => _logZ ??= Steps == 0 ? 0 : LogSumExp(Alpha[^1].Select((a, k) => a + end[k]));

    private double[][] Alpha => _alpha ??= Forward();

    private double[][] Beta => _beta ??= Backward();

    /// <summary>s(tags).</summary>
    public double Score(ReadOnlySpan<int> tags)
    {
        if (Steps == 0) { return 0; }
        double score = start[tags[0]] + end[tags[Steps - 1]];
        for (int t = 0; t < Steps; t++)
        {
            score += x[t][tags[t]];
            if (t > 0) { score += transitions[(tags[t - 1] * _k) + tags[t]]; }
        }

        return score;
    }

    /// <summary>P(y_t = k).</summary>
    public double Marginal(int t, int k) => Math.Exp(Alpha[t][k] + Beta[t][k] - LogZ);

    /// <summary>P(y_(t-1) = i, y_t = j).</summary>
    public double Pair(int t, int i, int j) =>
        Math.Exp(Alpha[t - 1][i] + transitions[(i * _k) + j] + x[t][j] + Beta[t][j] - LogZ);

    /// <summary>The tags of the highest score; of equals, the lowest tag, from the last step on.</summary>
    public int[] Decode()
    {
        var tags = new int[Steps];
        if (Steps == 0) { return tags; }
        var origins = new int[Steps][];
        double[] delta = [.. start.Select((s, k) => s + x[0][k])];
        for (int t = 1; t < Steps; t++)
        {
            double[] before = delta;
            origins[t] = [.. Enumerable.Range(0, _k).Select(j => First(i => before[i] + transitions[(i * _k) + j]))];
            delta = [.. origins[t].Select((i, j) => before[i] + transitions[(i * _k) + j] + x[t][j])];
        }

        double[] last = delta;
        tags[^1] = First(k => last[k] + end[k]);
        for (int t = Steps - 1; t > 0; t--) { tags[t - 1] = origins[t][tags[t]]; }
        return tags;
    }

    private static double LogSumExp(IEnumerable<double> values)
    {
        double[] all = [.. values];
        double max = all.Max();
        return double.IsNegativeInfinity(max) ? max : max + Math.Log(all.Sum(v => Math.Exp(v - max)));
    }

    private int First(Func<int, double> score)
    {
        int best = 0;
        for (int k = 1; k < _k; k++)
        {
            if (score(k) > score(best)) { best = k; }
        }

        return best;
    }

    private double[][] Forward()
    {
        var alpha = new double[Steps][];
        for (int t = 0; t < Steps; t++)
        {
            int step = t;
            alpha[t] = [.. Enumerable.Range(0, _k).Select(j => x[step][j] + (step == 0
                ? start[j]
                : LogSumExp(alpha[step - 1].Select((a, i) => a + transitions[(i * _k) + j]))))];
        }

        return alpha;
    }

    private double[][] Backward()
    {
        var beta = new double[Steps][];
        for (int t = Steps - 1; t >= 0; t--)
        {
            int step = t;
            beta[t] = t == Steps - 1
                ? [.. end]
                : [.. Enumerable.Range(0, _k).Select(i => LogSumExp(beta[step + 1].Select((b, j) => transitions[(i * _k) + j] + x[step + 1][j] + b)))];
        }

        return beta;
    }
}
