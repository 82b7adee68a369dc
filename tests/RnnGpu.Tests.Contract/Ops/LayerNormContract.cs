using RnnGpu.Core;

namespace RnnGpu.Tests.Contract;

public abstract partial class BackendContract
{
    [ContractFact]
    public void Layer_norm_and_its_gradient_equal_the_reference()
    {
        foreach ((int rows, int columns) in RowSizes())
        {
            CheckLayerNorm(rows, columns, -1, 2);

            // A mean far from 0: a variance from the mean of squares would have no correct digit left.
            CheckLayerNorm(rows, columns, 99, 101);
        }
    }

    private void CheckLayerNorm(int rows, int columns, float low, float high)
    {
        const float Epsilon = 1e-5f;
        const double U = Tolerances.UnitRoundoff;
        var data = new TestData((ulong)((rows * 6000) + columns));
        float[] x = data.Uniform((long)rows * columns, low, high), gamma = data.Uniform(columns, 0.5f, 2), beta = data.Uniform(columns);
        float[] dy = data.Uniform((long)rows * columns), oldGamma = data.Uniform(columns), oldBeta = data.Uniform(columns);
        string context = $"layer norm of {rows} x {columns} in {low}..{high}";
        using var tensors = new GuardedTensors(Backend);
        TensorView xv = tensors.Source("x", x, rows, columns).View, gv = tensors.Source("gamma", gamma, columns).View;
        GuardedTensor y = tensors.Destination("y", rows, columns), mean = tensors.Destination("mean", rows), rstd = tensors.Destination("rstd", rows);
        GuardedTensor dx = tensors.Destination("dx", rows, columns), dGamma = tensors.Updated("dGamma", oldGamma, columns);
        GuardedTensor dBeta = tensors.Updated("dBeta", oldBeta, columns);
        Backend.LayerNorm(xv, gv, tensors.Source("beta", beta, columns).View, Epsilon, y.View, mean.View, rstd.View);
        float[] means = mean.Floats(), rstds = rstd.Floats(), actual = y.Floats();
        Backend.LayerNormBackward(
            xv, gv, tensors.Source("mean given", means, rows).View, tensors.Source("rstd given", rstds, rows).View,
            tensors.Source("dy", dy, rows, columns).View, dx.View, dGamma.View, dBeta.View);
        float[] actualDx = dx.Floats();
        double[] g = TestData.Widen(gamma), expectedGamma = TestData.Widen(oldGamma), expectedBeta = TestData.Widen(oldBeta);
        double[] sizeGamma = Absolute(oldGamma), sizeBeta = Absolute(oldBeta);
        for (int r = 0; r < rows; r++)
        {
            double[] xr = Row(x, r, columns), dyr = Row(dy, r, columns);
            (double[] expected, double m, double s) = LayerNormReference.Forward(xr, g, TestData.Widen(beta), Epsilon);

            // The mean is a chain of C terms; its error, and a chain of C squares, go into rstd.
            double meanError = (columns + 2) * U * xr.Average(Math.Abs);
            double rstdError = ((columns + 8) * U) + (meanError * s) + (U * xr.Average(Math.Abs) * s);
            double[] tolerances = [.. xr.Select((value, i) => Tolerances.Chain(4, Math.Abs(expected[i]) + Math.Abs(beta[i]))
                + (Math.Abs(g[i]) * s * ((meanError + (U * Math.Abs(value))) + (Math.Abs(value - m) * (rstdError + (4 * U))))))];
            Compare.Near($"{context}: mean of row {r}", [m], means.AsSpan(r, 1), meanError);
            Compare.Near($"{context}: rstd of row {r}", [s], rstds.AsSpan(r, 1), s * rstdError);
            Compare.Near($"{context}, row {r}", expected, actual.AsSpan(r * columns, columns), tolerances);

            (double[] expectedDx, double[] rowGamma, double[] rowBeta) = LayerNormReference.Backward(xr, g, means[r], rstds[r], dyr);
            double[] product = [.. dyr.Zip(g, (a, b) => Math.Abs(a * b))], xhat = Array.ConvertAll(xr, v => Math.Abs(v - means[r]) * rstds[r]);

            // x - mean is rounded relative to x, which counts when the mean is large.
            double[] xhatSize = [.. xhat.Zip(xr, (h, v) => h + (Math.Abs(v) * rstds[r]))];
            double meanProduct = product.Average(), meanXhat = product.Zip(xhatSize, (a, b) => a * b).Average();
            double[] dTolerances = [.. product.Zip(xhatSize, (p, h) => Tolerances.Chain(columns + 8, rstds[r] * (p + meanProduct + (h * meanXhat))))];
            Compare.Near($"gradient of {context}, row {r}", expectedDx, actualDx.AsSpan(r * columns, columns), dTolerances);
            for (int c = 0; c < columns; c++)
            {
                expectedGamma[c] += rowGamma[c];
                expectedBeta[c] += rowBeta[c];
                sizeGamma[c] += Math.Abs(dyr[c]) * xhatSize[c];
                sizeBeta[c] += Math.Abs(dyr[c]);
            }
        }

        Compare.Near($"{context}: dGamma", expectedGamma, dGamma.Floats(), Array.ConvertAll(sizeGamma, size => Tolerances.Chain(rows + 4, size)));
        Compare.Near($"{context}: dBeta", expectedBeta, dBeta.Floats(), Array.ConvertAll(sizeBeta, size => Tolerances.Chain(rows + 1, size)));
        tensors.Check(context);
    }
}
