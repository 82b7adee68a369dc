using RnnGpu.Core;
using Xunit;

namespace RnnGpu.Tests.Contract;

public abstract partial class BackendContract
{
    private static double[] Row(float[] values, int row, int columns) => TestData.Widen(values.AsSpan(row * columns, columns));

    /// <summary>Rows x columns for row-wise operations.</summary>
    private static IEnumerable<(int Rows, int Columns)> RowSizes()
    {
        foreach (int columns in Sizes) { yield return (columns % 4 == 0 ? 65 : 7, columns); }
        yield return (0, 5);
        yield return (1, 5003);
        yield return (1001, 3);
    }

    /// <summary>
    /// Relative error of exp(x - max) / sum: the rounded difference, exp itself, a chain of C terms, the division.
    /// </summary>
    private static double SoftmaxTolerance(double[] x, double value, int i) =>
        Tolerances.Chain(x.Max() - x[i] + (4 * Tolerances.ElementaryUlps) + x.Length + 4, value);

    [ContractFact]
    public void Softmax_and_its_gradient_equal_the_reference()
    {
        foreach ((int rows, int columns) in RowSizes())
        {
            var data = new TestData((ulong)((rows * 6000) + columns));
            float[] x = data.Uniform((long)rows * columns, -20, 15), dy = data.Uniform((long)rows * columns);
            if (rows > 2) { x.AsSpan(columns, columns).Fill(3e4f); }
            string context = $"softmax of {rows} x {columns}";
            using var tensors = new GuardedTensors(Backend);
            GuardedTensor y = tensors.Destination("y", rows, columns), both = tensors.Updated("x = y", x, rows, columns);
            Backend.Softmax(tensors.Source("x", x, rows, columns).View, y.View);
            Backend.Softmax(both.View, both.View);
            float[] actual = y.Floats();
            GuardedTensor yGiven = tensors.Source("y given", actual, rows, columns);
            GuardedTensor dx = tensors.Destination("dx", rows, columns), dBoth = tensors.Updated("dx = dy", dy, rows, columns);
            Backend.SoftmaxBackward(yGiven.View, tensors.Source("dy", dy, rows, columns).View, dx.View);
            Backend.SoftmaxBackward(yGiven.View, dBoth.View, dBoth.View);
            float[] actualDx = dx.Floats();
            for (int r = 0; r < rows; r++)
            {
                double[] xr = Row(x, r, columns), yr = Row(actual, r, columns), dyr = Row(dy, r, columns);
                double[] expected = SoftmaxReference.Forward(xr), expectedDx = SoftmaxReference.Backward(yr, dyr);
                double dot = yr.Zip(dyr, (a, b) => Math.Abs(a * b)).Sum();
                double[] tolerances = [.. expected.Select((value, i) => SoftmaxTolerance(xr, value, i))];
                double[] dTolerances = [.. yr.Zip(dyr, (yi, dyi) => Tolerances.Chain(columns + 4, yi * (dot + Math.Abs(dyi))))];
                Compare.Near($"{context}, row {r}", expected, actual.AsSpan(r * columns, columns), tolerances);
                Compare.Near($"gradient of {context}, row {r}", expectedDx, actualDx.AsSpan(r * columns, columns), dTolerances);
            }

            Compare.Bits($"{context}, in place", actual, both.Floats());
            Compare.Bits($"gradient of {context}, in place", actualDx, dBoth.Floats());
            tensors.Check(context);
        }
    }

    [ContractFact]
    public void Softmax_cross_entropy_equals_the_reference()
    {
        int turn = 0;
        foreach ((int rows, int columns) in RowSizes())
        {
            foreach (float smoothing in (ReadOnlySpan<float>)[0, 0.1f, 1])
            {
                CheckCrossEntropy(rows, columns, smoothing, weighted: turn % 2 == 0, inPlace: turn % 3 == 0, gradient: turn % 5 != 4);
                turn++;
            }
        }
    }

    private void CheckCrossEntropy(int rows, int columns, float smoothing, bool weighted, bool inPlace, bool gradient)
    {
        const float Scale = 0.37f;
        var data = new TestData((ulong)((rows * 6000) + columns));
        float[] x = data.Uniform((long)rows * columns, -9, 12), w = data.Uniform(rows, 0, 2);
        int[] targets = data.Integers(rows, 0, columns);
        if (rows > 2) { targets[rows / 2] = -1; }
        string context = $"cross-entropy of {rows} x {columns}, smoothing {smoothing}{(weighted ? ", weights" : "")}{(inPlace ? ", in place" : "")}";
        using var tensors = new GuardedTensors(Backend);
        GuardedTensor logits = inPlace && gradient ? tensors.Updated("x = dx", x, rows, columns) : tensors.Source("x", x, rows, columns);
        GuardedTensor loss = tensors.Destination("loss", rows), dx = inPlace ? logits : tensors.Destination("dx", rows, columns);
        Backend.SoftmaxCrossEntropy(
            logits.View, tensors.Source("targets", targets, rows).View, weighted ? tensors.Source("w", w, rows).View : default, smoothing,
            tensors.Source("scale", [Scale], 1).View, loss.View, gradient ? dx.View : default);
        float[] actual = loss.Floats(), actualDx = gradient ? dx.Floats() : [];
        for (int r = 0; r < rows; r++)
        {
            double[] xr = Row(x, r, columns);
            double weight = weighted ? w[r] : 1, lse = SoftmaxReference.LogSumExp(xr), size = Compare.Largest(xr);
            (double expected, double[] slope) = SoftmaxReference.CrossEntropy(xr, targets[r], smoothing);

            // lse = max + log(sum of C exps): roundings of max, of the sum and of log; the mean is a chain of C terms.
            double tolerance = Tolerances.Chain(1, weight * (
                (4 * (size + size + Math.Abs(lse))) + (columns * (1 + size)) + (4 * Tolerances.ElementaryUlps * (1 + Math.Abs(lse))) + size + size));
            Compare.Near($"{context}, row {r}", [weight * expected], actual.AsSpan(r, 1), targets[r] < 0 ? 0 : tolerance);
            if (!gradient) { continue; }
            double[] softmax = SoftmaxReference.Forward(xr);
            double[] expectedDx = Array.ConvertAll(slope, value => Scale * weight * value);
            double[] tolerances = [.. softmax.Select((p, i) => targets[r] < 0 ? 0 : Scale * weight * (
                SoftmaxTolerance(xr, p, i) + Tolerances.Chain(6, p + (i == targets[r] ? 1 : 0) + (smoothing / columns))) + Tolerances.Underflow)];
            Compare.Near($"gradient of {context}, row {r}", expectedDx, actualDx.AsSpan(r * columns, columns), tolerances);
        }

        tensors.Check(context);
    }

    [ContractFact]
    public void A_target_beyond_the_classes_is_named()
    {
        foreach ((int rows, int columns) in new[] { (20, 5), (65, 65), (9, 2000) })
        {
            var data = new TestData((ulong)columns);
            int[] targets = data.Integers(rows, 0, columns);
            (targets[7], targets[8]) = (columns, columns + 3);
            using var tensors = new GuardedTensors(Backend);
            TensorView x = tensors.Source("x", data.Uniform((long)rows * columns), rows, columns).View, t = tensors.Source("targets", targets, rows).View;
            GuardedTensor loss = tensors.Destination("loss", rows), dx = tensors.Destination("dx", rows, columns);
            TensorView scale = tensors.Source("scale", [1f], 1).View;
            Assert.Equal(
                $"SoftmaxCrossEntropy: target {columns} in row 7 is not below the {columns} classes",
                RefusalOf(() => Backend.SoftmaxCrossEntropy(x, t, default, 0, scale, loss.View, dx.View)));
            tensors.Check($"refused targets of {columns} classes");
        }
    }

    [ContractFact]
    public void Weights_of_rows_that_count_are_summed()
    {
        foreach (int rows in Lengths)
        {
            var data = new TestData((ulong)rows);
            float[] w = data.Uniform(rows, 0.1f, 2);
            int[] targets = data.Integers(rows, -1, 2), ignored = data.Integers(rows, -5, -1);
            foreach ((int[]? t, bool weighted) in new (int[]?, bool)[] { (null, false), (null, true), (targets, false), (targets, true), (ignored, true) })
            {
                double sum = 0;
                for (int r = 0; r < rows; r++) { sum += t is null || t[r] >= 0 ? weighted ? w[r] : 1 : 0; }
                using var tensors = new GuardedTensors(Backend);
                GuardedTensor y = tensors.Destination("y", 2);
                TensorView targetView = t is null ? default : tensors.Source("targets", t, rows).View;
                Backend.CountWeights(targetView, weighted ? tensors.Source("w", w, rows).View : default, rows, y.View);
                double inverse = sum == 0 ? 0 : 1 / sum;
                string context = $"weights of {rows} rows{(t is null ? "" : ", targets")}{(weighted ? ", weights" : "")}";
                Compare.Near(context, [sum, inverse], y.Floats(), [Tolerances.Chain(weighted ? rows : 0, sum), Tolerances.Chain(rows + 2, inverse)]);
                tensors.Check(context);
            }
        }
    }
}
