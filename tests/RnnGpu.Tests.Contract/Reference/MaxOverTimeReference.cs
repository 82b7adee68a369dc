namespace RnnGpu.Tests.Contract;

/// <summary>The largest element over time and its gradient.</summary>
public static class MaxOverTimeReference
{
    /// <summary>Largest and its step for every row and column of x <c>[T, B, F]</c>; 0 and -1 for rows of length 0. A NaN is the largest.</summary>
    public static (float[] Y, int[] Steps) Forward(float[] x, int steps, int batch, int columns, int[]? lengths)
    {
        var y = new float[batch * columns];
        var places = new int[batch * columns];
        for (int i = 0; i < y.Length; i++)
        {
            int length = lengths is null ? steps : Math.Clamp(lengths[i / columns], 0, steps);
            double[] values = [.. Enumerable.Range(0, length).Select(t => (double)x[(t * y.Length) + i])];
            int nan = Array.FindIndex(values, double.IsNaN);
            places[i] = nan >= 0 ? nan : length == 0 ? -1 : Array.IndexOf(values, values.Max());
            y[i] = places[i] < 0 ? 0 : x[(places[i] * y.Length) + i];
        }

        return (y, places);
    }

    /// <summary>dx <c>[T, B, F]</c>.</summary>
    public static float[] Backward(float[] dy, int[] places, int steps)
    {
        var dx = new float[steps * dy.Length];
        for (int i = 0; i < dy.Length; i++)
        {
            if (places[i] >= 0) { dx[(places[i] * dy.Length) + i] = dy[i]; }
        }

        return dx;
    }
}
