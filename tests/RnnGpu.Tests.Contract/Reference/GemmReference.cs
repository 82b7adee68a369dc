using RnnGpu.Core;

namespace RnnGpu.Tests.Contract;

/// <summary>
/// Products as <see cref="IBackend.Gemm"/> defines them: in fp32 bit for bit, in other modes the float64 sums of their factors, with tolerances.
/// </summary>
/// <param name="sums">Before the activation.</param>
/// <param name="tolerances">Of each sum; null: exact.</param>
public sealed class GemmReference(double[] sums, double[]? tolerances)
{
    public GemmReference(float[] chain)
        : this(TestData.Widen(chain), null)
    {
    }

    /// <summary>Sums over the factors as a mode rounds them.</summary>
    public static GemmReference Sums(ComputeMode mode, float[] a, float[] b, float[] start, int m, int n, int k)
    {
        float[] left = Factors.Round(mode, a), right = Factors.Round(mode, b);
        double[] sums = TestData.Widen(start), magnitudes = Array.ConvertAll(sums, Math.Abs);
        for (int row = 0; row < m; row++)
        {
            for (int inner = 0; inner < k; inner++)
            {
                double x = left[(row * k) + inner];
                for (int column = 0; column < n; column++)
                {
                    double term = x * right[(inner * n) + column];
                    sums[(row * n) + column] += term;
                    magnitudes[(row * n) + column] += Math.Abs(term);
                }
            }
        }

        return new GemmReference(sums, Array.ConvertAll(magnitudes, magnitude => Tolerances.TensorChain(k, magnitude)));
    }

    /// <summary>Compares with what a backend made.</summary>
    public void Check(string context, GemmActivation activation, float[] actual)
    {
        if (activation == GemmActivation.None && tolerances is null)
        {
            Compare.Bits(context, Array.ConvertAll(sums, x => (float)x), actual);
            return;
        }

        // The activations' slopes are at most 1.
        double[] expected = Array.ConvertAll(sums, x => Activate(activation, x)), allowed = tolerances is null ? new double[sums.Length] : (double[])tolerances.Clone();
        bool exact = activation is GemmActivation.None or GemmActivation.Relu;
        for (int i = 0; i < allowed.Length; i++) { allowed[i] += exact ? 0 : Tolerances.Elementary(expected[i]); }
        Compare.Near(context, expected, actual, allowed);
    }

    /// <summary>C as one chain of fused multiply-adds an element, over k in order, from <paramref name="start"/>.</summary>
    /// <param name="a"><c>[M, K]</c>.</param>
    /// <param name="b"><c>[K, N]</c>.</param>
    /// <param name="start"><c>[M, N]</c>: old values, or rows of the bias, or 0.</param>
    public static float[] Chain(float[] a, float[] b, float[] start, int m, int n, int k)
    {
        var c = (float[])start.Clone();
        for (int row = 0; row < m; row++)
        {
            for (int inner = 0; inner < k; inner++)
            {
                float left = a[(row * k) + inner];
                for (int column = 0; column < n; column++)
                {
                    ref float sum = ref c[(row * n) + column];
                    sum = MathF.FusedMultiplyAdd(left, b[(inner * n) + column], sum);
                }
            }
        }

        return c;
    }

    public static double Activate(GemmActivation activation, double x) => activation switch
    {
        GemmActivation.None => x,
        GemmActivation.Relu => x < 0 ? 0 : x,
        GemmActivation.Tanh => Math.Tanh(x),
        GemmActivation.Sigmoid => 1 / (1 + Math.Exp(-x)),
        _ => throw new InvalidOperationException($"the reference has no activation {activation}"),
    };

    /// <summary>Rows and columns swapped.</summary>
    public static float[] Transpose(float[] x, int rows, int columns)
    {
        var y = new float[x.Length];
        for (int r = 0; r < rows; r++)
        {
            for (int c = 0; c < columns; c++) { y[(c * rows) + r] = x[(r * columns) + c]; }
        }

        return y;
    }
}
