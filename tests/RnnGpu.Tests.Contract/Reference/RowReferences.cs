namespace RnnGpu.Tests.Contract;

/// <summary>Softmax, its gradient and its cross-entropy of one row in float64.</summary>
public static class SoftmaxReference
{
    public static double[] Forward(double[] x)
    {
        double max = x.Max(), sum = 0;
        var y = new double[x.Length];
        for (int i = 0; i < x.Length; i++) { sum += y[i] = Math.Exp(x[i] - max); }
        for (int i = 0; i < x.Length; i++) { y[i] /= sum; }
        return y;
    }

    public static double[] Backward(double[] y, double[] dy)
    {
        double dot = 0;
        for (int i = 0; i < y.Length; i++) { dot += dy[i] * y[i]; }
        return [.. y.Zip(dy, (yi, dyi) => yi * (dyi - dot))];
    }

    public static double LogSumExp(double[] x) => x.Max() + Math.Log(x.Sum(xi => Math.Exp(xi - x.Max())));

    /// <summary>Loss and its gradient with weight 1; 0 for a negative target.</summary>
    public static (double Loss, double[] Dx) CrossEntropy(double[] x, int target, double smoothing)
    {
        if (target < 0) { return (0, new double[x.Length]); }
        double lse = LogSumExp(x);
        double[] dx = Forward(x);
        for (int i = 0; i < dx.Length; i++) { dx[i] -= (i == target ? 1 - smoothing : 0) + (smoothing / x.Length); }
        return (((1 - smoothing) * (lse - x[target])) + (smoothing * (lse - x.Average())), dx);
    }
}

/// <summary>Layer normalisation of one row in float64.</summary>
public static class LayerNormReference
{
    public static (double[] Y, double Mean, double Rstd) Forward(double[] x, double[] gamma, double[] beta, double epsilon)
    {
        double mean = x.Average(), rstd = 1 / Math.Sqrt(x.Average(xi => (xi - mean) * (xi - mean)) + epsilon);
        var y = new double[x.Length];
        for (int i = 0; i < x.Length; i++) { y[i] = (gamma[i] * (x[i] - mean) * rstd) + beta[i]; }
        return (y, mean, rstd);
    }

    /// <summary>dx = rstd (g - mean g - xhat mean(g xhat)) with g = dy gamma; and this row's parts of dGamma and dBeta.</summary>
    public static (double[] Dx, double[] DGamma, double[] DBeta) Backward(double[] x, double[] gamma, double mean, double rstd, double[] dy)
    {
        double[] xhat = Array.ConvertAll(x, xi => (xi - mean) * rstd);
        double[] g = [.. dy.Zip(gamma, (a, b) => a * b)];
        double meanG = g.Average(), meanGx = g.Zip(xhat, (a, b) => a * b).Average();
        double[] dx = [.. g.Zip(xhat, (gi, xi) => rstd * (gi - meanG - (xi * meanGx)))];
        return (dx, [.. dy.Zip(xhat, (a, b) => a * b)], (double[])dy.Clone());
    }
}
