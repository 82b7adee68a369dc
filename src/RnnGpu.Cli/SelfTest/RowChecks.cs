using RnnGpu.Core;

namespace RnnGpu.Cli.SelfTest;

/// <summary>Checks of operations on the rows of a matrix.</summary>
internal static class RowChecks
{
    public static void Embedding(CheckBench bench)
    {
        const int Words = 50, Size = 33, Count = 400;
        float[] table = bench.Random(Words * Size), dy = bench.Random(Count * Size);
        int[] indices = bench.RandomIndices(Count, Words);
        indices[3] = -1;
        TensorView at = bench.Put(indices), y = bench.Space(Count, Size), gradient = bench.Put(table, Words, Size);
        bench.Backend.Gather(bench.Put(table, Words, Size), at, y);
        bench.Backend.ScatterAdd(bench.Put(dy, Count, Size), at, gradient);
        bench.Expect(y, i => (indices[i / Size] < 0 ? 0 : table[(indices[i / Size] * Size) + (i % Size)], 1e-30));
        bench.Expect(gradient, i =>
        {
            double sum = table[i];
            int used = 0;
            for (int n = 0; n < Count; n++)
            {
                if (indices[n] != i / Size) { continue; }
                sum += dy[(n * Size) + (i % Size)];
                used++;
            }

            return (sum, CheckBench.Chain(used + 1, used + 1));
        });
    }

    public static void SoftmaxCrossEntropy(CheckBench bench)
    {
        const int Rows = 37, Classes = 101;
        float[] x = [.. bench.Random(Rows * Classes).Select(value => 5 * value)], scale = [0.5f];
        int[] targets = bench.RandomIndices(Rows, Classes);
        targets[5] = -1;
        TensorView logits = bench.Put(x, Rows, Classes), loss = bench.Space(Rows), dx = bench.Space(Rows, Classes), y = bench.Space(Rows, Classes);
        bench.Backend.Softmax(logits, y);
        bench.Backend.SoftmaxCrossEntropy(logits, bench.Put(targets), default, smoothing: 0.1f, bench.Put(scale, 1), loss, dx);
        double LogSum(int row) => Math.Log(Enumerable.Range(0, Classes).Sum(c => Math.Exp(x[(row * Classes) + c])));
        double Probability(int i) => Math.Exp(x[i] - LogSum(i / Classes));
        bench.Expect(y, i => (Probability(i), CheckBench.Chain(Classes, Probability(i))));
        bench.Expect(loss, row =>
        {
            if (targets[row] < 0) { return (0, 1e-30); }
            double mean = Enumerable.Range(0, Classes).Average(c => x[(row * Classes) + c]), target = x[(row * Classes) + targets[row]];
            return ((0.9 * (LogSum(row) - target)) + (0.1 * (LogSum(row) - mean)), CheckBench.Chain(Classes, 10));
        });
        bench.Expect(dx, i =>
        {
            int row = i / Classes;
            double expected = targets[row] < 0 ? 0 : 0.5 * (Probability(i) - (i % Classes == targets[row] ? 0.9 : 0) - (0.1 / Classes));
            return (expected, CheckBench.Chain(Classes, 1));
        });
    }

    public static void LayerNorm(CheckBench bench)
    {
        const int Rows = 19, Columns = 130;
        float[] x = bench.Random(Rows * Columns), gamma = bench.Random(Columns), beta = bench.Random(Columns);
        TensorView y = bench.Space(Rows, Columns), mean = bench.Space(Rows), rstd = bench.Space(Rows);
        bench.Backend.LayerNorm(bench.Put(x, Rows, Columns), bench.Put(gamma, Columns), bench.Put(beta, Columns), 1e-5f, y, mean, rstd);
        double Mean(int row) => x.AsSpan(row * Columns, Columns).ToArray().Average(value => (double)value);
        double Rstd(int row) => 1 / Math.Sqrt(x.AsSpan(row * Columns, Columns).ToArray().Average(value => (value - Mean(row)) * (value - Mean(row))) + 1e-5);
        bench.Expect(mean, row => (Mean(row), CheckBench.Chain(Columns, 1)));
        bench.Expect(rstd, row => (Rstd(row), CheckBench.Chain(Columns, Rstd(row))));
        bench.Expect(y, i => (
            (gamma[i % Columns] * (x[i] - Mean(i / Columns)) * Rstd(i / Columns)) + beta[i % Columns], CheckBench.Chain(Columns, 3)));
    }

    public static void Sums(CheckBench bench)
    {
        const int Rows = 300, Columns = 65;
        float[] x = bench.Random(Rows * Columns), y = bench.Random(Columns);
        TensorView matrix = bench.Put(x, Rows, Columns), columns = bench.Put(y, Columns), rows = bench.Space(Rows, 1), squares = bench.Space(1);
        bench.Backend.AddColumnSums(matrix.AsMatrix(), columns);
        bench.Backend.SumTo(matrix, accumulate: false, rows);
        bench.Backend.SumOfSquares([matrix, rows], squares);
        bench.Expect(columns, c => (y[c] + Enumerable.Range(0, Rows).Sum(r => (double)x[(r * Columns) + c]), CheckBench.Chain(Rows, Rows)));
        bench.Expect(rows, r => (Enumerable.Range(0, Columns).Sum(c => (double)x[(r * Columns) + c]), CheckBench.Chain(Columns, Columns)));
        double sum = x.Sum(value => (double)value * value) + bench.Get(rows).Sum(value => (double)value * value);
        bench.Expect(squares, _ => (sum, CheckBench.Chain(Rows, sum)));
    }
}
