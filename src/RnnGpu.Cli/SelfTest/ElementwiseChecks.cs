using RnnGpu.Core;

namespace RnnGpu.Cli.SelfTest;

/// <summary>Checks of operations element by element.</summary>
internal static class ElementwiseChecks
{
    private const int Count = 10_007;

    // Elementary functions err by at most 4 units in the last place.
    private const double Ulps = 8;

    public static void Unary(CheckBench bench)
    {
        float[] x = bench.Random(Count), dy = bench.Random(Count);
        foreach ((UnaryOp op, Func<double, double> f, Func<double, double> slope) in new (UnaryOp, Func<double, double>, Func<double, double>)[]
        {
            (UnaryOp.Scale, v => 3 * v, _ => 3),
            (UnaryOp.Sigmoid, v => 1 / (1 + Math.Exp(-v)), v => Math.Exp(-v) / ((1 + Math.Exp(-v)) * (1 + Math.Exp(-v)))),
            (UnaryOp.Tanh, Math.Tanh, v => 1 - (Math.Tanh(v) * Math.Tanh(v))),
            (UnaryOp.Relu, v => Math.Max(v, 0), v => v > 0 ? 1 : 0),
            (UnaryOp.Exp, Math.Exp, Math.Exp),
            (UnaryOp.Square, v => v * v, v => 2 * v),
            (UnaryOp.Abs, Math.Abs, v => Math.Sign(v)),
        })
        {
            TensorView input = bench.Put(x, Count), y = bench.Space(Count), gradient = bench.Put(dy, Count), dx = bench.Space(Count);
            bench.Backend.Unary(op, 3, input, y);
            bench.Backend.UnaryBackward(op, 3, input, y, gradient, accumulate: false, dx);
            bench.Expect(y, i => (f(x[i]), CheckBench.Chain(Ulps, Math.Max(Math.Abs(f(x[i])), 0.25))));
            bench.Expect(dx, i => (dy[i] * slope(x[i]), CheckBench.Chain(2 * Ulps, Math.Max(Math.Abs(dy[i]) * 3, 0.25))));
        }
    }

    public static void Binary(CheckBench bench)
    {
        const int Rows = 37, Columns = 65;
        float[] a = bench.Random(Rows * Columns), b = bench.Random(Columns), c = bench.Random(Rows);
        foreach ((BinaryOp op, Func<double, double, double> f) in new (BinaryOp, Func<double, double, double>)[]
        {
            (BinaryOp.Add, (u, v) => u + v), (BinaryOp.Multiply, (u, v) => u * v), (BinaryOp.Maximum, Math.Max),
        })
        {
            TensorView y = bench.Space(Rows, Columns), z = bench.Space(Rows, Columns), matrix = bench.Put(a, Rows, Columns);
            bench.Backend.Binary(op, matrix, bench.Put(b, Columns), y);
            bench.Backend.Binary(op, bench.Put(c, Rows, 1), matrix, z);
            bench.Expect(y, i => (f(a[i], b[i % Columns]), CheckBench.Chain(1, 2)));
            bench.Expect(z, i => (f(c[i / Columns], a[i]), CheckBench.Chain(1, 2)));
        }
    }

    public static void AddScaled(CheckBench bench)
    {
        float[] x = bench.Random(Count), y = bench.Random(Count);
        TensorView sum = bench.Put(y, Count), product = bench.Space(Count), input = bench.Put(x, Count);
        bench.Backend.AddScaled(0.7f, input, -1.3f, sum);
        bench.Backend.AddScaled(0.7f, input, 0, product);
        bench.Expect(sum, i => ((0.7f * (double)x[i]) + (-1.3f * (double)y[i]), CheckBench.Chain(3, 2)));
        bench.Expect(product, i => (0.7f * (double)x[i], CheckBench.Chain(1, 1)));
    }

    public static void Transpose(CheckBench bench)
    {
        float[] x = bench.Random(3 * 17 * 40);
        TensorView y = bench.Space(40, 3, 17);
        bench.Backend.CopyStrided(bench.Put(x, 3, 17, 40), new Strides(1, 680, 40), new Shape(40, 3, 17), accumulate: false, y, new Strides(51, 17, 1));
        bench.Expect(y, i => (x[(i % 51 * 40) + (i / 51)], 1e-30));
    }

    public static void Dropout(CheckBench bench)
    {
        var key = new RandomKey(7, 3, 2);
        float[] ones = new float[Count];
        Array.Fill(ones, 1);
        TensorView x = bench.Put(ones, Count), whole = bench.Space(Count), parts = bench.Space(Count);
        bench.Backend.Dropout(x, 0.25f, key, 0, whole);
        bench.Backend.Dropout(x.Slice(0, new Shape(5000)), 0.25f, key, 0, parts.Slice(0, new Shape(5000)));
        bench.Backend.Dropout(x.Slice(5000, new Shape(Count - 5000)), 0.25f, key, 5000, parts.Slice(5000, new Shape(Count - 5000)));

        // Kept elements are scaled, the mask is the same in pieces, and about a quarter is dropped: 6 standard deviations either side.
        float[] mask = bench.Get(whole);
        bench.Expect(parts, i => (mask[i], 1e-30));
        foreach (float value in mask) { bench.Expect(value == 0 ? 0 : 1 / 0.75, value, CheckBench.Chain(2, 2)); }
        bench.Expect(0.25 * Count, mask.Count(value => value == 0), 6 * Math.Sqrt(0.25 * 0.75 * Count));
    }
}
