using RnnGpu.Core;

namespace RnnGpu.Tests.Contract;

public abstract partial class BackendContract
{
    private static readonly (int[] X, int[] Y)[] Reductions =
    [
        ([7], [1]), ([7], []), ([7], [7]), ([5, 7], [7]), ([5, 7], [1, 7]), ([5, 7], [5, 1]), ([5, 7], [1]), ([5, 7], []), ([5, 7], [5, 7]),
        ([17, 65], [65]), ([17, 65], [17, 1]), ([300, 65], [1, 65]), ([300, 65], [300, 1]), ([300, 65], [1, 1]), ([2, 3, 4, 5], [3, 1, 5]),
        ([2, 3, 4, 5], [2, 1, 4, 1]), ([2, 3, 4, 5], [5]), ([2, 3, 2, 2, 2, 3], [3, 1, 2, 1, 3]), ([0, 3], [3]), ([3, 0], [3, 1]), ([100, 168], [168]),
        ([40001], [1]), ([3, 64, 16], [64, 16]), ([3, 64, 16], [3, 1, 1]),
    ];

    [ContractFact]
    public void Sums_over_axes_equal_the_reference()
    {
        foreach ((int[] xShape, int[] yShape) in Reductions)
        {
            int[] map = ElementwiseReference.Broadcast(yShape, xShape);
            var data = new TestData((ulong)map.Length);
            int results = (int)new Shape(yShape).Length;
            float[] x = data.Uniform(map.Length, -1, 1.3f), old = data.Uniform(results);
            foreach (bool accumulate in (ReadOnlySpan<bool>)[false, true])
            {
                double[] expected = accumulate ? TestData.Widen(old) : new double[results], magnitudes = accumulate ? Absolute(old) : new double[results];
                var terms = new int[results];
                for (int i = 0; i < map.Length; i++)
                {
                    expected[map[i]] += x[i];
                    magnitudes[map[i]] += Math.Abs(x[i]);
                    terms[map[i]]++;
                }

                using var tensors = new GuardedTensors(Backend);
                GuardedTensor y = accumulate ? tensors.Updated("y", old, yShape) : tensors.Destination("y", yShape);
                Backend.SumTo(tensors.Source("x", x, xShape).View, accumulate, y.View);
                string context = $"sum of {new Shape(xShape)} to {new Shape(yShape)}{(accumulate ? ", accumulated" : "")}";
                double[] tolerances = [.. magnitudes.Zip(terms, (magnitude, n) => Tolerances.Chain(n, magnitude))];
                Compare.Near(context, expected, y.Floats(), tolerances);
                tensors.Check(context);
            }
        }
    }

    private static double[] Absolute(float[] values) => Array.ConvertAll(values, value => (double)Math.Abs(value));

    [ContractFact]
    public void Column_sums_are_chains_in_row_order()
    {
        foreach (int columns in Sizes)
        {
            for (int i = 0; i < 4; i++)
            {
                int rows = ((ReadOnlySpan<int>)[0, 1, 17, 131])[i];
                var data = new TestData((ulong)((columns * 200) + rows));
                float[] x = data.Uniform((long)rows * columns, -1, 1.2f), y = data.Uniform(columns);
                float[] expected = (float[])y.Clone();
                for (int at = 0; at < x.Length; at++) { expected[at % columns] += x[at]; }
                using var tensors = new GuardedTensors(Backend);
                GuardedTensor whole = tensors.Updated("y", y, columns), cut = tensors.Updated("y in pieces", y, columns);
                MatrixView matrix = tensors.Matrix("x", Access.Source, x, rows, columns, StrideOf(columns, (i + columns) % 4)).Matrix;
                Backend.AddColumnSums(matrix, whole.View);
                Backend.AddColumnSums(matrix.RowRange(0, rows / 3), cut.View);
                Backend.AddColumnSums(matrix.RowRange(rows / 3, rows - (rows / 3)), cut.View);
                string context = $"column sums of {rows} x {columns}";
                Compare.Bits(context, expected, whole.Floats());
                Compare.Bits($"{context} in pieces", expected, cut.Floats());
                tensors.Check(context);
            }
        }
    }

    [ContractFact]
    public void ArgMax_finds_the_first_of_the_largest()
    {
        foreach (int columns in Sizes)
        {
            foreach (int rows in (ReadOnlySpan<int>)[0, 1, 7, 65])
            {
                // Few values, so that most rows have ties.
                float[] x = Array.ConvertAll(new TestData((ulong)columns).Integers((long)rows * columns, -9, -4), value => value * 0.5f);
                if (rows > 1) { Array.Fill(x, float.NegativeInfinity, 0, columns); }
                var expected = new int[rows];
                for (int r = 0; r < rows; r++)
                {
                    for (int c = 1; c < columns; c++)
                    {
                        if (x[(r * columns) + c] > x[(r * columns) + expected[r]]) { expected[r] = c; }
                    }
                }

                using var tensors = new GuardedTensors(Backend);
                GuardedTensor y = tensors.IntDestination("y", rows);
                Backend.ArgMax(tensors.Source("x", x, rows, columns).View, y.View);
                Compare.Same($"arg max of {rows} x {columns}", expected, y.Ints());
                tensors.Check($"arg max of {rows} x {columns}");
            }
        }
    }

    [ContractFact]
    public void Sum_of_squares_runs_over_all_tensors()
    {
        foreach (int[] lengths in new int[][] { [], [0], [1], [65], [3, 0, 17], [168, 64, 1, 100], [40001, 7] })
        {
            using var tensors = new GuardedTensors(Backend);
            var views = new TensorView[lengths.Length];
            double expected = 0;
            for (int i = 0; i < views.Length; i++)
            {
                float[] x = new TestData((ulong)lengths[i]).Uniform(lengths[i], -2, 3);
                views[i] = tensors.Source($"tensor {i}", x, lengths[i]).View;
                foreach (float value in x) { expected += (double)value * value; }
            }

            GuardedTensor y = tensors.Destination("y", 1);
            Backend.SumOfSquares(views, y.View);
            string context = $"sum of squares of {string.Join(", ", lengths)}";
            Compare.Near(context, [expected], y.Floats(), Tolerances.Chain(lengths.Sum() + 2, expected));
            tensors.Check(context);
        }
    }
}
