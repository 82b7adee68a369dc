namespace RnnGpu.Tasks.Forecast;

/// <summary>Linear least squares by Householder reflections, in double.</summary>
internal static class LeastSquares
{
    /// <summary>The w with the least |A w - y|²; columns that depend on those before them get the weight 0.</summary>
    /// <param name="a">Rows of A, overwritten; at least as many as columns.</param>
    /// <param name="y">One number a row, overwritten.</param>
    public static double[] Solve(double[][] a, double[] y)
    {
        int rows = a.Length, columns = a[0].Length;
        var diagonal = new double[columns];
        double largest = 0;
        for (int k = 0; k < columns; k++)
        {
            double norm = 0;
            for (int i = k; i < rows; i++) { norm += a[i][k] * a[i][k]; }
            norm = Math.Sqrt(norm);
            largest = Math.Max(largest, norm);
            if (norm <= 1e-12 * largest) { continue; }
            double alpha = a[k][k] > 0 ? -norm : norm;
            a[k][k] -= alpha;
            diagonal[k] = alpha;
            double square = 0;
            for (int i = k; i < rows; i++) { square += a[i][k] * a[i][k]; }
            for (int j = k + 1; j <= columns; j++)
            {
                double dot = 0;
                for (int i = k; i < rows; i++) { dot += a[i][k] * (j < columns ? a[i][j] : y[i]); }
                double factor = 2 * dot / square;
                for (int i = k; i < rows; i++)
                {
                    if (j < columns) { a[i][j] -= factor * a[i][k]; }
                    else { y[i] -= factor * a[i][k]; }
                }
            }
        }

        var w = new double[columns];
        for (int k = columns - 1; k >= 0; k--)
        {
            if (diagonal[k] == 0) { continue; }
            double sum = y[k];
            for (int j = k + 1; j < columns; j++) { sum -= a[k][j] * w[j]; }
            w[k] = sum / diagonal[k];
        }

        return w;
    }
}
