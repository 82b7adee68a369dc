using RnnGpu.Core;

namespace RnnGpu.Cli.SelfTest;

/// <summary>Checks of matrix products, in the backend's precision.</summary>
internal static class ProductChecks
{
    private static readonly (int M, int K, int N)[] Sizes = [(1, 1, 1), (7, 16, 17), (64, 64, 64), (65, 100, 130), (33, 513, 9)];

    public static void Products(CheckBench bench)
    {
        foreach ((int m, int k, int n) in Sizes)
        {
            float[] a = bench.Random(m * k), b = bench.Random(k * n), bias = bench.Random(n), old = bench.Random(m * n);
            for (int transposed = 0; transposed < 4; transposed++)
            {
                MatrixView left = Operand(bench, a, m, k, (transposed & 1) != 0), right = Operand(bench, b, k, n, (transposed & 2) != 0);
                TensorView c = bench.Space(m, n), sum = bench.Put(old, m, n);
                bench.Backend.Gemm(left, right, bench.Put(bias, n), GemmActivation.Tanh, accumulate: false, c.AsMatrix());
                bench.Backend.Gemm(left, right, default, GemmActivation.None, accumulate: true, sum.AsMatrix());
                bench.Expect(c, i => Activated(Element(bench, a, b, i, k, n, bias[i % n])));
                bench.Expect(sum, i => Element(bench, a, b, i, k, n, old[i]));
            }
        }
    }

    public static void PackedProducts(CheckBench bench)
    {
        foreach ((int m, int k, int n) in Sizes)
        {
            float[] a = bench.Random(m * k), b = bench.Random(k * n), bias = bench.Random(n);
            TensorView packed = bench.Scratch(bench.Backend.PackedMatrixBytes(k, n)), c = bench.Space(m, n);
            bench.Backend.PackMatrix(Operand(bench, b, k, n, transposed: true), packed);
            bench.Backend.GemmPacked(bench.Put(a, m, k).AsMatrix(), packed, k, n, bench.Put(bias, n), GemmActivation.None, accumulate: false, c.AsMatrix());
            bench.Expect(c, i => Element(bench, a, b, i, k, n, bias[i % n]));
        }
    }

    /// <summary>The matrix, or one stored transposed and read transposed.</summary>
    private static MatrixView Operand(CheckBench bench, float[] values, int rows, int columns, bool transposed) => transposed
        ? bench.Put([.. Enumerable.Range(0, rows * columns).Select(i => values[(i % rows * columns) + (i / rows)])], columns, rows).AsMatrix().T
        : bench.Put(values, rows, columns).AsMatrix();

    private static (double Value, double Tolerance) Element(CheckBench bench, float[] a, float[] b, int i, int k, int n, double start)
    {
        double sum = start, magnitude = Math.Abs(start), products = 0;
        for (int j = 0; j < k; j++)
        {
            double term = (double)a[(i / n * k) + j] * b[(j * n) + (i % n)];
            sum += term;
            products += Math.Abs(term);
        }

        return (sum, CheckBench.Chain(k + 1, magnitude + products) + (2.01 * bench.FactorRoundoff * products));
    }

    private static (double Value, double Tolerance) Activated((double Value, double Tolerance) x) =>
        (Math.Tanh(x.Value), x.Tolerance + CheckBench.Chain(8, 1));
}
