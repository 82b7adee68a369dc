using RnnGpu.Core;
using RnnGpu.Cpu;
using Xunit;

namespace RnnGpu.Tests.Cpu.Ops;

/// <summary>Softmax, cross-entropy and layer normalisation.</summary>
public class RowTests
{
    public static TheoryData<int, int> Sizes => new() { { 700, 65 }, { 3, 1 }, { 5, 13 }, { 2, 9001 } };

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Softmax_and_its_gradient(int rows, int columns)
    {
        int count = rows * columns;
        float[] x = Machines.Numbers(count, 1, 40f), dy = Machines.Numbers(count, 2);
        float[] got = Machines.Run(m =>
        {
            TensorView tx = m.Put(x, rows, columns), y = m.Make(rows, columns), d = m.Put(dy, rows, columns);
            m.Backend.Softmax(tx, y);
            m.Backend.SoftmaxBackward(y, d, d);
            m.Backend.Softmax(tx, tx);
            return [.. m.Get(y), .. m.Get(d), .. m.Get(tx)];
        });
        var expected = new double[3 * count];
        for (int r = 0; r < rows; r++)
        {
            double[] y = Softmax(x, r, columns);
            double dot = y.Select((v, c) => v * dy[(r * columns) + c]).Sum();
            for (int c = 0; c < columns; c++)
            {
                int i = (r * columns) + c;
                expected[i] = expected[(2 * count) + i] = y[c];
                expected[count + i] = y[c] * (dy[i] - dot);
            }
        }

        Machines.Near(expected, got, 1e-6);
    }

    [Theory]
    [InlineData(700, 65, 0f, false)]
    [InlineData(700, 65, 0.1f, true)]
    [InlineData(3, 5, 0.3f, true)]
    [InlineData(2, 9001, 0f, true)]
    public void Cross_entropy_and_its_gradient(int rows, int columns, float smoothing, bool weighted)
    {
        int count = rows * columns;
        float[] x = Machines.Numbers(count, 3, 10f), w = Array.ConvertAll(Machines.Numbers(rows, 4), MathF.Abs);
        int[] targets = Machines.Integers(rows, 5, -1, columns);
        targets[0] = -100;
        float[] got = Machines.Run(m =>
        {
            TensorView tx = m.Put(x, rows, columns), loss = m.Make(rows), alone = m.Make(rows), dx = m.Make(rows, columns);
            TensorView t = m.Put(targets), weights = weighted ? m.Put(w) : default, scale = m.Put([0.125f]);
            m.Backend.SoftmaxCrossEntropy(tx, t, weights, smoothing, scale, loss, dx);
            m.Backend.SoftmaxCrossEntropy(tx, t, weights, smoothing, default, alone, default);
            float[] before = m.Get(loss);
            Assert.Equal(before, m.Get(alone));
            m.Backend.SoftmaxCrossEntropy(tx, t, weights, smoothing, scale, alone, tx);
            Assert.Equal(before, m.Get(alone));
            Assert.Equal(m.Get(dx), m.Get(tx));
            return [.. before, .. m.Get(dx)];
        });
        var expected = new double[rows + count];
        for (int r = 0; r < rows; r++)
        {
            if (targets[r] < 0) { continue; }
            double weight = weighted ? w[r] : 1, e = smoothing;
            double[] row = [.. x.Skip(r * columns).Take(columns).Select(v => (double)v)], y = Softmax(x, r, columns);
            double max = row.Max(), logSum = max + Math.Log(row.Sum(v => Math.Exp(v - max)));
            expected[r] = weight * (((1 - e) * (logSum - row[targets[r]])) + (e * (logSum - row.Average())));
            for (int c = 0; c < columns; c++)
            {
                expected[rows + (r * columns) + c] = 0.125 * weight * (y[c] - (c == targets[r] ? 1 - e : 0) - (e / columns));
            }
        }

        Machines.Near(expected, got, 2e-6);
    }

    [Fact]
    public void A_target_beyond_the_classes_is_named()
    {
        using var m = new Machine(SimdPath.Scalar, 1);
        var targets = new int[20];
        targets[17] = 5;
        TensorView x = m.Make(20, 5), t = m.Put(targets), loss = m.Make(20);
        ArgumentException refused = Assert.Throws<ArgumentException>(
            () => m.Backend.SoftmaxCrossEntropy(x, t, default, 0f, default, loss, default));
        Assert.Equal("SoftmaxCrossEntropy: target 5 in row 17 is not below the 5 classes", refused.Message);
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Layer_norm_and_its_gradient(int rows, int columns)
    {
        const float Epsilon = 1e-3f;
        int count = rows * columns;
        float[] x = Machines.Numbers(count, 6, 3f), dy = Machines.Numbers(count, 7), gamma = Machines.Numbers(columns, 8), beta = Machines.Numbers(columns, 9);
        float[] oldGamma = Machines.Numbers(columns, 10), oldBeta = Machines.Numbers(columns, 11);
        float[] got = Machines.Run(m =>
        {
            TensorView tx = m.Put(x, rows, columns), g = m.Put(gamma), y = m.Make(rows, columns), mean = m.Make(rows), rstd = m.Make(rows);
            TensorView dx = m.Make(rows, columns), dGamma = m.Put(oldGamma), dBeta = m.Put(oldBeta);
            m.Backend.LayerNorm(tx, g, m.Put(beta), Epsilon, y, mean, rstd);
            m.Backend.LayerNormBackward(tx, g, mean, rstd, m.Put(dy, rows, columns), dx, dGamma, dBeta);
            return [.. m.Get(y), .. m.Get(dx), .. m.Get(dGamma), .. m.Get(dBeta)];
        });
        var expected = new double[(2 * count) + (2 * columns)];
        for (int c = 0; c < columns; c++)
        {
            expected[(2 * count) + c] = oldGamma[c];
            expected[(2 * count) + columns + c] = oldBeta[c];
        }

        for (int r = 0; r < rows; r++)
        {
            double[] row = [.. x.Skip(r * columns).Take(columns).Select(v => (double)v)];
            double mean = row.Average(), rstd = 1 / Math.Sqrt(row.Average(v => (v - mean) * (v - mean)) + Epsilon);
            double[] n = [.. row.Select(v => (v - mean) * rstd)], g = [.. gamma.Select((v, c) => (double)v * dy[(r * columns) + c])];
            double meanG = g.Average(), meanGn = g.Zip(n, (p, q) => p * q).Average();
            for (int c = 0; c < columns; c++)
            {
                int i = (r * columns) + c;
                expected[i] = (gamma[c] * n[c]) + beta[c];
                expected[count + i] = rstd * (g[c] - meanG - (n[c] * meanGn));
                expected[(2 * count) + c] += dy[i] * n[c];
                expected[(2 * count) + columns + c] += dy[i];
            }
        }

        // a single column has variance 0: rstd is 32 and magnifies rounding; sums run over up to 700 rows
        Machines.Near(expected, got, 2e-5);
    }

    private static double[] Softmax(float[] x, int row, int columns)
    {
        double[] v = [.. x.Skip(row * columns).Take(columns).Select(p => (double)p)];
        double max = v.Max();
        double[] e = [.. v.Select(p => Math.Exp(p - max))];
        double sum = e.Sum();
        return [.. e.Select(p => p / sum)];
    }
}
