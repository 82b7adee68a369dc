using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>Factors of classes in a loss: a rare class counts as much as its weight says. On the host; uploaded with each use.</summary>
internal sealed class ClassWeights
{
    private readonly float[] _weights;

    /// <exception cref="ArgumentException">A weight that is negative or not finite.</exception>
    public ClassWeights(ReadOnlySpan<float> weights)
    {
        foreach (float weight in weights)
        {
            if (!(weight >= 0f && float.IsFinite(weight))) { throw new ArgumentException($"a class weight must be 0 or above, not {weight}", nameof(weights)); }
        }

        _weights = weights.ToArray();
    }

    public int Classes => _weights.Length;

    public ReadOnlySpan<float> Values => _weights;

    /// <summary>Each row's weight, <c>w[target]</c>, times what is given for the row: <c>[R]</c>; 0 where the target is negative.</summary>
    public Tensor OfRows(Tensor targets, Tensor rowWeights)
    {
        Tensor table = targets.Device.Tensor(_weights, new Shape(_weights.Length, 1));
        var rows = new Shape(checked((int)targets.Length));
        Tensor weights = table.Gather(targets.Reshape(rows)).Reshape(rows);
        return rowWeights.IsEmpty ? weights : weights * rowWeights.Reshape(rows);
    }

    public void CheckClasses(int classes, string loss)
    {
        if (classes != Classes) { throw new ArgumentException($"{loss} has weights of {Classes} classes, but logits of {classes}"); }
    }
}

/// <summary>Weights of classes from how often they occur.</summary>
public static class ClassBalance
{
    /// <summary>
    /// <c>w[c] = (n / (C n[c]))^power</c>, n the sum of counts: with power 1 every class weighs the same in all (the "balanced" weights of King and Zeng
    /// 2001), with 0 every row. Classes that do not occur get 0.
    /// </summary>
    /// <param name="counts">n[c]: rows of each class.</param>
    /// <param name="power">0 to 1.</param>
    public static float[] Weights(ReadOnlySpan<long> counts, double power = 1)
    {
        if (!(power is >= 0 and <= 1)) { throw new ArgumentOutOfRangeException(nameof(power), power, "the power must be between 0 and 1"); }
        long total = 0;
        int classes = 0;
        foreach (long count in counts)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(count, nameof(counts));
            total += count;
            if (count > 0) { classes++; }
        }

        var weights = new float[counts.Length];
        for (int c = 0; c < weights.Length; c++)
        {
            weights[c] = counts[c] == 0 ? 0f : (float)Math.Pow(total / ((double)classes * counts[c]), power);
        }

        return weights;
    }
}
