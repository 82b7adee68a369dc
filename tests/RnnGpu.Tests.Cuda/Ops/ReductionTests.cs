using RnnGpu.Core;
using RnnGpu.Tests.Contract;
using Xunit;

namespace RnnGpu.Tests.Cuda.Ops;

/// <summary>
/// Sums in parts, long rows, and rows that don't fit shared memory: near the float64 result, and the same bits on every device.
/// </summary>
public sealed class ReductionTests
{
    [Theory]
    [InlineData(new[] { 40_001 }, new[] { 1 })]             // parts, and parts of parts below
    [InlineData(new[] { 3, 20_000 }, new[] { 3, 1 })]
    [InlineData(new[] { 70_000, 9 }, new[] { 9 })]          // 274 parts along columns: two levels
    [InlineData(new[] { 70_000, 5 }, new[] { 5 })]          // few columns: along rows
    [InlineData(new[] { 600, 70, 3 }, new[] { 1, 70, 1 })]
    [InlineData(new[] { 600, 3, 70 }, new[] { 1, 3, 70 })]
    [InlineData(new[] { 7, 300, 5, 40 }, new[] { 7, 1, 5, 1 })]
    [InlineData(new[] { 20, 300, 2, 3, 5 }, new[] { 300, 1, 3, 5 })]
    [InlineData(new[] { 2, 4097 }, new[] { 2, 1 })]         // one element beyond a part
    [InlineData(new[] { 257, 20 }, new[] { 20 })]
    [InlineData(new[] { 512 }, new[] { 512 })]
    public void Sums_in_parts(int[] from, int[] to)
    {
        int[] map = ElementwiseReference.Broadcast(to, from);
        int kept = (int)new Shape(to).Length;
        float[] x = new TestData(1).Uniform(map.Length, -1, 1.3f), old = new TestData(2).Uniform(kept);
        float[] Work(Machine m)
        {
            TensorView tx = m.Put(x, from, shift: 1), y = m.Make(to), sum = m.Put(old, to);
            m.Backend.SumTo(tx, accumulate: false, y);
            m.Backend.SumTo(tx, accumulate: true, sum);
            return [.. m.Get(y), .. m.Get(sum)];
        }

        string context = $"sum of {new Shape(from)} to {new Shape(to)}";
        float[] got = Machine.Both(Work).Emulator;
        double[] expected = [.. new double[kept], .. TestData.Widen(old)], sizes = [.. new double[kept], .. TestData.Widen(old).Select(Math.Abs)];
        for (int i = 0; i < map.Length; i++)
        {
            for (int j = map[i]; j < 2 * kept; j += kept)
            {
                expected[j] += x[i];
                sizes[j] += Math.Abs(x[i]);
            }
        }

        // Chains of at most 32, trees, and a chain of a part's lanes: far below one rounding a term.
        Compare.Near(context, expected, got, Array.ConvertAll(sizes, size => Tolerances.Chain(100, size)));
        Machine.SameBitsWhateverTheDevice(context, Work);
    }

    [Fact]
    public void Squares_of_many_tensors()
    {
        int[] lengths = [1, 40_001, 0, 4096, 100_000, 33];
        float[][] parts = [.. lengths.Select((n, i) => new TestData((ulong)i).Uniform(n, -2, 3))];
        float[] Work(Machine m)
        {
            TensorView y = m.Make(1);
            TensorView[] views = [.. parts.Select((part, i) => m.Put(part, shift: i % 2))];
            m.Backend.SumOfSquares(views, y);
            m.Backend.SumOfSquares([], m.Make(1));
            float first = m.Get(y)[0];
            m.Backend.SumOfSquares(views.AsSpan(0, 2), y);
            float fewer = m.Get(y)[0];
            m.Backend.SumOfSquares(views, y);
            return [first, fewer, m.Get(y)[0]];
        }

        double[] each = [.. parts.Select(part => part.Sum(value => (double)value * value))];
        float[] got = Machine.Both(Work).Emulator;
        Compare.Near("sums of squares", [each.Sum(), each[0] + each[1], each.Sum()], got, 4e-6 * each.Sum());
        Assert.Equal(got[0], got[2]);
        Machine.SameBitsWhateverTheDevice("sums of squares", Work);
    }

    [Theory]
    [InlineData(3, 1024)]
    [InlineData(3, 1025)]
    [InlineData(2, 13_000)] // kept nowhere: read in every pass
    [InlineData(40, 96)]
    public void Rows_of_any_length(int rows, int columns)
    {
        const float Epsilon = 1e-5f;
        var data = new TestData((ulong)columns);
        float[] x = data.Uniform((long)rows * columns, -9, 9), dy = data.Uniform((long)rows * columns), gamma = data.Uniform(columns, 0.5f, 2);
        int[] targets = data.Integers(rows, 0, columns);
        int[] shape = [rows, columns];

        // A largest element in any warp, far above the others: without it exponentials overflow.
        for (int r = 0; r < rows; r++) { x[(r * columns) + (((37 * r) + 40) % columns)] = 150; }
        float[] Work(Machine m)
        {
            TensorView tx = m.Put(x, shape, shift: 1), d = m.Put(dy, shape), y = m.Make(shape), dx = m.Make(shape), g = m.Put(gamma);
            TensorView mean = m.Make(rows), rstd = m.Make(rows), dGamma = m.Put(gamma), dBeta = m.Put(gamma), loss = m.Make(rows);
            var results = new List<float>();
            m.Backend.Softmax(tx, y);
            m.Backend.SoftmaxBackward(y, d, dx);
            results.AddRange([.. m.Get(y), .. m.Get(dx)]);
            m.Backend.SoftmaxCrossEntropy(tx, m.Put(targets), default, 0.1f, m.Put([1f]), loss, dx);
            results.AddRange([.. m.Get(loss), .. m.Get(dx)]);
            m.Backend.LayerNorm(tx, g, g, Epsilon, y, mean, rstd);
            m.Backend.LayerNormBackward(tx, g, mean, rstd, d, dx, dGamma, dBeta);
            results.AddRange([.. m.Get(y), .. m.Get(dx), .. m.Get(dGamma), .. m.Get(dBeta)]);
            m.Backend.LayerNormBackward(tx, g, mean, rstd, d, d, dGamma, dBeta);
            results.AddRange(m.Get(d));
            return [.. results];
        }

        // Against the CPU, whose own results the contract holds to float64; its sums run in another order.
        (float[] cpu, float[] emulator) = Machine.Both(Work);
        Compare.Near($"rows of {columns}", TestData.Widen(cpu), emulator, Array.ConvertAll(cpu, value => 2e-6 * (1 + Math.Abs(value))));
        Machine.SameBitsWhateverTheDevice($"rows of {columns}", Work);
    }

    [Fact]
    public void Layer_norm_gradients_over_many_rows()
    {
        // 3 parts, and so many that their sums take parts
        foreach ((int rows, int columns) in new[] { (600, 40), (70_000, 9), (70_000, 1) })
        {
            var data = new TestData((ulong)rows);
            float[] x = data.Uniform((long)rows * columns), dy = data.Uniform((long)rows * columns), gamma = data.Uniform(columns, 0.5f, 2);
            (float[] cpu, float[] emulator) = Machine.Both(m =>
            {
                TensorView tx = m.Put(x, [rows, columns]), g = m.Put(gamma), mean = m.Make(rows), rstd = m.Make(rows), y = m.Make(rows, columns);
                TensorView dGamma = m.Put(new float[columns]), dBeta = m.Put(gamma);
                m.Backend.LayerNorm(tx, g, g, 1e-3f, y, mean, rstd);
                m.Backend.LayerNormBackward(tx, g, mean, rstd, m.Put(dy, [rows, columns]), y, dGamma, dBeta);
                return [.. m.Get(dGamma), .. m.Get(dBeta)];
            });

            // The CPU's are chains over all rows: they err by up to a rounding a row.
            double tolerance = Tolerances.Chain(rows, Math.Sqrt(rows) * 4);
            Compare.Near($"gradients over {rows} rows", TestData.Widen(cpu), emulator, tolerance);
        }
    }

    [Theory]
    [InlineData(700, 65)]
    [InlineData(3, 5)]
    [InlineData(2, 40_000)]
    public void Largest_elements(int rows, int columns)
    {
        // few different values, so that there are ties
        float[] x = Array.ConvertAll(new TestData(5).Uniform(rows * columns, -9, 9), MathF.Round);
        x[columns + 2] = float.NaN;
        x[(2 * columns) - 1] = float.NaN;
        Machine.SameBits($"places in rows of {columns}", m =>
        {
            TensorView y = m.Put(new int[rows]);
            m.Backend.ArgMax(m.Put(x, [rows, columns], shift: 1), y);
            return m.GetInts(y);
        });
    }

    [Fact]
    public void Weights_that_count()
    {
        foreach (int rows in (int[])[0, 1, 1000, 20_000])
        {
            int[] targets = new TestData(6).Integers(rows, -2, 5);
            float[] weights = new TestData(7).Uniform(rows, 0, 2);
            float[] got = Machine.Both(m =>
            {
                TensorView all = m.Make(2), counted = m.Make(2), weighed = m.Make(2);
                m.Backend.CountWeights(default, default, rows, all);
                m.Backend.CountWeights(m.Put(targets), default, rows, counted);
                m.Backend.CountWeights(m.Put(targets), m.Put(weights), rows, weighed);
                return [m.Get(all)[0], m.Get(counted)[0], m.Get(weighed)[0]];
            }).Emulator;
            double weighed = targets.Select((target, i) => target < 0 ? 0.0 : weights[i]).Sum();
            Compare.Near($"weights of {rows} rows", [rows, targets.Count(target => target >= 0), weighed], got, [0, 0, 1e-6 * weighed]);
        }
    }
}
