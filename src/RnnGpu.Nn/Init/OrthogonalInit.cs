using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>
/// A random matrix with orthonormal rows (or columns, whichever are fewer), times a gain (Saxe et al. 2014): a recurrent weight
/// that neither shrinks nor grows the state at first. Gram-Schmidt over normal vectors in double precision, each vector
/// cleaned twice ("twice is enough", Giraud et al. 2005). Vectors of four doubles whatever the machine: the same bits everywhere.
/// </summary>
public sealed class OrthogonalInit(float gain = 1f) : Initializer
{
    /// <inheritdoc/>
    protected override void Fill(Span<float> values, Shape shape, PhiloxStream random)
    {
        if (shape.Rank < 2) { throw new ArgumentException($"orthogonal initialisation needs a matrix, not {shape}"); }
        int rows = shape[0], columns = values.Length / Math.Max(1, rows);
        int count = Math.Min(rows, columns), length = Math.Max(rows, columns);
        var basis = new double[(long)count * length];
        for (int i = 0; i < count; i++)
        {
            Span<double> vector = basis.AsSpan(i * length, length);
            double norm;
            do
            {
                for (int k = 0; k < length; k++) { vector[k] = random.NextNormal(); }
                for (int pass = 0; pass < 2; pass++)
                {
                    for (int j = 0; j < i; j++)
                    {
                        ReadOnlySpan<double> other = basis.AsSpan(j * length, length);
                        AddScaled(-Dot(other, vector), other, vector);
                    }
                }

                norm = Math.Sqrt(Dot(vector, vector));
            }
            while (norm < 1e-6);
            for (int k = 0; k < length; k++) { vector[k] /= norm; }
        }

        for (int r = 0; r < rows; r++)
        {
            for (int c = 0; c < columns; c++)
            {
                values[(r * columns) + c] = (float)(gain * (rows <= columns ? basis[(r * length) + c] : basis[(c * length) + r]));
            }
        }
    }

    private static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        ReadOnlySpan<Vector256<double>> x = MemoryMarshal.Cast<double, Vector256<double>>(a), y = MemoryMarshal.Cast<double, Vector256<double>>(b);
        Vector256<double> sum = Vector256<double>.Zero;
        for (int i = 0; i < x.Length; i++) { sum += x[i] * y[i]; }
        double total = sum[0] + sum[1] + sum[2] + sum[3];
        for (int i = 4 * x.Length; i < a.Length; i++) { total += a[i] * b[i]; }
        return total;
    }

    private static void AddScaled(double factor, ReadOnlySpan<double> x, Span<double> y)
    {
        ReadOnlySpan<Vector256<double>> source = MemoryMarshal.Cast<double, Vector256<double>>(x);
        Span<Vector256<double>> target = MemoryMarshal.Cast<double, Vector256<double>>(y);
        Vector256<double> f = Vector256.Create(factor);
        for (int i = 0; i < target.Length; i++) { target[i] += f * source[i]; }
        for (int i = 4 * target.Length; i < y.Length; i++) { y[i] += factor * x[i]; }
    }
}
