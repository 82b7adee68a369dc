using RnnGpu.Core;

namespace RnnGpu.Cli.SelfTest;

/// <summary>A conditional random field against the enumeration of all its tag sequences.</summary>
internal static class CrfChecks
{
    private const int Steps = 4, Rows = 3, Tags = 5;

    public static void Crf(CheckBench bench)
    {
        float[] x = bench.Random(Steps * Rows * Tags), transitions = bench.Random(Tags * Tags), start = bench.Random(Tags), end = bench.Random(Tags);
        int[] gold = bench.RandomIndices(Steps * Rows, Tags), lengths = [Steps, 2, 0];
        var scores = new CrfScores
        {
            Emissions = bench.Put(x, Steps, Rows, Tags),
            Transitions = bench.Put(transitions, Tags, Tags),
            Start = bench.Put(start, Tags),
            End = bench.Put(end, Tags),
            Lengths = bench.Put(lengths),
        };
        TensorView tags = bench.Put(gold), loss = bench.Space(Rows), alpha = bench.Space(Steps, Rows, Tags), shifts = bench.Space(Steps, Rows);
        TensorView dx = bench.Space(Steps, Rows, Tags), best = bench.Space(Rows), found = bench.Put(new int[Steps * Rows]);
        IBackend backend = bench.Backend;
        backend.CrfForward(scores, tags, alpha, shifts, loss);
        backend.CrfBackward(
            scores, tags, alpha, shifts, bench.Put([1f, 1f, 1f], Rows), bench.Scratch(backend.CrfBackwardWorkspaceBytes(Steps, Rows, Tags)), dx,
            default, default, default);
        backend.CrfDecode(scores, bench.Scratch(backend.CrfDecodeWorkspaceBytes(Steps, Rows, Tags)), found, best);

        var slopes = new double[x.Length];
        var losses = new double[Rows];
        var highest = new double[Rows];
        Span<int> way = stackalloc int[Steps];
        for (int row = 0; row < Rows; row++)
        {
            int n = lengths[row];
            if (n == 0) { continue; }
            double Score(ReadOnlySpan<int> y)
            {
                double score = start[y[0]] + end[y[n - 1]];
                for (int t = 0; t < n; t++) { score += x[At(t, row, y[t])] + (t > 0 ? transitions[(y[t - 1] * Tags) + y[t]] : 0); }
                return score;
            }

            double z = 0;
            highest[row] = double.NegativeInfinity;
            for (int code = 0; code < Math.Pow(Tags, n); code++)
            {
                for (int t = 0, rest = code; t < n; t++, rest /= Tags) { way[t] = rest % Tags; }
                double score = Score(way), weight = Math.Exp(score);
                z += weight;
                highest[row] = Math.Max(highest[row], score);
                for (int t = 0; t < n; t++) { slopes[At(t, row, way[t])] += weight; }
            }

            for (int t = 0; t < n; t++)
            {
                way[t] = gold[(t * Rows) + row];
                for (int k = 0; k < Tags; k++) { slopes[At(t, row, k)] = (slopes[At(t, row, k)] / z) - (way[t] == k ? 1 : 0); }
            }

            losses[row] = Math.Log(z) - Score(way);
        }

        double tolerance = CheckBench.Chain(Steps * (Tags + 30), 4);
        bench.Expect(loss, row => (losses[row], tolerance));
        bench.Expect(dx, i => (slopes[i], tolerance));
        bench.Expect(best, row => (highest[row], tolerance));
    }

    private static int At(int step, int row, int tag) => (((step * Rows) + row) * Tags) + tag;
}
