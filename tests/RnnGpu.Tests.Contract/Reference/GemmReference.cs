using RnnGpu.Core;

namespace RnnGpu.Tests.Contract;

/// <summary>Products as <see cref="IBackend.Gemm"/> defines them, bit for bit, and the float64 activations after them.</summary>
public static class GemmReference
{
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
