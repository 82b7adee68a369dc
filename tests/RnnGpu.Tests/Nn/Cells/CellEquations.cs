namespace RnnGpu.Tests.Nn;

/// <summary>The cells' equations in float64, one row, one layer, written from the papers and independent of the tensor operations.</summary>
internal static class CellEquations
{
    /// <summary>
    /// LSTM with optional peepholes (Gers and Schmidhuber 2000) and projection (Sak et al. 2014; PyTorch's <c>proj_size</c>) over
    /// <c>[T, I]</c> from zero states.
    /// </summary>
    /// <param name="p">Parameters by PyTorch's kinds; <c>weight_ci</c> and so on, and <c>weight_hr</c>, where there are any.</param>
    /// <returns>Outputs <c>[T][P]</c> and the final cell state.</returns>
    public static (double[][] Y, double[] C) Lstm(IReadOnlyDictionary<string, float[]> p, double[][] x, int hidden)
    {
        float[]? ci = p.GetValueOrDefault("weight_ci"), cf = p.GetValueOrDefault("weight_cf"), co = p.GetValueOrDefault("weight_co");
        double[] h = new double[p.TryGetValue("weight_hr", out float[]? hr) ? hr.Length / hidden : hidden], c = new double[hidden];
        var outputs = new double[x.Length][];
        for (int t = 0; t < x.Length; t++)
        {
            double[] a = Sum(Times(p["weight_ih"], x[t]), Times(p["weight_hh"], h), p["bias_ih"], p["bias_hh"]);
            var m = new double[hidden];
            for (int n = 0; n < hidden; n++)
            {
                double i = Sigmoid(a[n] + (ci is null ? 0 : ci[n] * c[n]));
                double f = Sigmoid(a[hidden + n] + (cf is null ? 0 : cf[n] * c[n]));
                double g = Math.Tanh(a[(2 * hidden) + n]);
                c[n] = (f * c[n]) + (i * g);
                double o = Sigmoid(a[(3 * hidden) + n] + (co is null ? 0 : co[n] * c[n]));
                m[n] = o * Math.Tanh(c[n]);
            }

            h = hr is null ? m : Times(hr, m);
            outputs[t] = h;
        }

        return (outputs, c);
    }

    /// <summary>Jordan network (Jordan 1986) with a linear output.</summary>
    public static double[][] Jordan(IReadOnlyDictionary<string, float[]> p, double[][] x)
    {
        double[] y = new double[p["bias_ho"].Length];
        var outputs = new double[x.Length][];
        for (int t = 0; t < x.Length; t++)
        {
            double[] a = Sum(Times(p["weight_ih"], x[t]), Times(p["weight_hh"], y), p["bias_ih"], p["bias_hh"]);
            y = Times(p["weight_ho"], Array.ConvertAll(a, Math.Tanh));
            for (int n = 0; n < y.Length; n++) { y[n] += p["bias_ho"][n]; }
            outputs[t] = y;
        }

        return outputs;
    }

    private static double Sigmoid(double a) => 1 / (1 + Math.Exp(-a));

    private static double[] Times(float[] matrix, double[] vector)
    {
        var product = new double[matrix.Length / vector.Length];
        for (int i = 0; i < matrix.Length; i++) { product[i / vector.Length] += matrix[i] * vector[i % vector.Length]; }
        return product;
    }

    private static double[] Sum(double[] a, double[] b, float[] c, float[] d)
    {
        var sum = new double[a.Length];
        for (int i = 0; i < sum.Length; i++) { sum[i] = a[i] + b[i] + c[i] + d[i]; }
        return sum;
    }
}
