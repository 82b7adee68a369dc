using RnnGpu.Core;
using RnnGpu.Cpu;
using Xunit;

namespace RnnGpu.Tests.Cpu.Ops;

public class ReductionTests
{
    [Theory]
    [InlineData(new[] { 90, 1001 }, new[] { 1001 })]
    [InlineData(new[] { 90, 1001 }, new[] { 90, 1 })]
    [InlineData(new[] { 90, 1001 }, new[] { 1 })]
    [InlineData(new[] { 5, 7, 11, 13 }, new[] { 1, 7, 1, 13 })]
    [InlineData(new[] { 5, 7, 11, 13 }, new[] { 5, 1, 11, 1 })]
    [InlineData(new[] { 5, 7, 11, 13 }, new[] { 11, 13 })]
    [InlineData(new[] { 4, 6 }, new[] { 4, 6 })]
    public void Sums_to_a_shape(int[] from, int[] to)
    {
        int count = from.Aggregate((p, q) => p * q), kept = to.Aggregate((p, q) => p * q);
        float[] x = Machines.Numbers(count, 1), old = Machines.Numbers(kept, 2);
        float[] got = Machines.Run(m =>
        {
            TensorView tx = m.Put(x, from), y = m.Make(to), sum = m.Put(old, to);
            m.Backend.SumTo(tx, accumulate: false, y);
            m.Backend.SumTo(tx, accumulate: true, sum);
            return [.. m.Get(y), .. m.Get(sum)];
        });
        var expected = new double[2 * kept];
        for (int i = 0; i < kept; i++) { expected[kept + i] = old[i]; }
        for (int i = 0; i < count; i++)
        {
            int rest = i, at = 0, step = 1;
            for (int axis = 1; axis <= to.Length; axis++)
            {
                at += to[^axis] == 1 ? 0 : rest % from[^axis] * step;
                rest /= from[^axis];
                step *= to[^axis];
            }

            expected[at] += x[i];
            expected[kept + at] += x[i];
        }

        // rounding of up to 90,000 additions of numbers around 1
        Machines.Near(expected, got, 1e-4);
    }

    [Fact]
    public void Column_sums_are_one_chain_from_the_old_value_in_either_direction()
    {
        const int Rows = 301, Columns = 149, Stride = 160;
        float[] x = Machines.Numbers(Rows * Stride, 3), old = Machines.Numbers(Columns, 4);
        float[] got = Machines.Run(m =>
        {
            TensorView tx = m.Put(x, Rows, Stride), forward = m.Put(old), backward = m.Put(old);
            var matrix = new MatrixView(tx, Rows, Columns, Stride);
            m.Backend.AddColumnSums(matrix.RowRange(0, 100), forward);
            m.Backend.AddColumnSums(matrix.RowRange(100, Rows - 100), forward);
            m.Backend.AddColumnSums(matrix.Reversed, backward);
            return [.. m.Get(forward), .. m.Get(backward)];
        });
        for (int c = 0; c < Columns; c++)
        {
            float forward = old[c], backward = old[c];
            for (int r = 0; r < Rows; r++)
            {
                forward += x[(r * Stride) + c];
                backward += x[((Rows - 1 - r) * Stride) + c];
            }

            Assert.Equal(forward, got[c]);
            Assert.Equal(backward, got[Columns + c]);
        }
    }

    [Theory]
    [InlineData(700, 65)]
    [InlineData(3, 5)]
    [InlineData(2, 40_000)]
    public void Largest_elements(int rows, int columns)
    {
        // few different values, so that there are ties
        float[] x = Array.ConvertAll(Machines.Numbers(rows * columns, 5, 9f), MathF.Round);
        x[columns + 2] = float.NaN;
        float[] got = Machines.Run(m =>
        {
            TensorView y = m.Put(new int[rows]);
            m.Backend.ArgMax(m.Put(x, rows, columns), y);
            return m.GetInts(y);
        });
        for (int r = 0; r < rows; r++)
        {
            float[] row = x[(r * columns)..((r + 1) * columns)];
            int expected = Array.FindIndex(row, float.IsNaN);
            Assert.Equal(expected >= 0 ? expected : Array.IndexOf(row, row.Max()), got[r]);
        }
    }

    [Fact]
    public void Sum_of_squares_and_the_factor_that_clips()
    {
        int[] sizes = [1, 40_001, 17, 4096, 100_000, 0, 33];
        float[][] parts = [.. sizes.Select((n, i) => Machines.Numbers(n, (uint)(10 + i)))];
        float[] got = Machines.Run(m =>
        {
            TensorView sum = m.Make(1), clipped = m.Make(1), free = m.Make(1);
            m.Backend.SumOfSquares(parts.Select(p => m.Put(p)).ToArray(), sum);
            m.Backend.ClipFactor(sum, 5f, 0.5f, clipped);
            m.Backend.ClipFactor(sum, float.PositiveInfinity, 0.5f, free);
            return [.. m.Get(sum), .. m.Get(clipped), .. m.Get(free)];
        });
        double squares = parts.SelectMany(p => p).Sum(v => (double)v * v);
        Machines.Near([squares, Math.Min(1, 5 / ((0.5 * Math.Sqrt(squares)) + 1e-6)) * 0.5, 0.5], got, 1e-6);
    }

    [Theory]
    [InlineData(1000, true, true)]
    [InlineData(1000, true, false)]
    [InlineData(1000, false, true)]
    [InlineData(1000, false, false)]
    [InlineData(0, true, true)]
    public void Weights_that_count(int rows, bool withTargets, bool withWeights)
    {
        int[] targets = Machines.Integers(rows, 1, -2, 5);
        float[] weights = Array.ConvertAll(Machines.Numbers(rows, 20), MathF.Abs);
        float[] got = Machines.Run(m =>
        {
            TensorView y = m.Make(2);
            m.Backend.CountWeights(withTargets ? m.Put(targets) : default, withWeights ? m.Put(weights) : default, rows, y);
            return m.Get(y);
        });
        double sum = 0;
        for (int i = 0; i < rows; i++)
        {
            if (!withTargets || targets[i] >= 0) { sum += withWeights ? weights[i] : 1; }
        }

        Machines.Near([sum, sum == 0 ? 0 : 1 / sum], got, 1e-6);
    }
}
